"""`make image-check` finds each thing it is there for, and nothing in the tree as it is."""

import json
import shutil
import subprocess
import sys

import pytest

from image.check.__main__ import check
from image.check.scripts import foreign_paths

from .tree import CHECKOUT, change, copy_of_the_tree, lines

needs_shellcheck = pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed: make test installs it")
pytestmark = needs_shellcheck


@pytest.fixture
def tree(tmp_path):
    return copy_of_the_tree(tmp_path)


def found(checkout, *parts):
    """The one finding that has all the parts."""
    rows = [line for line in lines(check(checkout)) if all(part in line for part in parts)]
    assert rows, lines(check(checkout))
    return rows[0]


def test_the_tree_is_in_order():
    assert lines(check(CHECKOUT)) == []


def test_a_copy_is_in_order(tree):
    assert lines(check(tree)) == []


def test_a_changed_defconfig_is_named_with_its_line(tree):
    path = tree / "image/configs/router_defconfig"
    change(path, "BR2_INIT_BUSYBOX=y", "BR2_INIT_SYSV=y")
    number = path.read_text().split("\n").index("BR2_INIT_SYSV=y") + 1
    assert f"router_defconfig:{number}: not what its fragments make" in found(tree, "router_defconfig")
    path.unlink()
    assert "missing" in found(tree, "router_defconfig")
    (tree / "image/configs/toaster_defconfig").write_text("")
    assert "no board of this name" in found(tree, "toaster")


def test_fragments_that_clash(tree):
    path = tree / "image/fragments/kernel/allwinner.config"
    path.write_text(path.read_text() + "# CONFIG_SQUASHFS is not set\nCONFIG_SWAP=y\n")
    assert "contradicts =y at image/fragments/kernel/disk.config" in found(tree, "CONFIG_SQUASHFS=n")
    assert "already set at image/fragments/kernel/limits.config" in found(tree, "CONFIG_SWAP")


def test_what_a_fragment_needs_and_who_uses_it(tree):
    change(tree / "image/board/router/fragments", "buildroot/u-boot\n", "")
    assert "needs buildroot/u-boot, which router lacks" in found(tree, "router.config")
    (tree / "image/fragments/kernel/spare.config").write_text("# Spare.\nCONFIG_TUN=m\n")
    assert "no board uses this fragment" in found(tree, "spare.config:1")
    (tree / "image/fragments/kernel/spare.config").write_text("CONFIG_TUN=m\n")
    assert "begin with a line of description" in found(tree, "spare.config:1", "begin")
    (tree / "image/board/router/fragments").write_text("buildroot/basse\nbuildroot/base\nbuildroot/base\n")
    assert "fragments:1: there is no fragment buildroot/basse" in found(tree, "basse")
    assert "fragments:3: buildroot/base is listed twice" in found(tree, "twice")


def test_a_board_may_list_kernel_fragments_itself(tree):
    (tree / "image/fragments/kernel/spare.config").write_text("# Spare.\nCONFIG_TUN=m\n")
    path = tree / "image/board/router/fragments"
    path.write_text(path.read_text() + "kernel/spare\n")
    assert "already set" in found(tree, "CONFIG_TUN") and "BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES" in found(tree, "contradicts")


def test_names_that_do_not_exist(tree):
    change(tree / "image/fragments/buildroot/wifi.config", "BR2_PACKAGE_DNSMASQ=y", "BR2_PACKAGE_DNSMASK=y")
    assert "did you mean BR2_PACKAGE_DNSMASQ?" in found(tree, "BR2_PACKAGE_DNSMASK")
    change(tree / "image/fragments/kernel/disk.config", "CONFIG_SQUASHFS_XZ=y", "CONFIG_SQUASHFS_XZ=m")
    assert "CONFIG_SQUASHFS_XZ takes y or n" in found(tree, "disk.config")
    change(tree / "image/package/leither-edge/Config.in", "select BR2_PACKAGE_PYTHON_TRIO", "select BR2_PACKAGE_PYTHON_TRIOS")
    assert "Config.in:" in found(tree, "BR2_PACKAGE_PYTHON_TRIOS")
    change(tree / "image/package/leither-edge/leither-edge.mk", "python-h11", "python-h12")
    assert "leither-edge.mk:" in found(tree, "python-h12")
    change(tree / "image/package/leither-edge/leither-edge.mk", "$(eval $(generic-package))", "$(eval $(generic-packages))")
    assert "generic-packages" in found(tree, "generic-packages")
    change(tree / "image/board/common/post-image.sh", "$BR2_CONFIG", "$BR2_CONFFIG")
    assert "BR2_CONFFIG" in found(tree, "post-image.sh")
    change(tree / "image/sources.toml", "[squashfs]", "[squashfss]")
    assert "squashfss" in found(tree, "sources.toml")


