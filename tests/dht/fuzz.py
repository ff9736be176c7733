"""Throws mutated packets at every parser of the DHT and at the engine: `python -m tests.dht.fuzz --seconds 600`.

Prints runs, crashes and how much resident memory grew after the first tenth of the time. A crash is printed with its bytes and its
seed; the exit code is 1 if there was one, or if memory grew by more than 2 MB.
"""

from tests import fuzzing

from .fuzz_targets import targets
from .mutation import mutated, rewritten


def changed(data, chance):
    """Bytes near these, half of the time as well-formed as they were."""
    return rewritten(data, chance) if chance.random() < 0.5 else mutated(data, chance)


def run(seconds, seed):
    """As fuzzing.run, on the targets of the DHT."""
    return fuzzing.run(targets(), changed, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.dht.fuzz", __doc__.partition(":")[0], targets(), changed)
