"""Throws mutated datagrams and packets at what finds nodes: `python -m tests.discovery.fuzz --seconds 600`."""

from tests import fuzzing
from tests.dht.mutation import mutated

from .fuzz_targets import targets


def run(seconds, seed):
    """As fuzzing.run, on the targets of discovery."""
    return fuzzing.run(targets(), mutated, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.discovery.fuzz", __doc__.partition(":")[0], targets(), mutated)
