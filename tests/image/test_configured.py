"""After a build: no option of Buildroot, the kernel, U-Boot or busybox went missing without a word."""

import os

import pytest

from image.check import configured
from image.check.finding import CheckError

from .tree import copy_of_the_tree, lines

KINDS = {"kernel": "linux-6.12.107", "u-boot": "uboot-2025.01", "busybox": "busybox-1.37.0"}


@pytest.fixture
def router(tmp_path):
    """A finished build of router in which everything came out as asked: (tree, Buildroot's .config, build folder)."""
    tree = copy_of_the_tree(tmp_path / "checkout") / "image"
    config = tmp_path / "output/.config"
    config.parent.mkdir()
    asked = (tree / "configs/router_defconfig").read_text()
    config.write_text(asked + 'BR2_LINUX_KERNEL_VERSION="6.12.107"\nBR2_TARGET_UBOOT_VERSION="2025.01"\n')
    buildroot = configured.values(configured.parse(config.read_text())[0])
    build = config.parent / "build"
    for kind, name in KINDS.items():
        (build / name).mkdir(parents=True)
        files = configured.asked_files(buildroot, kind, tree)
        assert files, kind
        (build / name / ".config").write_text("".join(path.read_text() for path in files))
    (build / "linux-headers-6.12.107").mkdir()
    for path in tree.rglob("*"):
        os.utime(path, (1, 1))
    return tree, config, build


def test_a_build_as_asked_has_no_finding(router):
    tree, config, build = router
    assert configured.check(config, build, tree) == ([], [])
    assert not list(build.parent.glob("linux-headers*/.config"))


@pytest.mark.parametrize(
    ("place", "asked", "said"),
    [
        ("output/.config", "BR2_PACKAGE_DNSMASQ=y\n", "image/configs/router_defconfig"),
        ("output/build/linux-6.12.107/.config", "CONFIG_SQUASHFS=y\n", "image/fragments/kernel/disk.config"),
        ("output/build/uboot-2025.01/.config", "CONFIG_BOOTCOUNT_ENV=y\n", "image/fragments/u-boot/slots.config"),
        ("output/build/busybox-1.37.0/.config", "CONFIG_SEEDRNG=y\n", "image/fragments/busybox/device.config"),
    ],
)
def test_an_option_that_each_program_dropped_is_named_with_its_line(router, tmp_path, monkeypatch, place, asked, said):
    monkeypatch.chdir(tmp_path / "checkout")
    tree, config, build = router
    path = tmp_path / place
    assert asked in path.read_text()
    path.write_text(path.read_text().replace(asked, ""))
    findings, later = configured.check(config, build, tree)
    (line,) = lines(findings)
    assert line.startswith(said) and f"{asked.strip()} was dropped" in line and later == []
    assert configured.check(config, build, tree, only_buildroot=True)[0] == (findings if place == "output/.config" else [])


def test_a_fragment_changed_since_is_named_and_is_no_finding(router, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "checkout")
    tree, config, build = router
    fragment = tree / "fragments/busybox/device.config"
    fragment.write_text(fragment.read_text() + "CONFIG_NEW=y\n")
    os.utime(fragment, (1 << 32, 1 << 32))
    assert configured.check(config, build, tree) == ([], ["image/fragments/busybox/device.config"])


def test_two_versions_or_none_are_told_apart(router):
    tree, config, build = router
    (build / "linux-6.6.1").mkdir()
    assert configured.check(config, build, tree) == ([], [])  # Buildroot says which kernel is meant
    (build / "busybox-1.36.1").mkdir()
    with pytest.raises(CheckError, match="several versions of busybox"):
        configured.check(config, build, tree)
    (build / "busybox-1.36.1").rmdir()
    (build / "uboot-2025.01/.config").unlink()
    with pytest.raises(CheckError, match="no finished configuration of u-boot"):
        configured.check(config, build, tree)


def test_a_configuration_of_another_tree_is_refused(router, capsys):
    tree, config, build = router
    config.write_text("BR2_arm=y\n")
    with pytest.raises(CheckError, match="names no profile"):
        configured.check(config, build, tree)
    with pytest.raises(SystemExit):
        configured.main(["--config", str(config)])
    assert "--only-buildroot" in capsys.readouterr().err