def test_a_legacy_symbol_does_not_exist(tree):
    path = tree / "image/fragments/buildroot/wifi.config"
    path.write_text(path.read_text() + "BR2_PACKAGE_QT=y\n")
    assert "buildroot has no BR2_PACKAGE_QT" in found(tree, "wifi.config")


def test_another_release_is_pinned(tree):
    path = tree / "image/buildroot.toml"
    change(path, 'version = "', 'version = "9')
    assert "symbols --buildroot" in found(tree, "symbols/buildroot.txt")
    change(path, 'kernel = "', 'kernel = "9')
    assert "the kernel is not 9" in found(tree, "buildroot/linux.config")
    (tree / "image/symbols/kernel.txt").unlink()
    assert "missing" in found(tree, "symbols/kernel.txt")


def test_u_boot_is_pinned_by_a_fragment(tree):
    change(tree / "image/fragments/u-boot/slots.config", "CONFIG_BOOTCOUNT_LIMIT=y", "CONFIG_BOOTCOUNT_LIMITS=y")
    assert "did you mean BOOTCOUNT_LIMIT?" in found(tree, "slots.config")
    change(tree / "image/fragments/buildroot/u-boot.config", '_VERSION_VALUE="', '_VERSION_VALUE="9')
    assert "symbols --u-boot" in found(tree, "symbols/u-boot.txt")


def test_files_that_fragments_name(tree):
    (tree / "image/board/common/users.table").unlink()
    assert "image/board/common/users.table does not exist" in found(tree, "buildroot/base.config")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("pi-zero", "slot_mib = 64", "slot_mib = 7", "slot_mib"),
        ("pi-zero", "kernel_max_kib = 6144", "kernel_max_kib = 24000", "24 MiB do not hold image.kernel_max_kib"),
        ("pi-zero", "card_mib = 1024", "card_mib = 300", "card_mib"),
        ("router", "zram_mib = 96", "zram_mib = 400", "zram_mib"),
        ("router", "node_max_mib = 96", "node_max_mib = 220", "node_max_mib"),
        ("tv-box", 'name = "tv-box"', 'name = "box"', "board.name"),
        ("tv-box", "slot_mib = 128\n", "", "missing"),
    ],
)
def test_sizes_that_do_not_fit(tree, name, old, new, said):
    change(tree / f"hw_profiles/{name}.toml", old, new)
    assert found(tree, f"hw_profiles/{name}.toml:", said)


def test_boards_and_profiles_go_together(tree):
    (tree / "hw_profiles/tv-box.toml").rename(tree / "hw_profiles/oven.toml")
    assert "has no board" in found(tree, "hw_profiles/oven.toml")
    assert "has no profile" in found(tree, "image/board/tv-box:1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"port": 80', '"port": 0', "port must be a port from 1 to 65535"),
        ('"port": 80', '"port": true', "port must be"),
        ('"port": 80', '"port": 80, "colour": 1', "unknown key 'colour'"),
        ('"port": 80', '"port": 80, "zram_mib": 1', "zram_mib comes from the profile"),
        ('"port": 80', '"port": 80, "radio_turns": "often"', "board.json:10: the device refuses it"),
        ('"port": 80', '"port": 80, "port": 81', "port is there twice"),
        ('"slots": "tryboot"', '"slots": "grub"', "slots must be"),
        ('"slots": "tryboot"', '"slots": "uboot"', "add a file `loader`"),
        ('"radio": "wlan0",', "", "radio is missing"),
        ('"wifi_folder": "/state/wifi"', '"wifi_folder": "/etc/wifi"', "a folder below /state"),
        ('"disk": "root"', '"disk": "/dev/mmcblk0"', "the kernel may number cards anew"),
        ("{", "[", "not a board's description"),
        ("{", "[" * 5000 + "{", "not a board's description"),
    ],
)
def test_a_board_description_that_is_wrong(tree, old, new, said):
    change(tree / "image/board/pi-zero/board.json", old, new)
    assert found(tree, "image/board/pi-zero", said)


