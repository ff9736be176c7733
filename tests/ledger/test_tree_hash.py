"""The compiled loops and their twins in Python agree, on what a tree holds and on what no tree should; and memory stays whole."""

import os
import random
import shutil
import subprocess
import sys
import sysconfig
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core.sum_tree import TOTAL_BOUND
from leither_edge.ledger import tree_hash
from leither_edge.ledger.chunk import encode, pack_rows
from tests.ledger import naive_tree, twins
from tests.own_environment import ROOT

NEEDS_COMPILED = pytest.mark.skipif(not twins.COMPILED, reason="the loops were not compiled: run make")
SEEDS = st.integers(0, 2**64 - 1)
AMOUNTS = (1, 1, 7, 1 << 20, 1 << 41, (1 << 55) - 1)
WRONG_AMOUNTS = (0, TOTAL_BOUND - 1, TOTAL_BOUND, 1 << 63, (1 << 64) - 1)


def test_the_loops_are_compiled_where_they_can_be():
    """Otherwise what compares them with their twins would be left out unseen."""
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    assert twins.COMPILED or shutil.which("cc") is None or not headers.exists()


def leaf(account, amount, pulse=5):
    return pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account


def made_run(choose, amounts=AMOUNTS):
    """A run as it should be."""
    start = choose.randbytes(choose.randrange(20))
    accounts = sorted({(start + choose.randbytes(20))[:20] for _ in range(choose.randrange(12))})
    return b"".join([leaf(account, choose.choice(amounts), choose.randrange(1 << 32)) for account in accounts])


