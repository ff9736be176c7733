#!/usr/bin/env python3
"""Put the node, its supervisor, its profile and the packed setup page into the target's root file system.

Nothing of the laptop goes along: no command line, no tests. Every file gets the same time and mode wherever this runs,
so that two builds are bit-identical.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("leither_edge", "appliance")
KINDS = ("*.py", "*.sh")
# The laptop's alone: writing cards, keys under a passphrase, mending a book. What a device imports may not stand here.
LEFT_OUT = (
    "leither_edge/cli", "leither_edge/names/zone.py", "appliance/board/fake.py", "appliance/portal/static",
    "leither_edge/card/block_map.py", "leither_edge/card/fat.py", "leither_edge/card/location.py", "leither_edge/card/partitions.py",
    "leither_edge/crypto/key_file.py", "leither_edge/crypto/recovery_words.py", "leither_edge/core/sequence.py",
    "leither_edge/ledger/fsck", "leither_edge/ledger/book_view.py", "leither_edge/ledger/group_", "leither_edge/storage/one_byte.py",
)  # fmt: skip
# What the node serves as it is.
SERVED = ("leither_edge/gateway/static/leither.js",)
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


def sources(checkout):
    """Paths of the modules and scripts that the device runs, relative to the checkout, sorted."""
    found = [path.relative_to(checkout) for name in PACKAGES for kind in KINDS for path in (checkout / name).rglob(kind)]
    return sorted(path for path in found if not any(str(path).startswith(left_out) for left_out in LEFT_OUT))


def install(source, target):
    """Copy one file, with mode 0644 (0755 for a script) and the build's time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.suffix == ".sh" else 0o644)
    os.utime(target, (EPOCH, EPOCH))


def pack_page(checkout, folder):
    """Build the page's static files into ``folder`` (made anew) with a gzip twin each."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "appliance.portal.assets", folder], cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    manifest = (folder / "manifest").read_text().splitlines()
    if "words=yes" not in manifest:
        raise SystemExit("The recovery words are missing: run the build with the project's own interpreter (make image does).")
    # When the sources were touched says nothing on the device, and would differ from checkout to checkout.
    kept = [line for line in manifest if not line.startswith("source=")]
    (folder / "manifest").write_text("\n".join(kept) + "\n")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))


def board_settings(checkout, profile):
    """What root-only programs of the device need to know: from the board's folder and the hardware profile."""
    sys.path.insert(0, str(checkout))
    from leither_edge.profile import load

    limits = load(str(checkout / "hw_profiles" / f"{profile}.toml"))
    with (checkout / "image" / "board" / profile / "board.json").open() as file:
        board = json.load(file)
    return {"name": profile, **board, "zram_mib": limits.memory.zram_mib}


def open_folders(*made):
    """Let everybody enter the folders that were made, whatever the umask of this shell."""
    for top in made:
        for path in [top, *top.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)


def main():
    """Install into the target's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--target", type=Path, required=True, help="root of the target's file system")
    parser.add_argument("--site", required=True, help="its site-packages, relative")
    options = parser.parse_args()
    site = options.target / options.site
    for name in PACKAGES:
        shutil.rmtree(site / name, ignore_errors=True)
    for path in (*sources(options.checkout), *map(Path, SERVED)):
        install(options.checkout / path, site / path)
    pack_page(options.checkout, site / "appliance" / "portal" / "web")
    profile = options.checkout / "hw_profiles" / f"{options.profile}.toml"
    install(profile, options.target / "usr/share/leither/hw_profiles" / profile.name)
    settings = options.target / "etc/leither/board.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(board_settings(options.checkout, options.profile), indent=1, sort_keys=True) + "\n")
    settings.chmod(0o644)
    os.utime(settings, (EPOCH, EPOCH))
    open_folders(*(site / name for name in PACKAGES), options.target / "usr/share/leither", settings.parent)


if __name__ == "__main__":
    main()
