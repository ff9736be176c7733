#!/bin/sh
# Installs what a target of the Makefile needs, and nothing twice: `install.sh run`, `test`, `mpy`, `image` or `qemu`.
# Distribution packages are asked of apt-get (through sudo where this user is not root), Python packages
# come hash-locked into .venv.
set -eu
cd "$(dirname "$0")"
purpose=${1:?usage: install.sh run|test|mpy|image|qemu}
python=${PYTHON:-python3}

say() { printf '%s\n' "leither: $*"; }
fail() { printf '%s\n' "leither: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "no $python here. Install Python 3.11 or newer, or name one: make $purpose PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$($python --version) is too old: Leither Edge needs 3.11 or newer. Name another one: make $purpose PYTHON=python3.12"

# What only the distribution has. Each line: a test that it is there, and the package that brings it.
missing=""
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
"$python" -c 'import ctypes; ctypes.CDLL("libsodium.so.23")' 2>/dev/null || missing="$missing libsodium23"
if [ "$purpose" = test ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium"
    "$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null || missing="$missing libatomic1" # for the browser's driver
    command -v shellcheck >/dev/null || missing="$missing shellcheck"
    # Without a Chinese face the screenshots of the Chinese pages would show boxes.
    [ -n "$(find /usr/share/fonts -iname '*wqy*' -o -iname '*CJK*' 2>/dev/null | head -n 1)" ] || missing="$missing fonts-wqy-zenhei"
fi
need() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] || missing="$missing $2"; }
if [ "$purpose" = test ] || [ "$purpose" = qemu ] || [ "$purpose" = image ]; then
    need mcopy mtools
    need mkfs.fat dosfstools
    need mke2fs e2fsprogs
    need genimage genimage
    need sfdisk fdisk
fi
if [ "$purpose" = test ]; then
    # The loops of the ledger in C are tested beside those in Python.
    need cc gcc
    [ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"
    "$python" -c 'import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        missing="$missing python3-dev"
    # A DNS client that nobody here wrote.
    need kdig knot-dnsutils
    need mkenvimage u-boot-tools
    need fw_setenv libubootenv-tool
    # Another DHT for ours to meet.
    need aria2c aria2
    # What our databases are compared with, command by command.
    need redis-server redis-server
    need redis-cli redis-tools
    # What moving a file between nodes is measured beside.
    need nginx nginx
    need curl curl
    # Houses behind NAT, as network namespaces.
    need ip iproute2
    need nft nftables
fi
if [ "$purpose" = test ] || [ "$purpose" = mpy ]; then
    # MicroPython: one port comes from npm and runs in Node, the other from Debian, also on its descendants.
    need node nodejs
    need npm npm
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
fi
if [ "$purpose" = image ]; then
    # What Buildroot asks of a machine, and what puts the card together.
    for pair in gcc:gcc g++:g++ make:make patch:patch perl:perl bc:bc cpio:cpio rsync:rsync unzip:unzip file:file wget:wget \
        bzip2:bzip2 xz:xz-utils git:git; do
        need "${pair%:*}" "${pair#*:}"
    done
    # What stands in where a source cannot be had (SOURCES=debian).
    if [ "${SOURCES:-}" = debian ]; then
        for pair in bison:bison fakeroot:fakeroot msgfmt:gettext autopoint:autopoint patchelf:patchelf lzip:lzip depmod:kmod; do
            need "${pair%:*}" "${pair#*:}"
        done
        [ -e /usr/include/expat.h ] || missing="$missing libexpat1-dev"
        [ -e /usr/include/crypt.h ] || missing="$missing libcrypt-dev"
    fi
fi
if [ "$purpose" = qemu ]; then
    need qemu-system-arm qemu-system-arm
    need qemu-img qemu-utils
    need mksquashfs squashfs-tools
fi
if [ "$purpose" = arm ]; then
    # The measurement on 32-bit ARM (tests/bench/arm): its userland comes from Debian by apt, unpacked beside.
    need qemu-arm qemu-user
    need dpkg-deb dpkg
    need unsquashfs squashfs-tools
    need gcc gcc
    need arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf
    # LMDB's binding is compiled from its sources, which come with patches.
    need patch patch
    [ -e /usr/arm-linux-gnueabihf/include/string.h ] || missing="$missing libc6-dev-armhf-cross"
    [ -e /usr/include/string.h ] || missing="$missing libc6-dev"
fi
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || fail "this machine lacks:$missing. Install them with its package manager, then try again."
    root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing:$missing. Install them as root: apt-get install$missing"
        root=sudo
        say "some packages of the distribution are missing; sudo may now ask for your password"
    fi
    say "installing:$missing"
    $root apt-get -qq update || say "apt-get update failed; trying with the package lists that are here"
    # shellcheck disable=SC2086  # a list of packages, meant to be split
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null ||
        fail "apt-get could not install:$missing. See its message above."
fi

if [ "$purpose" = image ] || [ "$purpose" = qemu ] || [ "$purpose" = mpy ] || [ "$purpose" = arm ]; then
    touch ".venv/.ready-$purpose"
    exit 0
fi

lock=requirements/$([ "$purpose" = test ] && echo dev || echo run).lock
[ -x .venv/bin/python ] || { say "making a virtual environment in .venv"; "$python" -m venv .venv; }
say "installing hash-locked Python packages ($lock)"
.venv/bin/python -m pip --disable-pip-version-check -q install --require-hashes --prefer-binary -r "$lock" ||
    fail "pip could not install $lock. Is the package index reachable? Its message stands above."
# A path file and a starter script stand in for 'pip install -e .', which would fetch a build back end without hashes.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pwd > "$site/leither_edge.pth"
printf '#!%s/.venv/bin/python\nimport sys\nfrom leither_edge.cli.main import main\nsys.exit(main())\n' "$PWD" > .venv/bin/leither
chmod 755 .venv/bin/leither
.venv/bin/python -m compileall -q leither_edge appliance
# The ledger's inner loops in C. Without a compiler the same loops in Python serve.
headers=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')
rm -f leither_edge/ledger/_tree_hash.abi3.so
if command -v cc >/dev/null && [ -e "$headers/Python.h" ]; then
    cc -O2 -shared -fPIC -I"$headers" -o leither_edge/ledger/_tree_hash.abi3.so leither_edge/ledger/_tree_hash.c ||
        say "the ledger's loops could not be compiled; it will hash in Python, a few times slower"
else
    say "no C compiler or no Python.h here: the ledger will hash in Python, a few times slower (apt-get install gcc libc6-dev python3-dev)"
fi
# Without it the tests that need it are skipped, and say so.
[ "$purpose" != test ] || tests/mpy/install || say "no MicroPython for the tests; make mpy tries again"
touch ".venv/.ready-$purpose"
[ "$purpose" = run ] || touch .venv/.ready-run
