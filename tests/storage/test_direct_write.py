"""Files written around the kernel's cache, and where the file system has no such way."""

import errno
import os

import pytest

from leither_edge.storage import direct_write
from leither_edge.storage.direct_write import LEAST_BYTES, DirectWriter


@pytest.mark.parametrize("size", [LEAST_BYTES, LEAST_BYTES + 1, (1 << 20) - 511, 1 << 20])
def test_the_bytes_and_the_length_are_kept(tmp_path, size):
    data, writer = os.urandom(size), DirectWriter()
    handle = writer.write(tmp_path / "block", data)
    if handle is None:
        pytest.skip("the file system of temp files has no direct way")
    os.fsync(handle)
    os.close(handle)
    assert (tmp_path / "block").read_bytes() == data


def test_small_files_are_left_to_the_cache(tmp_path):
    assert DirectWriter().write(tmp_path / "block", bytes(LEAST_BYTES - 1)) is None
    assert not (tmp_path / "block").exists()


class Refusing:
    """The module os of a file system without the direct way. Args: at ("open" or "write": which call says so)."""

    def __init__(self, at):
        self._at = at

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, mode):
        if self._at == "open":
            raise OSError(errno.EINVAL, "no such flag")
        return os.open(path, flags & ~getattr(os, "O_DIRECT", 0), mode)

    def write(self, handle, data):
        raise OSError(errno.EINVAL, "not aligned")


@pytest.mark.parametrize("at", ["open", "write"])
def test_a_file_system_without_it_gets_the_usual_way_and_is_not_asked_again(tmp_path, monkeypatch, at):
    monkeypatch.setattr(direct_write, "os", Refusing(at))
    writer = DirectWriter()
    assert writer.write(tmp_path / "block", bytes(LEAST_BYTES)) is None
    assert not writer.works and not (tmp_path / "block").exists()


def test_a_full_medium_leaves_no_file(tmp_path, monkeypatch):
    class Full(Refusing):
        def write(self, handle, data):
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(direct_write, "os", Full("write"))
    writer = DirectWriter()
    with pytest.raises(OSError, match="full"):
        writer.write(tmp_path / "block", bytes(LEAST_BYTES))
    assert writer.works and not (tmp_path / "block").exists()
