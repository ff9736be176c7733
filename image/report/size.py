"""Sizes of a built image: into size.json by profile, as a table, against the budgets of the profile.

    python -m image.report.size --images DIR --target DIR --profile NAME --out build/size.json [--card sdcard.img.xz]

Exit 1 when a budget is passed. What is not built has no figure and says so.
"""

import argparse
import json
import sys
from pathlib import Path

from leither_edge.profile import ProfileError, load

from . import parts
from .source import ReportError, read_json, write_text

KERNELS = ("zImage", "Image.gz", "Image", "uImage", "bzImage")
PARTS_SHOWN = 20
# Figure, its words, the key of its budget.
FIGURES = (
    ("squashfs_bytes", "root file system (squashfs)", "squashfs_max_kib"),
    ("kernel_bytes", "kernel", "kernel_max_kib"),
    ("card_xz_bytes", "card image, compressed", "card_xz_max_kib"),
    ("modules_bytes", "kernel modules, unpacked", None),
    ("target_bytes", "root file system, unpacked", None),
)


def measure(images, target, card):
    """Figures of one build; those of files that are not there are missing. Raises ReportError where there is no build at all.

    card: the compressed card image, which must be there; None for sdcard.img.xz among the images, if it is there.
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
    modules = target / "lib" / "modules"
    figures["modules_bytes"] = sum(size for *_, size in parts.files(modules)) if modules.is_dir() else 0
    figures["target_bytes"] = sum(size for *_, size in parts.files(target))
    found = parts.parts(target, parts.package_list(target), figures.get("squashfs_bytes", 0))
    figures["parts"] = [{"name": part.name, "bytes": part.bytes, "packed_bytes": part.packed} for part in found[:PARTS_SHOWN]]
    return figures


def merged(known, profile, figures):
    """Text of size.json with the figures of one profile put in."""
    return json.dumps({**known, profile: figures}, indent=1, sort_keys=True) + "\n"


def kib(count):
    """Whole KiB, rounded up, with commas."""
    return f"{-(-count // 1024):,}"


def table(profile, figures, budgets):
    """The report for people. budgets: {key: KiB}."""
    lines = [profile, f"  {'':32}{'KiB':>9}{'budget':>9}{'left':>7}"]
    for name, words, key in FIGURES:
        if name not in figures:
            lines.append(f"  {words:32}{'not built':>9}")
            continue
        row = f"  {words:32}{kib(figures[name]):>9}"
        if key:
            row += f"{budgets[key]:>9,}{(budgets[key] * 1024 - figures[name]) * 100 // (budgets[key] * 1024):>6}%"
        lines.append(row)
    lines += ["", f"  {'largest parts':32}{'KiB':>9}{'packed, about':>16}"]
    lines += [f"  {part['name'][:31]:32}{kib(part['bytes']):>9}{kib(part['packed_bytes']):>16}" for part in figures["parts"]]
    return "\n".join(lines)


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
    options = parser.parse_args(words)
    try:
        limits = load(options.profile)
    except ProfileError as error:
        raise ReportError(str(error)) from None
    budgets = {key: getattr(limits.image, key) for *_, key in FIGURES if key}
    try:
        figures = measure(options.images, options.target, options.card)
    except OSError as error:
        raise ReportError(f"{error.filename} cannot be read ({error.strerror}): is a build still running? Let it end first.") from None
    known = read_json(options.out, dict) if options.out.exists() else {}
    write_text(options.out, merged(known, limits.board.name, figures))
    print(table(limits.board.name, figures, budgets))
    problems = passed(limits.board.name, figures, budgets)
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReportError as error:
        sys.exit(f"leither: {error}")
