"""The store of blocks: kept once, durable when acknowledged, collected when nothing reaches them."""

from .rows import BLOCK_TABLES
from .store import BlockLimits, BlockStore

__all__ = ["BLOCK_TABLES", "BlockLimits", "BlockStore"]
