"""Throws mutated bytes at the Redis edge and all commands behind it: `python -m tests.resp.fuzz --seconds 600`.

Prints runs, crashes and how much resident memory grew after the first tenth of the time. A crash is printed with its bytes and its
seed; the exit code is 1 if there was one, or if memory grew by more than 2 MB.
"""

from tests import fuzzing
from tests.mimei.fuzz import changed

from .fuzz_targets import targets


def run(seconds, seed):
    """As fuzzing.run, on the Redis edge."""
    return fuzzing.run(targets(), changed, seconds, seed)


if __name__ == "__main__":
    fuzzing.main("tests.resp.fuzz", __doc__.partition(":")[0], targets(), changed)
