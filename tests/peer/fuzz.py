"""Throws mutated bytes at what strangers reach before there is a channel: `python -m tests.peer.fuzz --seconds 600`."""

from tests import fuzzing
from tests.dht.mutation import mutated

from . import fuzz_targets
from .peer_targets import peer_targets


def targets():
    """All of them."""
    return fuzz_targets.targets() | peer_targets()


def run(seconds, seed):
    """As fuzzing.run, on these targets."""
    return fuzzing.run(targets(), mutated, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.peer.fuzz", __doc__.partition(":")[0], targets(), mutated)