def spoilt(choose, data):
    """Bytes with one to three changes: of a bit, of length, of order; mostly still alike."""
    data = bytearray(data)
    for _ in range(choose.randrange(1, 4)):
        kind, at = choose.randrange(6), choose.randrange(len(data) + 1)
        if kind == 0 and data:
            data[at - 1] ^= 1 << choose.randrange(8)
        elif kind == 1:
            del data[at : at + choose.randrange(40)]
        elif kind == 2:
            data[at:at] = choose.randbytes(choose.randrange(40))
        elif kind == 3:
            data = data[len(data) // 72 * 36 :] + data[: len(data) // 72 * 36]
        elif kind == 4 and len(data) >= 36:
            at = at // 36 * 36
            data[at + 8 : at + 16] = choose.choice(WRONG_AMOUNTS).to_bytes(8, "big")
        else:
            at = at // 36 * 36
            data[at:at] = data[at : at + 36]
    return bytes(data)


def made_chunk(choose):
    """(levels, bytes) of a chunk; some with wide gaps, wide amounts or graves."""
    levels = choose.choice((1, 3, 7, 8, 9, 15, 16, 20, 24, 28))
    reach = 1 << levels
    numbers = sorted({choose.randrange(choose.choice((reach, min(reach, 600)))) for _ in range(9)})
    most = choose.choice((1 << 20, 1 << 20, 1 << 42))
    buckets = []
    for number in numbers:
        high = number << (160 - levels)
        accounts = sorted({(high | choose.randrange(1 << (160 - levels))).to_bytes(20, "big") for _ in range(choose.randrange(1, 9))})
        records = [(account, choose.randrange(1 << 32), choose.randrange(most)) for account in accounts]
        buckets.append((number, choose.randbytes(20), *pack_rows(records, levels)))
    return levels, encode(levels, buckets, choose.randrange(4))


def made_climb(choose):
    """Arguments of climb: mostly good ones."""
    levels = choose.randrange(7)
    heap = bytearray(tree_hash.VALUE_BYTES << (levels + 1))
    most = choose.choice((1 << 20, 1 << 20, TOTAL_BOUND))
    for node in range(1 << levels, 2 << levels):
        if choose.random() < 0.6:
            value = choose.randrange(most).to_bytes(8, "big") + choose.randbytes(20)
            heap[28 * node : 28 * node + 28] = value
            if node & 1 and levels:
                heap[28 * node] = levels - 1
    numbers = sorted({choose.randrange(1 << levels) for _ in range(choose.randrange(1 << levels) + 1)})
    kind = choose.randrange(8)
    if kind == 0:
        numbers.append(choose.choice((1 << levels, 1 << 31, (1 << 32) - 1)))
    elif kind == 1:
        choose.shuffle(numbers)
    elif kind == 2:
        numbers.append(numbers[-1])
    elif kind == 3:
        levels = choose.choice((-1, -2, -100, levels + 1, 29, 100, levels - 1))
    elif kind == 4:
        heap = heap[: choose.randrange(len(heap))]
    return heap, levels, array("I", numbers)


def hostile_calls(seed):
    """(name of a loop, its arguments) of any kind, from a seed: what the compiled loops must live through."""
    choose = random.Random(seed)
    run = made_run(choose)
    yield "run_root", (run,)
    yield "run_root", (spoilt(choose, run),)
    yield "run_root", (choose.randbytes(choose.randrange(400)),)
    # More leaves than there are depths, each apart from the one before at one bit further up.
    yield "run_root", (b"".join([leaf((1 << bit).to_bytes(20, "big"), 1) for bit in range(160)]),)
    heap, levels, numbers = made_climb(choose)
    yield "climb", (heap, levels, numbers)
    yield "climb", (bytearray(choose.randbytes(28 << 4)), 3, array("I", sorted(choose.sample(range(8), 3))))
    levels, chunk = made_chunk(choose)
    for data in (chunk, spoilt(choose, chunk), chunk[: choose.randrange(len(chunk))], choose.randbytes(choose.randrange(300))):
        for bucket in (0, choose.randrange(1 << levels), int.from_bytes(chunk[4:8], "big")):
            yield "bucket_run", (data, levels, bucket)
    data = bytearray(chunk)
    data[2:4] = choose.randbytes(2)
    yield "bucket_run", (bytes(data), levels, choose.randrange(1 << levels))
    yield "bucket_run", (bytes([0, choose.randrange(256)]) + choose.randbytes(200), choose.randrange(-2, 40), choose.randrange(1 << 32))
    for name, last in (("merged", (choose.random() < 0.5,)), ("applied", ())):
        one, other = made_run(choose, (0, *AMOUNTS)), made_run(choose, (0, *AMOUNTS))
        yield name, (one, other, *last)
        yield name, (spoilt(choose, one), spoilt(choose, other), *last)
        yield name, (one, choose.randbytes(choose.randrange(80)), *last)


def outcome(call, *arguments):
    """What a call returns, or the type and words of what it raises."""
    try:
        return call(*arguments)
    except Exception as error:
        return type(error), str(error)


def rises(run):
    accounts = [leaf[16:] for leaf in tree_hash.split(run)]
    return len(run) % 36 == 0 and all(low < high for low, high in zip(accounts, accounts[1:], strict=False))


def assert_agree(name, arguments):
    if name in ("merged", "applied") and not (len(arguments[0]) % 36 or len(arguments[1]) % 36):
        if not rises(arguments[0]) or not rises(arguments[1]):
            # No such runs are made; what comes of them has only to be bounded.
            assert len(tree_hash.merged(*arguments[:2], True)) <= len(arguments[0]) + len(arguments[1])
            return
    if name == "climb":
        if any(arguments[0][56 * node] for node in range(1, len(arguments[0]) // 56)):
            # A left side whose sum is past its bound: set_bucket makes none.
            outcome(tree_hash.climb, *arguments)
            return
        heaps = [bytearray(arguments[0]) for _ in range(2)]
        compiled = outcome(tree_hash.climb, heaps[0], *arguments[1:])
        python = outcome(tree_hash.python_climb, heaps[1], *arguments[1:])
        assert compiled == python
        # After a refusal the heap is not used.
        assert isinstance(python, tuple) or heaps[0] == heaps[1]
        return
    assert outcome(getattr(tree_hash, name), *arguments) == outcome(getattr(tree_hash, "python_" + name), *arguments)


@NEEDS_COMPILED
@pytest.mark.parametrize("examples", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_compiled_and_python_agree(examples):
    @settings(max_examples=examples)
    @given(SEEDS)
    def agree(seed):
        for name, arguments in hostile_calls(seed):
            assert_agree(name, arguments)

    agree()


@NEEDS_COMPILED
def test_arguments_of_wrong_kinds_are_refused():
    for name, arguments in (
        ("run_root", ("text",)), ("run_root", (None,)), ("climb", (bytes(56), 0, array("I"))), ("climb", (bytearray(56), 0)),
        ("climb", (bytearray(56), 0, None)), ("bucket_run", (None, 1, 1)), ("bucket_run", (b"", "1", 1)), ("merged", (b"", 1, True)),
        ("merged", (b"",)), ("applied", (1, b"")), ("applied", (b"", 1)),
    ):  # fmt: skip
        with pytest.raises((TypeError, BufferError)):
            getattr(tree_hash, name)(*arguments)


@twins.BOTH
@settings(max_examples=100)
@given(SEEDS)
def test_root_of_a_run_is_that_of_the_naive_tree(loops, seed):
    run_root = tree_hash.run_root if loops == "compiled" else tree_hash.python_run_root
    run = made_run(random.Random(seed), AMOUNTS[:4])
    state = {record[16:]: (int.from_bytes(record[:8], "big"), int.from_bytes(record[8:16], "big")) for record in tree_hash.split(run)}
    top, total = naive_tree.root(state)
    assert run_root(run) == total.to_bytes(8, "big") + top


@twins.BOTH
def test_what_is_wrong_is_named(loops):
    run_root = tree_hash.run_root if loops == "compiled" else tree_hash.python_run_root
    low, high = bytes(20), bytes([255]) * 20
    for word, run in (
        ("leaf", leaf(low, 1)[:-1]), ("account", leaf(high, 1) + leaf(low, 1)), ("account", 2 * leaf(low, 1)), ("amount", leaf(low, 0)),
        ("amount", leaf(low, TOTAL_BOUND)), ("sum", leaf(low, TOTAL_BOUND - 1) + leaf(high, 1)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"^{word}$"):
            run_root(run)


HOSTILE_CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("leither_edge.ledger._tree_hash", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from tests.ledger.test_tree_hash import hostile_calls, outcome
for seed in range(int(sys.argv[2])):
    for name, arguments in hostile_calls(seed):
        outcome(getattr(module, name), *arguments)
print("lived")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here, whose checks of memory this needs")
def test_no_access_out_of_bounds_in_hostile_input(tmp_path):
    source, built = Path(tree_hash.__file__).with_name("_tree_hash.c"), tmp_path / "_tree_hash.abi3.so"
    words = ["gcc", "-g", "-O1", "-shared", "-fPIC", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([*words, f"-I{sysconfig.get_path('include')}", "-o", built, source], check=True)
    preload = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True).stdout.strip()
    # Python's own memory is not followed piece by piece unless each piece is asked of the C library.
    more = {"LD_PRELOAD": preload, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", HOSTILE_CHILD, built, "3000"], cwd=ROOT, env={**os.environ, **more}, capture_output=True, text=True
    )
    assert ran.returncode == 0 and ran.stdout == "lived\n", ran.stderr[-4000:]
