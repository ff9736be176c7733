"""Puts documents into the index and takes them out, in small transactions.

A new document is one row at first, its terms side by side, which a search looks through. When there are many of them their terms
are merged into the postings, term by term in their order and some at a time: a page of postings is then written once for many
documents, where each document for itself would write a page for each of its words.
"""

from bisect import bisect_right

from leither_edge.mimei.search import rows
from leither_edge.mimei.search.rows import DOCUMENTS, NUMBERS, TERMS
from leither_edge.mimei.search.terms import counted

# Of the smallest store of our profiles a quarter.
BYTES_MAX = 24 << 20
_BYTES_A_ROW, _BYTES_A_TERM, _BYTES_A_DOCUMENT = 64, 3, 150
# New documents are merged once they are this many, then half of all, and at last so many or so much: each merge writes most of the
# postings, and each search looks through what is not merged yet.
_FRESH_MIN, _FRESH_MAX, _FRESH_MAX_BYTES = 64, 512, 1 << 19
# Dead postings are looked for when this share of all documents has gone.
_GONE_MIN, _GONE_SHARE = 64, 2
# Work of one call of tidy, a quarter of a second on a slow board, and documents that tell how their terms are spread.
_BYTES_A_STEP, _ROWS_A_STEP, _SAMPLE = 1 << 14, 50, 8


def put(tx, mid, path, title, tags=(), text="", mark=b"", bytes_max=BYTES_MAX):
    """Index a document, in place of what was there before; return whether that changed anything.

    Args: mid (20 bytes), path (text, "" for the MiMei itself), title (text), tags (texts), text (see terms.text_of), mark (bytes that
    change when it does, its label for example: then nothing is done for the same), bytes_max (of the index: over it texts are left out,
    over twice that whole documents).
    """
    name = rows.name_of(mid, path)
    known = tx.get(NUMBERS, name)
    if known is not None:
        if mark and known[4:] == mark:
            return False
        _drop(tx, name, known)
    state = rows.read_state(tx)
    size = size_of(tx, state)
    if size > 2 * bytes_max:
        return known is not None
    counts, length = counted(title, tags, "" if size > bytes_max else text)
    fresh = rows.pack_fresh(counts)
    tx.put(NUMBERS, name, rows.number_key(state.next) + mark)
    rows.write_document(tx, state.next, rows.Document(length, mid, path, title))
    tx.put(TERMS, rows.fresh_key(state.next), fresh)
    rows.write_state(
        tx,
        state._replace(
            next=state.next + 1, documents=state.documents + 1, length=state.length + length, fresh=state.fresh + 1,
            fresh_bytes=state.fresh_bytes + len(fresh),
        ),
    )  # fmt: skip
    return True


def remove(tx, mid, path):
    """Take a document out; return whether it was there."""
    name = rows.name_of(mid, path)
    known = tx.get(NUMBERS, name)
    if known is not None:
        _drop(tx, name, known)
    return known is not None


def remove_under(tx, mid, path="", most=1000):
    """Take out up to ``most`` of a MiMei's documents whose paths begin so; return how many they were."""
    begin = rows.name_of(mid, path)
    names = []
    for name in tx.keys(NUMBERS, start=begin):
        if not name.startswith(begin) or len(names) == most:
            break
        names.append(name)
    for name in names:
        _drop(tx, name, tx.get(NUMBERS, name))
    return len(names)


def size_of(tx, state):
    """Bytes that the index takes in the store, by estimate."""
    return tx.count(TERMS) * _BYTES_A_ROW + state.length * _BYTES_A_TERM + state.documents * _BYTES_A_DOCUMENT


def mark_of(tx, mid, path):
    """The mark that a document was put with, None if it is not there."""
    known = tx.get(NUMBERS, rows.name_of(mid, path))
    return None if known is None else known[4:]


def _drop(tx, name, known):
    number = int.from_bytes(known[:4], "big")
    state = rows.read_state(tx)
    document = rows.read_document(tx, number)
    fresh = tx.get(TERMS, rows.fresh_key(number))
    if fresh is not None:
        tx.delete(TERMS, rows.fresh_key(number))
        state = state._replace(fresh=state.fresh - 1, fresh_bytes=state.fresh_bytes - len(fresh))
    if fresh is None or number < state.upto:
        state = state._replace(gone=state.gone + 1)
    tx.delete(NUMBERS, name)
    tx.delete(DOCUMENTS, rows.number_key(number))
    rows.write_state(tx, state._replace(documents=state.documents - 1, length=state.length - document.length))