@pytest.mark.parametrize("path", ["image/board/pi-zero/cmdline.txt", "image/board/common/uboot-env.txt"])
def test_the_root_is_named_by_the_cards_signature(tree, path):
    change(tree / path, "PARTUUID=4c454954", "PARTUUID=00454954")
    assert "must hold root=PARTUUID=4c454954-0" in found(tree, path)


def test_boot_files_and_loader(tree):
    change(tree / "image/board/pi-zero/boot-files", "bcm2835-rpi-zero.dtb", "bcm2835-rpi-zeros.dtb")
    assert "BR2_LINUX_KERNEL_INTREE_DTS_NAME" in found(tree, "bcm2835-rpi-zeros.dtb")
    change(tree / "image/board/router/loader", " 8192", " 4194304")
    assert "on U-Boot's environment" in found(tree, "image/board/router/loader:2")
    change(tree / "image/board/router/boot-files", "zImage", "zimage")
    assert "no kernel" in found(tree, "image/board/router/boot-files")
    change(tree / "image/fragments/u-boot/slots.config", "CONFIG_ENV_OFFSET=0x400000", "CONFIG_ENV_OFFSET=0x500000")
    assert "CONFIG_ENV_OFFSET must be 0x400000" in found(tree, "slots.config")


def test_genimage_is_read_back(monkeypatch):
    from image import layout

    good = layout.card_text
    for old, new, said in (
        ("offset = 8388608", "offset = 8388600", "p1 begins"),
        ('"state.ext4"', '"stat.ext4"', "nothing makes"),
        ("partition p6 {", "partition p9 {", "no partition p6"),
        ("size = 67108864", "size = 1048576", "slot_mib"),
    ):
        monkeypatch.setattr(layout, "card_text", lambda *words, old=old, new=new: good(*words).replace(old, new))
        assert said in found(CHECKOUT, "hw_profiles/pi-zero.toml", said)


def test_scripts(tree):
    script = tree / "image/board/common/fresh"
    script.write_text("#!/bin/sh\nrm $1\n")
    assert "fresh:2:" in found(tree, "common/fresh")
    script.write_text("#!/usr/bin/env python3\nprint(\n")
    assert "fresh:2: Python does not compile" in found(tree, "common/fresh")
    script.write_text("#!/bin/sh\ncd /" + "root/somewhere\n")
    assert "fresh:2: /" + "root/s... is a folder of one machine" in found(tree, "common/fresh")


def test_without_shellcheck_the_rest_is_checked_and_it_is_said(tree, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    (tree / "image/fragments/kernel/spare.config").write_text("# Spare.\nCONFIG_TUN=m\n")
    assert "no script was checked" in found(tree, "shellcheck is not installed")
    assert found(tree, "spare.config:1", "no board uses")


@pytest.mark.parametrize("before", ("", "-I", "-L", "O=", '"'))
def test_folders_of_one_machine(before):
    for rest in ("root/a", "work/$NAME", "home/me"):
        assert foreign_paths("x", f"cc {before}/{rest}")
        assert not foreign_paths("x", f"cc $(O)/{rest} host/{rest} usr/share/x")


def test_a_board_may_say_what_else_the_device_knows(tree):
    change(tree / "image/board/pi-zero/board.json", '"port": 80', '"port": 80, "radio_turns": true')
    assert lines(check(tree)) == []


def test_the_command_prints_lines_or_json():
    done = subprocess.run([sys.executable, "-m", "image.check", "--json"], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout) == []
    done = subprocess.run([sys.executable, "image/check"], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0 and "in order" in done.stdout


def test_defconfigs_are_made_the_same_each_time(tree):
    from image.check import __main__ as command
    from image.check import defconfigs

    known, choices, _ = command.read_tree(tree / "image", str)
    assert defconfigs.write(tree / "image", choices, known) == []
    shutil.rmtree(tree / "image/configs")
    assert len(defconfigs.write(tree / "image", choices, known)) == 3
    assert lines(check(tree)) == []
