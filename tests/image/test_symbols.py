"""Names read from a release: of Buildroot, of a kernel, of busybox."""

import tarfile

import pytest

from image.check import symbols
from image.check.finding import CheckError
from image.check.names import config_in_symbols, makefile_names

# Tabs are written as >.
KCONFIG = """\
config SQUASHFS
>tristate "squashfs"
>depends on BLOCK
>help
>  Say Y here:
>    config NOT_ONE
>    bool "nor this"

menuconfig NET
>def_bool y

choice
>prompt "one of"
config ONE
>bool "one" if EXPERT
>int
endchoice
config SIZE
>hex "size"
""".replace(">", "\t")


def test_kinds_are_read_and_help_is_not():
    assert symbols.defined(KCONFIG) == {"SQUASHFS": "t", "NET": "b", "ONE": "b", "SIZE": "h"}
    assert symbols.in_source("//config:config LS\n//config:\tbool \"ls\"\nint x;\nconfig NO\n") == {"LS": "b"}


def test_two_kinds_are_none():
    into = {}
    for found in ({"A": "b", "B": ""}, {"A": "t", "B": "s"}, {"B": ""}):
        symbols.join(into, found)
    assert into == {"A": "-", "B": "s"}


def buildroot(folder):
    for name, text in {
        "Makefile": "export BR2_VERSION := 2026.02.3\n",
        "Config.in": "config BR2_HAVE\n\tbool\n",
        "Config.in.legacy": "config BR2_GONE\n\tbool\n",
        "package/foo/Config.in": "config BR2_PACKAGE_FOO\n\tbool \"foo\"\nconfig BR2_PACKAGE_FOO_NAME\n\tstring \"n\"\n",
        "package/foo/foo.mk": "$(eval $(autotools-package))\n",
        "package/pkg-autotools.mk": "autotools-package = $(call inner-autotools-package)\n",
        "support/misc/Config.in": "config BR2_NO\n\tbool\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_list_is_made_and_read_back(tmp_path):
    version, names, packages = symbols.of_buildroot(buildroot(tmp_path / "tree"))
    assert version == "2026.02.3" and packages == {"foo", "autotools-package"}
    assert names == {"BR2_HAVE": "b", "BR2_PACKAGE_FOO": "b", "BR2_PACKAGE_FOO_NAME": "s"}
    path = tmp_path / "list.txt"
    path.write_text(symbols.listing("buildroot", version, names, packages))
    assert symbols.read_listing(path) == (version, names, packages)
    packed = tmp_path / "tree.tar.xz"
    with tarfile.open(packed, "w:xz") as archive:
        archive.add(tmp_path / "tree", "buildroot-2026.02.3")
    assert symbols.of_buildroot(packed) == (version, names, packages)


def test_only_the_pinned_release_is_taken(tmp_path, monkeypatch, capsys):
    (tmp_path / "image/symbols").mkdir(parents=True)
    (tmp_path / "image/buildroot.toml").write_text('version = "2026.02.3"\nkernel = "6.12"\n')
    monkeypatch.setattr(symbols, "TREE", tmp_path / "image")
    place = buildroot(tmp_path / "tree")
    assert symbols.main(["--buildroot", str(place)]) == 1
    assert symbols.main(["--buildroot", str(place), "--write"]) == 0
    assert symbols.main(["--buildroot", str(place)]) == 0
    (place / "Makefile").write_text("export BR2_VERSION := 2025.02\n")
    with pytest.raises(CheckError, match="is pinned"):
        symbols.main(["--buildroot", str(place)])


def test_a_place_that_is_no_release(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"not a tar" * 100)
    for place in (tmp_path / "x.tar", tmp_path / "none"):
        with pytest.raises(CheckError, match="cannot be read"):
            symbols.of_kernel(place)


@pytest.mark.parametrize(
    ("makefile", "version"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 107\n", "6.12.107"),
        ("VERSION = 2025\nPATCHLEVEL = 01\nSUBLEVEL =\n", "2025.01"),
    ],
)
def test_kernel_and_u_boot_number_their_releases(tmp_path, makefile, version):
    (tmp_path / "Makefile").write_text(makefile)
    (tmp_path / "Kconfig").write_text("config NET\n\tbool\n")
    assert symbols.of_kernel(tmp_path) == (version, {"NET": "b"}, set())


def test_other_architectures_are_left_out():
    assert symbols._is_kernel("arch/arm/Kconfig") and symbols._is_kernel("arch/Kconfig") and symbols._is_kernel("fs/squashfs/Kconfig")
    assert not symbols._is_kernel("arch/x86/Kconfig") and not symbols._is_kernel("scripts/Kconfig.include")


def test_a_condition_over_two_lines():
    assert config_in_symbols("\tdepends on BR2_A && \\\n\t\tBR2_B\n\tBR2_C\n") == [("BR2_A", 1), ("BR2_B", 2)]


def test_what_a_package_relies_on():
    text = 'config BR2_PACKAGE_A\n\tbool "BR2_NOT"\n\tdepends on BR2_B && !BR2_C # BR2_NO\n\tselect BR2_D if BR2_E\n'
    text += "\thelp\n\t  if BR2_X it is\nif BR2_F\nendif\n"
    assert [name for name, _ in config_in_symbols(text)] == ["BR2_B", "BR2_C", "BR2_D", "BR2_E", "BR2_F"]
    makefile = "A_DEPENDENCIES = b host-c \\\n\td $(if $(BR2_X),e)\n# A_DEPENDENCIES += no\n"
    makefile += "A_DEPENDENCIES += f # g\n$(eval $(python-package))\n"
    found, named = makefile_names(makefile)
    assert found == [("BR2_X", 2)]
    assert named == [("b", 1), ("c", 1), ("d", 2), ("f", 4), ("python-package", 5)]
