"""Nothing in the root file system points at the building machine, and the loader finds every library."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.check import elf, traces
from image.check.finding import CheckError

from .tree import lines

BUILD = "/srv/out"


def library(bits=32, needed=("libc.so",), run_path=None, tag=15):
    """Bytes of a small shared library: one loaded segment, which holds all of it, and its dynamic section."""
    names, offsets = b"\0", []
    for text in (*needed, *([run_path] if run_path is not None else [])):
        offsets.append(len(names))
        names += text.encode() + b"\0"
    entry, head, segment = ("<iI", 52, 32) if bits == 32 else ("<qQ", 64, 56)
    address, at = 0x10000, head + 2 * segment
    rows = [(1, offset) for offset in offsets[: len(needed)]] + [(tag, offset) for offset in offsets[len(needed) :]]
    rows += [(5, address + at), (10, len(names)), (0, 0)]
    section = b"".join(struct.pack(entry, *row) for row in rows)
    total = at + len(names) + len(section)
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    if bits == 32:
        header = struct.pack("<HHIIIIIHHHHHH", 3, 40, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0)
        load = struct.pack("<IIIIIIII", 1, 0, address, address, total, total, 5, 4096)
        dynamic = struct.pack("<IIIIIIII", 2, at + len(names), address + at + len(names), 0, len(section), len(section), 6, 4)
    else:
        header = struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0)
        load = struct.pack("<IIQQQQQQ", 1, 5, 0, address, address, total, total, 4096)
        dynamic = struct.pack("<IIQQQQQQ", 2, 6, at + len(names), address + at + len(names), 0, len(section), len(section), 8)
    return ident + header + load + dynamic + names + section


@pytest.mark.parametrize("bits", [32, 64])
def test_what_a_library_asks_of_the_loader(bits):
    assert elf.dynamic(library(bits)) == elf.Dynamic(("libc.so",), ())
    assert elf.dynamic(library(bits, run_path="/a:/b")).run_paths == ("/a", "/b")
    assert elf.dynamic(library(bits, run_path="", tag=29)).run_paths == ("",)
    assert elf.dynamic(library(bits, needed=())) == elf.NOTHING


def test_what_the_loader_never_sees_asks_nothing():
    module = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 1, 40, 1, 0, 0, 0, 0, 52, 0, 0, 40, 3, 2)
    assert elf.dynamic(module) == elf.NOTHING


@pytest.mark.parametrize("bits", [32, 64])
def test_a_file_cut_anywhere_is_an_error_or_the_same(bits):
    whole = library(bits, run_path="/a")
    for length in range(len(whole)):
        try:
            assert elf.dynamic(whole[:length]) in (elf.dynamic(whole), elf.NOTHING)
        except elf.ElfError:
            pass


@given(st.sampled_from([32, 64]), st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=8)), max_size=4))
def test_any_bytes_are_read_or_refused(bits, changes):
    data = bytearray(library(bits, run_path="/a:/b"))
    for at, change in changes:
        data[at : at + len(change)] = change
    try:
        asked = elf.dynamic(bytes(data))
        assert all(isinstance(text, str) for text in asked.needed + asked.run_paths)
    except elf.ElfError:
        pass


@pytest.fixture
def target(tmp_path):
    """A small root file system that is in order."""
    content = {
        "lib/libc.so": library(needed=()),
        "usr/lib/libnl-3.so.200.1": library(),
        "usr/sbin/supplicant": library(needed=("libnl-3.so.200", "libc.so")),
        "lib/firmware/radio.elf": b"\x7fELF\x01\x02\x01 big-endian",
        "etc/leither/profile": b"router\n",
    }
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "usr/lib/libnl-3.so.200").symlink_to("libnl-3.so.200.1")
    return tmp_path


def findings(target):
    return lines(traces.check(target, [BUILD, "/srv/checkout"]))


def test_a_root_in_order_has_no_finding(target):
    assert findings(target) == [] and traces.with_run_path(target) == []


def test_a_run_path_is_found_wherever_it_points(target):
    library_path = target / "usr/lib/libnl-3.so.200.1"
    library_path.write_bytes(library(run_path="/usr/lib"))
    (said,) = findings(target)
    assert said.startswith("usr/lib/libnl-3.so.200.1:1: has the run path '/usr/lib'")
    assert traces.with_run_path(target) == [library_path]
    library_path.write_bytes(library(run_path=f"{BUILD}/build/libnl/.libs"))
    assert len(findings(target)) == 2


@pytest.mark.parametrize("text", [b"x=/srv/out/host/bin/gcc\n", b"\0/srv/out\0", b"-I/srv/checkout/image"])
def test_a_folder_of_the_building_machine_is_found_in_any_file(target, text):
    (target / "etc/config").write_bytes(text)
    (said,) = findings(target)
    assert said.startswith("etc/config:1: names a folder of the machine that built it: /srv/")


def test_a_link_out_of_the_root_is_found(target):
    (target / "etc/mtab").symlink_to(f"{BUILD}/target/proc")
    assert len(findings(target)) == 1


@pytest.mark.parametrize("text", [b"/srv/outside", b"/a/srv/out", b"/srv/out-2/x", b"/srv"])
def test_a_longer_name_is_another_folder(target, text):
    (target / "etc/config").write_bytes(text)
    assert findings(target) == []


def test_a_library_that_is_missing_is_named_with_who_needs_it(target):
    (target / "usr/lib/libnl-3.so.200.1").unlink()
    (said,) = findings(target)
    assert said.startswith("usr/sbin/supplicant:1: needs libnl-3.so.200, which is not in the root file system")


def test_a_damaged_program_is_named(target):
    (target / "usr/sbin/supplicant").write_bytes(library()[:60])
    (said,) = findings(target)
    assert "a damaged program or library: it ends within its headers" in said


def test_the_command_lists_and_checks(target, capsys):
    (target / "usr/sbin/supplicant").write_bytes(library(run_path="/x"))
    assert traces.main(["--target", str(target), "--run-paths"]) == 0
    assert capsys.readouterr().out == f"{target}/usr/sbin/supplicant\0"
    assert traces.main(["--target", str(target), "--folder", BUILD]) == 1
    for wrong in ("relative", "/", "/a b"):
        with pytest.raises(CheckError, match="no absolute path"):
            traces.check(target, [wrong])
    with pytest.raises(CheckError, match="is no folder"):
        traces.check(target / "none", [BUILD])


def test_a_root_of_the_size_of_a_board_takes_under_five_seconds_of_work(target):
    (target / "usr/share").mkdir()
    for number in range(600):
        (target / f"usr/share/{number}").write_bytes(bytes([number % 256]) * 32768)
    started = time.process_time()
    assert findings(target) == []
    assert time.process_time() - started < 5
