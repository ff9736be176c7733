"""A small image tree in a folder, for tests to spoil."""

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def copy_of_the_tree(folder):
    """Copy what `make image-check` reads; returns the checkout's copy."""
    ignored = shutil.ignore_patterns("__pycache__", "tests", "check", "report")
    shutil.copytree(CHECKOUT / "image", folder / "image", ignore=ignored)
    shutil.copytree(CHECKOUT / "hw_profiles", folder / "hw_profiles")
    return folder


def change(path, old, new):
    """Replace one passage of a file that must be there."""
    text = path.read_text()
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def lines(findings):
    """Findings as they are printed."""
    return [str(finding) for finding in findings]
