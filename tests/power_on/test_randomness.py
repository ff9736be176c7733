"""The seed kept from start to start: used once, never counted twice, always replaced."""

import errno
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.power_on import randomness
from appliance.power_on.trouble import StepError

SEED, NEW = b"s" * randomness.SEED_BYTES, b"n" * randomness.SEED_BYTES


class Cut(BaseException):
    """The power goes."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "random-seed"


def test_a_seed_is_counted_once_and_replaced(path):
    path.write_bytes(SEED)
    told = []

    def add(seed, bits):
        told.append((seed, bits))
        assert not path.exists(), "gone before it counts"

    randomness.use_seed(str(path), add, lambda count: NEW[:count])
    assert told == [(SEED, 256)] and path.read_bytes() == NEW and path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("step", ["unlink", "fsync", "add", "rename"])
def test_a_cut_never_leaves_a_seed_that_counted(path, monkeypatch, step):
    path.write_bytes(SEED)
    counted = []

    def cut(*arguments, **options):
        raise Cut

    def add(seed, bits):
        counted.append(seed)
        if step == "add":
            cut()

    if step != "add":
        monkeypatch.setattr(os, step, cut)
    with pytest.raises(Cut):
        randomness.use_seed(str(path), add, lambda count: NEW)
    left = path.read_bytes() if path.exists() else b""
    assert not counted or left not in counted


def test_without_a_seed_nothing_counts_and_one_is_kept_when_there_is_one(path):
    told = []
    randomness.use_seed(str(path), lambda *arguments: told.append(arguments), lambda count: None)
    assert not told and not path.exists()
    answers = [None, None, NEW]
    randomness.await_ready(str(path), 5, lambda count: answers.pop(0))
    assert path.read_bytes() == NEW
    randomness.await_ready(str(path), 5, lambda count: SEED)
    assert path.read_bytes() == NEW, "one is enough"
    randomness.await_ready(None, 5, lambda count: SEED)


def test_the_wait_is_bounded_and_said():
    with pytest.raises(StepError, match="no random numbers in 0 s"):
        randomness.await_ready(None, 0, lambda count: None)


@given(st.binary(max_size=200))
def test_only_a_whole_seed_counts(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("seed") / "random-seed"
    path.write_bytes(data)
    taken = randomness.take_seed(str(path))
    assert taken == (data[: randomness.SEED_BYTES] if len(data) >= randomness.SEED_BYTES else b"") and not path.exists()


def test_what_is_refused_is_said(path, tmp_path):
    def refuse(seed, bits):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path.write_bytes(SEED)
    with pytest.raises(StepError, match="could not be used: Operation not permitted"):
        randomness.use_seed(str(path), refuse, lambda count: NEW)
    path.symlink_to("/dev/zero")
    with pytest.raises(StepError, match="could not be used"):
        randomness.use_seed(str(path), refuse, lambda count: NEW)
    with pytest.raises(StepError, match="No random numbers could be kept"):
        randomness.keep_seed(str(tmp_path / "none/random-seed"), NEW)


def test_the_request_is_the_kernels(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(randomness.fcntl, "ioctl", lambda fd, number, data: asked.append((number, data)))
    (tmp_path / "device").write_bytes(b"")
    randomness.add_entropy(SEED, 256, str(tmp_path / "device"))
    assert asked == [(0x40085203, struct.pack("ii", 256, 64) + SEED)]
    assert len(randomness.fresh(16)) == 16


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may add to the kernel's pool")
def test_this_kernel_takes_it():
    try:
        randomness.add_entropy(os.urandom(randomness.SEED_BYTES), 0)
    except PermissionError:
        pytest.skip("this machine does not grant it")
