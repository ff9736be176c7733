"""Throws mutated bytes at every parser of content: `python -m tests.mimei.fuzz --seconds 600`.

Prints runs, crashes and how much resident memory grew after the first tenth of the time. A crash is printed with its bytes and its
seed; the exit code is 1 if there was one, or if memory grew by more than 2 MB.
"""

from tests import fuzzing
from tests.dht.mutation import mutated

from .fuzz_targets import PIECES, targets


def changed(data, chance):
    """Bytes near these."""
    return mutated(data, chance, PIECES)


def run(seconds, seed):
    """As fuzzing.run, on the parsers of content."""
    return fuzzing.run(targets(), changed, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.mimei.fuzz", __doc__.partition(":")[0], targets(), changed)
