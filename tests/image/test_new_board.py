"""The README's example of a new board, taken literally: three copies and the lines of its table."""

import difflib
import re
import shutil
from pathlib import Path

from image.check import __main__ as image_check

ROOT = Path(__file__).resolve().parents[2]
COPY = re.compile(r"^    cp (?:-r )?(\S+) (\S+)$", re.M)
LINE = re.compile(r"^\| `(\S+)` \| `(.+?)` \|", re.M)


def said_before(line, lines):
    """The one of ``lines`` that says the same of the board they were copied from: by its key, else the most alike."""
    key = re.match(r'"?\w+"? ?[=:]', line)
    found = [one for one in lines if one.strip().startswith(key[0])] if key else difflib.get_close_matches(line, lines, 1)
    assert len(found) == 1, (line, found)
    return found[0]


def test_the_readmes_new_board_is_in_order_after_three_copies(tmp_path, monkeypatch):
    for name in ("image", "hw_profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "README.md").read_text().partition("A new board touches three places")[2]
    copies, lines = COPY.findall(text), LINE.findall(text)
    assert len(copies) == 3 and lines
    for source, target in copies:
        (shutil.copytree if (tmp_path / source).is_dir() else shutil.copy)(tmp_path / source, tmp_path / target)
    for name, line in lines:
        assert any(name.startswith(target) for _, target in copies)
        path = tmp_path / name
        old = path.read_text().split("\n")
        like = said_before(line, old)
        path.write_text("\n".join(line if one == like else one for one in old))
    monkeypatch.setattr(image_check, "CHECKOUT", tmp_path)
    assert image_check.main(["--write"]) == 0
    assert [str(finding) for finding in image_check.check(tmp_path)] == []
    made = (tmp_path / "image/configs/orange-pi-one_defconfig").read_text()
    assert all(line in made for name, line in lines if name.endswith(".config")) and "orangepi-r1" not in made
