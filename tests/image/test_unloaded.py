"""Libraries that nothing loads are found, those that anything loads are kept."""

import shutil

import pytest

from image.check import traces, unloaded
from image.check.finding import CheckError

from .test_traces import library
from .tree import CHECKOUT


@pytest.fixture
def target(tmp_path):
    """A root file system with a chain of libraries, one loaded by name, and some for nobody."""
    content = {
        "lib/libc.so": library(needed=()),
        "usr/lib/libnl-3.so.200.1": library(),
        "usr/lib/libnl-genl-3.so.200.1": library(needed=("libnl-3.so.200", "libc.so")),
        "usr/lib/libnl-route-3.so.200.1": library(needed=("libnl-3.so.200",)),
        "usr/lib/libnl-nf-3.so.200.1": library(needed=("libnl-route-3.so.200",)),
        "usr/lib/libsodium.so.26.4": library(),
        "usr/lib/libffi.so.8": library(),
        "usr/lib/libgcc_s.so": b"GROUP ( libgcc_s.so.1 )\n",
        "usr/sbin/supplicant": library(needed=("libnl-genl-3.so.200", "libc.so")),
        "usr/lib/python3.13/lib-dynload/_ctypes.so": library(needed=("libffi.so.8",)),
        "lib/firmware/radio.elf": b"\x7fELF of another processor",
    }
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    for name in ("libnl-3.so.200", "libnl-genl-3.so.200", "libnl-route-3.so.200", "libnl-nf-3.so.200"):
        (tmp_path / "usr/lib" / name).symlink_to(f"{name}.1")
    (tmp_path / "usr/lib/libsodium.so").symlink_to("libsodium.so.26.4")
    (tmp_path / "lib/ld-musl.so.1").symlink_to("libc.so")
    (tmp_path / "usr/lib/libgone.so").symlink_to("libgone.so.1")
    return tmp_path


def names(target, keep=("libsodium.so",)):
    return {path.relative_to(target).as_posix() for path in unloaded.unloaded(target, keep)}


FOR_NOBODY = {
    "usr/lib/libnl-route-3.so.200", "usr/lib/libnl-route-3.so.200.1", "usr/lib/libnl-nf-3.so.200", "usr/lib/libnl-nf-3.so.200.1",
    "usr/lib/libgcc_s.so", "usr/lib/libgone.so",
}  # fmt: skip


def test_what_nothing_loads_is_found_with_its_links(target):
    assert names(target) == FOR_NOBODY
    for name in FOR_NOBODY:
        (target / name).unlink()
    assert names(target) == set() and traces.check(target, ["/srv/out"]) == []


def test_what_is_loaded_by_name_is_kept_by_the_list_alone(target):
    assert names(target, ()) == FOR_NOBODY | {"usr/lib/libsodium.so", "usr/lib/libsodium.so.26.4"}
    with pytest.raises(CheckError, match="no library libssl.so, which the list keeps"):
        names(target, ("libssl.so",))


def test_the_loader_and_its_library_stay_without_any_program(target):
    shutil.rmtree(target / "usr/sbin")
    assert not {"lib/libc.so", "lib/ld-musl.so.1"} & names(target)


def test_a_damaged_library_stops_it(target):
    (target / "usr/sbin/supplicant").write_bytes(library()[:60])
    with pytest.raises(CheckError, match="supplicant is damaged"):
        names(target)


def test_the_command_lists_for_xargs(target, capsys):
    assert unloaded.main(["--target", str(target), "--keep", str(CHECKOUT / "image/board/common/libraries")]) == 0
    assert set(capsys.readouterr().out.rstrip("\0").split("\0")) == {f"{target}/{name}" for name in FOR_NOBODY}
