"""The index against a plain model that reads every document, in a real store."""

import random

import pytest

from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.search import index, query, rows, terms
from leither_edge.storage import open_store

A, B = b"a" * 20, b"b" * 20


@pytest.fixture
def tx(tmp_path):
    with open_store(tmp_path, 1 << 25, rows.TABLES) as store, store.write() as tx:
        yield tx


def found(tx, text, **options):
    return [hit.path for hit in query.search(tx, text, **options)]


def tidy_all(tx, **options):
    steps = 1
    while index.tidy(tx, **options):
        steps += 1
    return steps


class Model:
    """Documents as sets of terms."""

    def __init__(self):
        self.documents = {}

    def search(self, words):
        return {path for path, held in self.documents.items() if all(word in held for word in words)}


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_what_a_reader_of_everything_finds(tx, seed):
    dice = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(400)]
    model = Model()
    for step in range(600):
        path = f"/{dice.randrange(250)}"
        if dice.random() < 0.2:
            assert index.remove(tx, A, path) is (model.documents.pop(path, None) is not None)
        else:
            words = dice.choices(vocabulary, weights=range(400, 0, -1), k=dice.randrange(1, 30))
            index.put(tx, A, path, words[0], (), " ".join(words))
            model.documents[path] = set(words)
        if dice.random() < 0.15:
            index.tidy(tx)
        if step % 10 == 0:
            asked = dice.choices(vocabulary[:60], k=dice.randrange(1, 4))
            assert set(found(tx, " ".join(asked), limit=1000)) == model.search(asked)
    assert rows.read_state(tx).documents == len(model.documents)
    tidy_all(tx, all_of_it=True)
    state = rows.read_state(tx)
    assert (state.fresh, state.fresh_bytes, state.upto, state.swept) == (0, 0, 0, None)
    for word in vocabulary[:80]:
        assert set(found(tx, word, limit=1000)) == model.search([word])
        assert set(found(tx, f"w12* -{word}", limit=1000)) == {
            path for path, held in model.documents.items() if word not in held and any(one.startswith("w12") for one in held)
        }


def test_what_is_gone_leaves_no_rows_behind(tx, monkeypatch):
    monkeypatch.setattr(index, "_ROWS_A_STEP", 7)
    monkeypatch.setattr(index, "_BYTES_A_STEP", 90)
    for number in range(200):
        index.put(tx, A if number % 2 else B, f"/{number}", "", ("all",), f"common{number % 50} x{number}")
    assert tidy_all(tx, all_of_it=True) > 5
    assert rows.read_state(tx).fresh == 0
    before = tx.count(rows.TERMS)
    assert index.remove_under(tx, A, most=30) == 30
    assert index.remove_under(tx, A, "/") == 70
    assert found(tx, "x7") == [] and found(tx, "x8") == ["/8"]
    assert tidy_all(tx) > 5
    assert rows.read_state(tx).gone == 0
    assert tx.count(rows.TERMS) < before * 2 // 3
    assert query.tags(tx) == [("all", 100)]
    index.remove_under(tx, B)
    tidy_all(tx)
    assert (tx.count(rows.TERMS), tx.count(rows.DOCUMENTS), tx.count(rows.NUMBERS)) == (1, 0, 0)


def test_searches_see_every_document_while_terms_are_merged(tx, monkeypatch):
    monkeypatch.setattr(index, "_BYTES_A_STEP", 30)
    for number in range(40):
        index.put(tx, A, f"/{number}", "", (), f"alpha beta{number % 7} gamma{number} omega")
    while True:
        for word in ("alpha", "omega", "alpha omega"):
            assert len(found(tx, word, limit=100)) == len({*found(tx, word, limit=100)}) == rows.read_state(tx).documents
        assert found(tx, "gamma1") == (["/1"] if rows.read_state(tx).documents < 41 else ["/new"])
        more = index.tidy(tx, all_of_it=True)
        if rows.read_state(tx).merged > b"gamma2" and index.mark_of(tx, A, "/new") is None:
            index.remove(tx, A, "/1")
            index.put(tx, A, "/new", "", (), "alpha gamma1 omega")
            index.put(tx, A, "/more", "", (), "alpha omega")
        if not more:
            break
    assert sorted(found(tx, "alpha omega", limit=100)) == sorted([f"/{n}" for n in range(40) if n != 1] + ["/new", "/more"])


