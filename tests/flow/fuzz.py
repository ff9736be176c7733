"""Throws mutated bytes at what other nodes, the DHT and people hand in of MiMei: `python -m tests.flow.fuzz --seconds 600`."""

from tests import fuzzing
from tests.dht.mutation import mutated

from .fuzz_targets import PIECES, targets


def changed(data, chance):
    """Bytes near these."""
    return mutated(data, chance, PIECES)


def run(seconds, seed):
    """As fuzzing.run, on these targets."""
    return fuzzing.run(targets(), changed, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.flow.fuzz", __doc__.partition(":")[0], targets(), changed)
