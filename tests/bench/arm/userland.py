"""32-bit ARM userlands in a folder, and how Python starts in one under qemu's user mode.

Debian's armhf (ARMv7) is always to be had; a built image of ours (ARMv6, as on the Pi Zero) is used where it is there.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
# The guest's 4 GiB begin here, so that its memory can be told from qemu's own.
GUEST_BASE = 0x1000_0000_0000

# Python's C libraries from Debian; what is pure Python comes from our own hash-locked environment.
DEBIAN_PACKAGES = ("python3-minimal", "libpython3-stdlib", "python3-lmdb", "python3-cbor2", "libsodium23", "ca-certificates")
HEADERS = "libpython3.11-dev"
# Never used here, and some of them large.
DEBIAN_LEFT_OUT = ("dpkg_", "tar_", "perl", "debconf", "openssl_", "ca-certificates", "media-types", "libperl", "libgdbm")
PURE = ("trio", "h11", "attr", "attrs", "idna", "outcome", "sniffio", "sortedcontainers", "pysodium")
PROJECT = ("leither_edge", "appliance", "hw_profiles", "tests/bench/ledger_parts", "tests/bench/arm")
COMPILER = "arm-linux-gnueabihf-gcc"
LOOPS = "leither_edge/ledger/_tree_hash"


class Userland:
    """says: what it is; folder: of its own; root: its files, in there; project: a copy of our sources; pure: a folder of more, or None.

    python: the interpreter in root; cpu: of qemu, or None.
    """

    def __init__(self, folder, says, project, python, pure=None, cpu=None):
        self.folder, self.says, self.root, self.project, self.python = folder, says, folder / "root", project, python
        self.path, self.cpu = f"{project}:{pure}" if pure else str(project), cpu
        self.starter = folder / "python"
        self._write_starter()

    def command(self, options=()):
        """Command line that runs its Python under qemu; options: more of qemu's."""
        words = ["qemu-arm", "-B", hex(GUEST_BASE), "-0", str(self.starter), "-L", str(self.root), *options]
        if self.cpu:
            words += ["-cpu", self.cpu]
        settings = {"PYTHONPATH": self.path, "PYTHONPYCACHEPREFIX": str(self.folder / "pycache"), "PYTHONHOME": self.root / "usr"}
        for name, value in settings.items():
            words += ["-E", f"{name}={value}"]
        # Compiled modules are kept, or each start would compile them and keep the compiler's memory.
        return [*words, "-U", "PYTHONDONTWRITEBYTECODE", str(self.python)]

    def _write_starter(self):
        # What the guest takes for its own interpreter, and starts again: a script, so no entry in the kernel's list of formats is needed.
        quoted = " ".join(f"'{word}'" for word in self.command())
        self.starter.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
        self.starter.chmod(0o755)


def debian(folder, packages=(), more_pure=(), more_project=()):
    """The Userland of Debian's armhf packages, unpacked into a folder once.

    packages: further ones of Debian; more_pure: names of further pure Python packages of our environment;
    more_project: further paths of this checkout.
    Raises CalledProcessError, after apt has said why.
    """
    root, stamp = folder / "root", folder / ".unpacked"
    if not stamp.exists() or stamp.read_text() != _wanted(packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _unpack(folder, root, packages)
        stamp.write_text(_wanted(packages))
    project = _copy_project(folder, more_project, root / "usr/include/python3.11", root / "usr/include")
    site = Path(sysconfig.get_path("purelib"))
    pure = folder / "pure"
    shutil.rmtree(pure, ignore_errors=True)
    for name in (*PURE, *more_pure):
        _copy(site / name, pure / name)
    says = "Debian armhf: ARMv7, glibc, Python 3.11"
    return Userland(folder, says, project, root / "usr/bin/python3.11", pure)


def image(folder, squashfs, headers):
    """The Userland of a built image's root file system, with this checkout's sources in place of the image's; headers: as of `debian`."""
    root = folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["unsquashfs", "-q", "-n", "-no-xattrs", "-d", root, squashfs], check=True, stdout=subprocess.DEVNULL)
    project = _copy_project(folder, (), headers / "python3.11", headers)
    python = sorted((root / "usr/bin").glob("python3.[0-9]*"))[0]
    return Userland(folder, f"our image: ARMv6, musl, {python.name.capitalize()}, ARM1176", project, python, cpu="arm1176")


def _wanted(packages):
    return " ".join((*DEBIAN_PACKAGES, *packages, HEADERS))


def _unpack(folder, root, packages):
    apt = folder / "apt"
    for part in ("state/lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    # An apt of its own beside the machine's: its sources and keys, but another architecture, and nothing installed.
    options = {
        "APT::Architecture": "armhf",
        "APT::Architectures": "armhf",
        "APT::Sandbox::User": "root",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
    }
    words = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    # A source without armhf, or one that cannot be reached, is no harm as long as the packages are found.
    subprocess.run([*words, "update"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([*words, "-y", "--no-install-recommends", "--download-only", "install", *DEBIAN_PACKAGES, *packages], check=True)
    subprocess.run([*words, "download", HEADERS], check=True, cwd=apt / "cache/archives")
    for package in sorted((apt / "cache/archives").glob("*.deb")):
        if not package.name.startswith(DEBIAN_LEFT_OUT):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    shutil.rmtree(apt)


def _copy_project(folder, more, *includes):
    """A copy of our sources as an image has them: the page's files packed, and the inner loops compiled for ARM; its path."""
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    for name in (*PROJECT, *more):
        _copy(ROOT / name, project / name)
    _copy(ROOT / "tests/__init__.py", project / "tests/__init__.py")
    words = [sys.executable, "-m", "appliance.portal.assets", project / "appliance/portal/web"]
    subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    source = project / f"{LOOPS}.c"
    if source.exists():
        # For ARMv6 and without a C library of its own, so that one file fits both userlands.
        words = [COMPILER, "-O2", "-march=armv6+fp", "-marm", "-mfloat-abi=hard", "-shared", "-fPIC", "-nostdlib"]
        subprocess.run([*words, *(f"-I{path}" for path in includes), "-o", project / f"{LOOPS}.abi3.so", source], check=True)
    return project


def _copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
