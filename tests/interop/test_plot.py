"""``leither ledger plot`` with the real matplotlib, which lives in an environment of its own."""

import json
import os
import site

import pytest

from tests.ledger.club import NOW, Club
from tests.own_environment import ROOT, python_of, run

pytestmark = pytest.mark.interop
STARTS = {"png": b"\x89PNG", "svg": b"<?xml"}


@pytest.mark.parametrize("kind", STARTS)
def test_a_books_growth_is_drawn(tmp_path, kind):
    from leither_edge.organization.book_folder import name_organization

    club = Club()
    with club.create(tmp_path / "book") as book:
        club.fill(book)
        for number in range(5):
            book.close_pulse([club.pay(number, number + 1, 5, book)], NOW + 86400 * number)
    name_organization(tmp_path / "book", club.id)
    # Its own packages first, then ours: it brings nothing else of what the command line needs.
    path = os.pathsep.join([str(ROOT), *site.getsitepackages()])
    environment = {**os.environ, "LEITHER_HOME": str(tmp_path / "home"), "PYTHONPATH": path}
    picture = tmp_path / f"growth.{kind}"
    words = ["-m", "leither_edge.cli", "ledger", "plot", "--book", str(tmp_path / "book"), "--out", str(picture), "--json"]
    said = json.loads(run(str(python_of("plot")), *words, env=environment, cwd=ROOT))
    assert (said["points"], said["from_pulse"], said["to_pulse"]) == (8, 0, 7)
    assert picture.read_bytes().startswith(STARTS[kind])
