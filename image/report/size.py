"""Sizes of a built image: into size.json by profile, as a table, against the budgets of the profile.

    python -m image.report.size --images DIR --target DIR --profile NAME --out build/size.json [--card sdcard.img.xz] [--contents SBOM]

Exit 1 when a budget is passed. What is not built has no figure and says so. What a part takes in the image is an estimate: each is
packed by itself, at most 4 MiB of it, and the whole is shared out in that proportion; squashfs packs several files at a time.
"""

import argparse
import json
import sys
from pathlib import Path

from image.layout import pairs
from leither_edge.profile import ProfileError, load

from . import parts
from .source import CHECKOUT, ReportError, read_json, read_text, write_text

KERNELS = ("zImage", "Image.gz", "Image", "uImage", "bzImage")
PARTS_KEPT = 20
PARTS_SHOWN = 10
BOARDS = CHECKOUT / "image" / "board"
# Figure, its words, the key of its budget.
FIGURES = (
    ("squashfs_bytes", "root file system (squashfs)", "squashfs_max_kib"),
    ("kernel_bytes", "kernel", "kernel_max_kib"),
    ("boot_bytes", "kernel and boot files of a slot", "boot_mib"),
    ("card_xz_bytes", "card image, compressed", "card_xz_max_kib"),
    ("target_bytes", "root file system, unpacked", None),
    ("modules_bytes", "kernel modules in it, unpacked", None),
)


def boot_files(board, images):
    """Paths of what a slot's boot partition holds, [] where the board has no list."""
    path = board / "boot-files"
    return [images / source for source, _ in pairs(read_text(path))] if path.is_file() else []


def measure(images, target, card, board):
    """Figures of one build; those of files that are not there are missing. Raises ReportError where there is no build at all.

    card: the compressed card image, which must be there; None for sdcard.img.xz among the images, if it is there.
    board: the board's folder.
    """
    if not images.is_dir() or not target.is_dir():
        raise ReportError(f"{images} and {target} must both be folders of a build: run make image first.")
    if card is not None and not card.is_file():
        raise ReportError(f"{card} is no file: its budget cannot be compared. Run make image first, or leave out --card.")
    figures = {}
    squashfs = images / "rootfs.squashfs"
    kernel = next((images / name for name in KERNELS if (images / name).is_file()), None)
    for name, path in (("squashfs_bytes", squashfs), ("kernel_bytes", kernel), ("card_xz_bytes", card or images / "sdcard.img.xz")):
        if path is not None and path.is_file():
            figures[name] = path.stat().st_size
    boot = boot_files(board, images)
    if boot and all(path.is_file() for path in boot):
        figures["boot_bytes"] = sum(path.stat().st_size for path in boot)
    modules = target / "lib" / "modules"
    figures["modules_bytes"] = sum(size for *_, size in parts.files(modules)) if modules.is_dir() else 0
    figures["target_bytes"] = sum(size for *_, size in parts.files(target))
    found = parts.parts(target, parts.package_list(target), figures.get("squashfs_bytes", 0))
    figures["parts"] = [{"name": part.name, "bytes": part.bytes, "packed_bytes": part.packed} for part in found[:PARTS_KEPT]]
    return figures


def merged(known, profile, figures):
    """Text of size.json with the figures of one profile put in."""
    return json.dumps({**known, profile: figures}, indent=1, sort_keys=True) + "\n"


def kib(count):
    """Whole KiB, rounded up, with commas."""
    return f"{-(-count // 1024):,}"


def table(profile, figures, budgets, versions):
    """The report for people. budgets: {key: KiB}; versions: {part: version}."""
    lines = [profile, f"  {'':34}{'KiB':>9}{'budget':>9}{'left':>7}"]
    for name, words, key in FIGURES:
        if name not in figures:
            lines.append(f"  {words:34}{'not built':>9}")
            continue
        row = f"  {words:34}{kib(figures[name]):>9}"
        if key:
            row += f"{budgets[key]:>9,}{(budgets[key] * 1024 - figures[name]) * 100 // (budgets[key] * 1024):>6}%"
        lines.append(row)
    whole = figures.get("squashfs_bytes") or sum(part["packed_bytes"] for part in figures["parts"]) or 1
    lines += ["", f"  {'largest of the root file system':34}{'KiB':>9}{'packed':>9}{'share':>7}  (packed: estimated)"]
    shown = [(named(part["name"], versions), part["bytes"], part["packed_bytes"]) for part in figures["parts"][:PARTS_SHOWN]]
    others = figures["target_bytes"] - sum(row[1] for row in shown), max(0, whole - sum(row[2] for row in shown))
    if others[0] > 0:
        shown.append(("all others", *others))
    lines += [f"  {name:34}{kib(size):>9}{kib(packed):>9}{packed * 100 // whole:>6}%" for name, size, packed in shown]
    return "\n".join(lines)


def named(part, versions):
    """A part with its version, in at most 33 characters."""
    return f"{part[:22]} {versions.get(part, '')[:10]}".strip()


def versions_in(document):
    """{component: version} of a list of contents."""
    rows = document.get("components")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {row["name"]: row["version"] for row in rows if isinstance(row.get("name"), str) and isinstance(row.get("version"), str)}


def passed(profile, figures, budgets):
    """A sentence for each budget that the figures pass."""
    return [
        f"The {words.partition(' (')[0]} of {profile} is {kib(figures[name])} KiB, {kib(figures[name] - budgets[key] * 1024)} KiB over its "
        f"budget: take something out, or raise {key} in hw_profiles/{profile}.toml with a reason."
        for name, words, key in FIGURES
        if key and name in figures and figures[name] > budgets[key] * 1024
    ]


def main(words):
    """Measure, merge, print, compare; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="Buildroot's images folder")
    parser.add_argument("--target", type=Path, required=True, help="Buildroot's target folder")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--out", type=Path, required=True, help="size.json; the figures of other profiles in it stay")
    parser.add_argument("--card", type=Path, help="the compressed card image, where it is not sdcard.img.xz among the images")
    parser.add_argument("--contents", type=Path, help="sbom.cdx.json, for the versions of the parts")
    options = parser.parse_args(words)
    try:
        limits = load(options.profile)
    except ProfileError as error:
        raise ReportError(str(error)) from None
    budgets = {key: getattr(limits.image, key) for *_, key in FIGURES if key and key.endswith("_kib")}
    budgets["boot_mib"] = limits.partition.boot_mib * 1024
    try:
        figures = measure(options.images, options.target, options.card, BOARDS / options.profile)
    except OSError as error:
        raise ReportError(f"{error.filename} cannot be read ({error.strerror}): is a build still running? Let it end first.") from None
    known = read_json(options.out, dict) if options.out.exists() else {}
    write_text(options.out, merged(known, limits.board.name, figures))
    versions = versions_in(read_json(options.contents, dict)) if options.contents else {}
    print(table(limits.board.name, figures, budgets, versions))
    problems = passed(limits.board.name, figures, budgets)
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReportError as error:
        sys.exit(f"leither: {error}")
