"""The engine's inner loops, compiled or in Python: which are there, and how a test has the Python ones used everywhere."""

import sys

import pytest

from leither_edge.ledger import tree_hash

NAMES = ("applied", "bucket_run", "climb", "merged", "run_root")
COMPILED = tree_hash.run_root is not tree_hash.python_run_root
BOTH = pytest.mark.parametrize(
    "loops", [pytest.param("compiled", marks=pytest.mark.skipif(not COMPILED, reason="the loops were not compiled: run make")), "python"]
)


def use(loops, monkeypatch):
    """Have all modules of the ledger use the loops named: "compiled" or "python"."""
    if loops == "python":
        for name in NAMES:
            used, twin = getattr(tree_hash, name), getattr(tree_hash, "python_" + name)
            for module in [module for there, module in sys.modules.items() if there.startswith("leither_edge.ledger.")]:
                if getattr(module, name, None) is used:
                    monkeypatch.setattr(module, name, twin)