def test_titles_and_tags_count_more_than_text_and_rare_words_more_than_common_ones(tx):
    for number in range(30):
        index.put(tx, B, f"/{number}", "note", (), "the common word " * 5)
    index.put(tx, A, "/text", "other", (), "harbour " + "filler " * 40)
    index.put(tx, A, "/title", "harbour", (), "filler " * 40)
    index.put(tx, A, "/tag", "other", ("Harbour",), "filler " * 40)
    assert found(tx, "harbour") == ["/tag", "/title", "/text"]
    assert found(tx, "#harbour") == found(tx, "tag:HARBOUR") == ["/tag"]
    assert [hit.title for hit in query.search(tx, "harbour", limit=1)] == ["other"]
    assert found(tx, "harbour", may_see=lambda mid: mid == B) == []
    assert len(found(tx, "common", limit=5)) == 5
    scores = [hit.score for hit in query.search(tx, "harbour")]
    assert scores == sorted(scores, reverse=True) and scores[-1] > 0


def test_the_same_again_is_no_work_and_another_takes_its_place(tx):
    assert index.put(tx, A, "/a", "first", (), "one", b"label 1")
    assert not index.put(tx, A, "/a", "first", (), "one", b"label 1")
    assert index.put(tx, A, "/a", "second", (), "two", b"label 2")
    assert found(tx, "first") == found(tx, "one") == []
    assert query.search(tx, "two") == [query.Hit(A, "/a", query.search(tx, "two")[0].score, "second")]
    assert index.mark_of(tx, A, "/a") == b"label 2"
    assert not index.remove(tx, A, "/never")


@pytest.mark.parametrize(
    ("text", "asked", "is_found"),
    [
        ("Straße nach München", "STRASSE munchen", True),
        ("cafe\u0301 noir", "café", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
        ("分布式数据库系统", "数据库", True),
        ("分布式数据库系统", "库", True),
        ("分布式数据库系统", "统", True),
        ("分布式数据库系统", "系数", False),
        ("LeitherOS分布式v2", "分布式v2", True),
        ("LeitherOS分布式v2", "leitheros", True),
        ("ไทยแลนด์", "แลนด์", True),
        ("e-mail_address 3.14", "mail 14", True),
        ("a" * 100, "a" * 100, True),
        ("harbour", "harb*", True),
        ("harbour", "harb", False),
        ("harbour town", "harbour -town", False),
    ],
)
def test_words_of_many_scripts(tx, text, asked, is_found):
    index.put(tx, A, "/a", "", (), text)
    assert found(tx, asked) == (["/a"] if is_found else [])
    tidy_all(tx, all_of_it=True)
    assert found(tx, asked) == (["/a"] if is_found else [])


@pytest.mark.parametrize("asked", ["", "   ", "-not", "#", "***", "x" * 401, " ".join("abcdefghijklmnopq")])
def test_questions_that_cannot_be_asked(tx, asked):
    with pytest.raises(BadInput):
        query.search(tx, asked)


def test_tags_are_listed_in_their_order(tx):
    for number, words in enumerate((("Music", "Jazz club"), ("music",), ("Museum", "a\0b\1c"))):
        index.put(tx, A, f"/{number}", "", words)
    for _ in range(2):
        assert query.tags(tx) == [("a b c", 1), ("jazz club", 1), ("museum", 1), ("music", 2)]
        assert query.tags(tx, "MUS", limit=1) == [("museum", 1)]
        tidy_all(tx, all_of_it=True)


def test_what_comes_from_outside_is_bounded(tx):
    index.put(tx, A, "/" + "p" * 5000, "t" * 9, ("x" * 9000, "\U0001f600" * 300), " ".join(f"u{number}" for number in range(9000)))
    tidy_all(tx, all_of_it=True)
    assert tx.count(rows.TERMS) < terms.TERMS_MAX + 10
    assert len(found(tx, "t" * 9)) == 1


def test_a_full_index_leaves_texts_out_and_then_documents(tx):
    texts = [" ".join(f"{number}u{word}" for word in range(200)) for number in range(150)]
    for number, text in enumerate(texts):
        index.put(tx, A, f"/{number}", f"name {number}", (), text, bytes_max=1 << 19)
        tidy_all(tx, all_of_it=True)
    assert found(tx, "0u0") == ["/0"] and found(tx, "149u0") == [] and found(tx, "name 149") == ["/149"]
    assert (1 << 19) * 3 // 4 < index.size_of(tx, rows.read_state(tx)) < (1 << 19) * 5 // 4
    assert index.put(tx, A, "/149", "other", bytes_max=1 << 17)
    assert found(tx, "name 149") == found(tx, "other") == []
    assert not index.put(tx, A, "/149", "other", bytes_max=1 << 17)


def test_text_of_files():
    assert terms.text_of("naïve".encode()) == "naïve"
    assert terms.text_of(("x" * (terms.TEXT_MAX_BYTES - 1) + "é").encode()) == "x" * (terms.TEXT_MAX_BYTES - 1)
    assert terms.words(terms.text_of(b"<html><p class='a'>One<b>two</b> three")) == ["one", "two", "three"]
    assert terms.text_of(b"GIF89a\0") is terms.text_of(b"\xff\xfe\xfa\xf0abc") is None
    assert terms.text_of(b"") == ""
