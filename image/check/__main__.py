"""Check the image's tree: fragments, defconfigs, names, boards, sizes, scripts. `--write` makes the defconfigs anew."""

import argparse
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
if not __package__:  # started as `python image/check`
    sys.path.insert(0, str(CHECKOUT))

from image import layout  # noqa: E402
from image.check import boards, defconfigs, fragments, names, scripts, sizes  # noqa: E402
from image.check.finding import CheckError, read_text, report  # noqa: E402
from leither_edge.profile import load  # noqa: E402


def read_tree(tree, shown):
    """(fragments, choices, findings): the fragments, and each board's choice of them."""
    known, findings = fragments.read_all(tree, shown)
    choices = []
    for path in sorted((tree / "board").glob("*/fragments")):
        choice, found = fragments.choose(path.parent.name, shown(path), read_text(path), known)
        choices.append(choice)
        findings += found
    return known, choices, findings


def check(checkout):
    """Findings for a whole checkout."""
    tree = checkout / "image"

    def shown(path):
        return path.relative_to(checkout).as_posix()

    known, choices, findings = read_tree(tree, shown)
    profiles = {path.stem: path for path in sorted((checkout / "hw_profiles").glob("*.toml"))}
    findings += fragments.unused(known, choices)
    findings += defconfigs.check(tree, shown, choices, known)
    findings += names.check(tree, shown, known)
    findings += boards.check(tree, shown, profiles, choices, known, layout.pairs, fragments.settings_of)
    findings += sizes.check(tree, shown, layout, load, profiles, known)
    return findings + scripts.check(tree, shown)


def main(words):
    """Check or write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m image.check", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="make the defconfigs anew from the fragments")
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    options = parser.parse_args(words)
    if options.write:
        known, choices, _ = read_tree(CHECKOUT / "image", str)
        for path in defconfigs.write(CHECKOUT / "image", choices, known):
            print(f"wrote {path.relative_to(CHECKOUT)}")
        return 0
    code = report(check(CHECKOUT), options.json)
    if not code and not options.json:
        print("The image's tree is in order.")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        print(f"leither: {error}", file=sys.stderr)
        sys.exit(2)