def tidy(tx, all_of_it=False):
    """Do a step of what is due: merge new documents, or delete postings of those that are gone; return whether there is more.

    all_of_it: merge what is new even if it is little.
    """
    before = state = rows.read_state(tx)
    if not state.upto and state.fresh and (all_of_it or _merge_is_due(state)):
        state = state._replace(upto=state.next, merged=b"")
    if state.upto:
        state = _merge_some(tx, state)
    elif state.swept is None and state.gone >= _GONE_MIN and state.gone * _GONE_SHARE >= state.documents:
        state = state._replace(swept=b"\1", leaving=state.gone)
    if not state.upto and state.swept is not None:
        state = _sweep_some(tx, state)
    if state != before:
        rows.write_state(tx, state)
    return bool(state.upto or state.swept is not None)


def _merge_is_due(state):
    many = min(max(_FRESH_MIN, state.documents // 2), _FRESH_MAX)
    return state.fresh >= many or state.fresh_bytes >= _FRESH_MAX_BYTES


def _merge_some(tx, state):
    """The state after the next terms of new documents became postings."""
    new = [(number, terms) for number, terms in rows.fresh_rows(tx) if number < state.upto]
    last = _last_of_step(new, state.merged)
    waiting = {}
    for number, terms in new:
        at, size = _place_behind(terms, state.merged) if state.merged else 0, len(terms)
        while at < size:
            end = terms.index(b"\1", at)
            term = terms[at + 1 : end]
            if last is not None and term > last:
                break
            waiting.setdefault(term, []).append((number, terms[end + 1]))
            at = end + 2
    for term in sorted(waiting):
        _append(tx, term, waiting[term])
    if last is not None:
        return state._replace(merged=last)
    size = 0
    for number, terms in new:
        tx.delete(TERMS, rows.fresh_key(number))
        size += len(terms)
    return state._replace(upto=0, merged=b"", fresh=state.fresh - len(new), fresh_bytes=state.fresh_bytes - size)


def _last_of_step(new, merged):
    """The last term of a step, as a few documents let expect where its bytes end; None if that is the last term of all."""
    whole = sum(len(terms) for _, terms in new)
    some = sorted({term[:-2] for _, terms in new[:: max(1, len(new) // _SAMPLE)] for term in terms.split(b"\0")[1:]})
    at = bisect_right(some, merged) + max(1, len(some) * _BYTES_A_STEP // max(whole, 1))
    return some[at] if at < len(some) else None


def _place_behind(terms, term):
    """The offset in a new document's terms where those above a term begin, at their 00."""
    low, high = 0, len(terms)
    while low < high:
        at = terms.rfind(b"\0", 0, (low + high) // 2 + 1)
        end = terms.index(b"\1", at)
        if terms[at + 1 : end] <= term:
            low = end + 2
        else:
            high = at
    return low


def _append(tx, term, postings):
    """Add postings of documents that are newer than all that the term has."""
    found = tx.floor(TERMS, rows.postings_key(term, 0xFFFFFFFF))
    if found is not None and found[0][:-4] == term + b"\0":
        first = rows.split_postings_key(found[0])[1]
        numbers, counts = rows.unpack_postings(first, found[1])
        room = rows.POSTINGS_MAX - len(numbers)
        if room > 0:
            added = rows.pack_postings(numbers[-1] if numbers else first, postings[:room])
            tx.put(TERMS, found[0], found[1] + added)
            postings = postings[room:]
    for at in range(0, len(postings), rows.POSTINGS_MAX):
        part = postings[at : at + rows.POSTINGS_MAX]
        tx.put(TERMS, rows.postings_key(term, part[0][0]), rows.pack_postings(part[0][0], part))


def _sweep_some(tx, state):
    """The state after dead postings were taken out of the next rows."""
    alive = {}
    left = _ROWS_A_STEP
    for key, row in tx.scan(TERMS, start=state.swept):
        if not left:
            return state._replace(swept=key)
        left -= 1
        first = rows.split_postings_key(key)[1]
        numbers, counts = rows.unpack_postings(first, row)
        kept = [pair for pair in zip(numbers, counts, strict=True) if _is_alive(tx, alive, pair[0])]
        if not kept:
            tx.delete(TERMS, key)
        elif len(kept) < len(numbers):
            tx.put(TERMS, key, rows.pack_postings(first, kept))
    return state._replace(swept=None, leaving=0, gone=state.gone - state.leaving)


def _is_alive(tx, alive, number):
    known = alive.get(number)
    if known is None:
        known = alive[number] = tx.get(DOCUMENTS, rows.number_key(number)) is not None
    return known
