"""A node that others reach through this one, or this one through others."""

from .tunnels import Tunnels

__all__ = ("Tunnels",)
