"""Answers questions: documents with all the words, those first that the words fit best (BM25)."""

from collections import namedtuple
from heapq import heappush, heapreplace
from math import log

from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.search import rows, terms
from leither_edge.mimei.search.postings import Postings

# Of BM25: how soon more of the same word stops counting, how much long documents are held back.
_K1, _B = 1.2, 0.75
TEXT_MAX_CHARS = 400
TERMS_MAX = 16
# Words that a beginning stands for, and documents that have them.
_PREFIX_TERMS_MAX, _PREFIX_DOCUMENTS_MAX = 50, 10_000

# mid: 20 bytes; path: text, "" for the MiMei itself; score: higher fits better.
Hit = namedtuple("Hit", "mid path score title")
_Asked = namedtuple("_Asked", "term prefix excluded")


def search(tx, text, limit=20, may_see=None):
    """[Hit], best first. All words must be there.

    Args: text ("word", "wor*" for a beginning, "#tag" for a whole tag, "-word" for what must not be there), limit (hits at most),
    may_see (mid -> whether to show what is of it). Raises BadInput.
    """
    asked = parse(text)
    state = rows.read_state(tx)
    fresh = rows.fresh_rows(tx)
    wanted, excluded = [], []
    for one in asked:
        found = _prefixed(tx, state, fresh, one.term) if one.prefix else _exact(tx, state, fresh, one.term)
        if one.excluded:
            excluded.append(found)
        elif not found.count:
            return []
        else:
            wanted.append(found)
    # The rarest leads, the others follow it in leaps.
    wanted.sort(key=_count_of)
    weights = [log(1 + (state.documents - one.count + 0.5) / (one.count + 0.5)) if one.count <= state.documents else 0.1 for one in wanted]
    return _best(tx, wanted, excluded, weights, _B * _K1 / (max(state.length, 1) / max(state.documents, 1)), limit, may_see)


def _best(tx, wanted, excluded, weights, per_term, limit, may_see):
    """[Hit] of the documents that fit best. per_term: how much each term of a document's length holds it back."""
    row_of = tx.rows(rows.DOCUMENTS)
    best, least = [], 0
    shortest = _K1 * (1 - _B)
    parts = list(zip(weights, wanted, strict=True))
    for number in _in_all(wanted):
        if any(one.seek(number) == number for one in excluded):
            continue
        # What it would be worth if it were the shortest: most are then left unread.
        if least and _score(parts, shortest) <= least:
            continue
        row = row_of(rows.number_key(number))
        if row is None:
            continue
        score = _score(parts, shortest + per_term * int.from_bytes(row[:2], "big"))
        if score <= least or may_see is not None and not may_see(row[2 : 2 + rows.MID_BYTES]):
            continue
        if len(best) < limit:
            heappush(best, (score, -number, row))
        else:
            heapreplace(best, (score, -number, row))
        if len(best) == limit:
            least = best[0][0]
    hits = []
    for score, _, row in sorted(best, reverse=True):
        document = rows.unpack_document(row)
        hits.append(Hit(document.mid, document.path, round(score, 4), document.title))
    return hits


def _score(parts, held):
    total = 0
    for weight, one in parts:
        total += weight * one.times / (one.times + held)
    return total * (_K1 + 1)


def tags(tx, start="", limit=100):
    """[(tag, documents that have it)] that begin with ``start``, in their order."""
    prefix = terms.tag_term(start).encode()
    state = rows.read_state(tx)
    fresh = rows.fresh_rows(tx)
    found = []
    for term in _terms_from(tx, fresh, prefix, limit):
        count = _exact(tx, state, fresh, term.decode()).count
        found.append((term.decode()[1:], count))
    return found


def parse(text):
    """[_Asked] of a question. Raises BadInput."""
    if len(text) > TEXT_MAX_CHARS:
        raise BadInput(f"A question to the search has at most {TEXT_MAX_CHARS} characters.")
    asked = []
    for piece in text.split():
        excluded = piece[0] == "-" and len(piece) > 1
        piece = piece[excluded:]
        if piece.startswith((terms.TAG, "tag:")) and len(piece.lstrip(terms.TAG)) > 0:
            asked.append(_Asked(terms.tag_term(piece[1:] if piece[0] == terms.TAG else piece[4:]), False, excluded))
            continue
        found = terms.words(piece)
        for at, word in enumerate(found):
            lone = len(word) == 1 and terms.is_paired(word)
            # The last character of a run stands in the index alone, too; behind its pair it says nothing more.
            if lone and at and found[at - 1][1:] == word:
                continue
            asked.append(_Asked(word, lone or at == len(found) - 1 and piece.endswith("*"), excluded))
    if not any(not one.excluded for one in asked):
        raise BadInput("A question to the search needs a word that is to be found.")
    if len(asked) > TERMS_MAX:
        raise BadInput(f"A question to the search has at most {TERMS_MAX} words.")
    return asked


def _exact(tx, state, fresh, term):
    term = term.encode()
    # New documents below ``upto`` are in the postings of this term already.
    first = state.upto if term <= state.merged else 0
    new = [(number, count) for number, row in fresh if number >= first and (count := rows.count_in(row, term))]
    return Postings(tx, term, new)


def _prefixed(tx, state, fresh, term):
    times = {}
    for found in _terms_from(tx, fresh, term.encode(), _PREFIX_TERMS_MAX):
        one = _exact(tx, state, fresh, found.decode())
        while one.number is not None and len(times) < _PREFIX_DOCUMENTS_MAX:
            times[one.number] = max(times.get(one.number, 0), one.times)
            one.seek(one.number + 1)
    return Postings(tx, None, sorted(times.items()))


def _terms_from(tx, fresh, prefix, most):
    """The first terms that begin so, in postings and in new documents, sorted."""
    found = set()
    position = prefix
    while len(found) < most:
        key = next(iter(tx.keys(rows.TERMS, start=position)), None)
        if key is None or not key.startswith(prefix):
            break
        term = rows.split_postings_key(key)[0]
        found.add(term)
        position = term + b"\1"
    for _, row in fresh:
        at = row.find(b"\0" + prefix)
        while at >= 0 and len(found) < 2 * most:
            found.add(row[at + 1 : row.index(b"\1", at)])
            at = row.find(b"\0" + prefix, at + 1)
    return sorted(found)[:most]


def _in_all(wanted):
    """The numbers of documents that all have, rising; each of ``wanted`` then stands there."""
    first = wanted[0]
    number = first.number
    while number is not None:
        for one in wanted:
            reached = one.seek(number)
            if reached is None:
                return
            if reached > number:
                number = reached
                break
        else:
            yield number
            number = first.seek(number + 1)


def _count_of(found):
    return found.count
