"""The tables of the index, and how documents and lists of postings become rows.

    search_numbers     mid, path; of one over 400 bytes the         number (4), mark
                       first 368 and its sha256
    search_documents   number (4)                                  length (2), mid (20), path, 00, title
    search_terms       00                                          state
                       00, number (4)                              a new document: 00, term, 01, count of each term, sorted
                       term, 00, number (4)                        postings: of each document how far its number is above the one
                                                                   before, first above the row's (as varint), and count (1)

Numbers rise with time and are never used twice. A document that is put anew or removed loses its row, and its postings are passed over.
"""

from collections import namedtuple

import cbor2

from leither_edge.core.sha256 import sha256
from leither_edge.storage import Table

NUMBERS = Table("search_numbers", "bytes", "bytes")
DOCUMENTS = Table("search_documents", "bytes", "bytes")
TERMS = Table("search_terms", "bytes", "bytes")
TABLES = (NUMBERS, DOCUMENTS, TERMS)

MID_BYTES = 20
POSTINGS_MAX = 400
_PATH_MAX_BYTES = 400
_STATE_KEY = b"\0"
_LENGTH_MAX = 0xFFFF

# next: number of the next document; documents, length: how many live and how many terms they have in all; fresh, fresh_bytes: new ones
# not yet in postings; gone: documents that left postings behind. upto, merged: new documents below this number are in the postings of
# terms up to this one; upto 0: nothing is under way. swept: where the search for dead postings is, None: nowhere; leaving: gone before.
State = namedtuple("State", "next documents length fresh fresh_bytes gone upto merged swept leaving")
# length: in terms.
Document = namedtuple("Document", "length mid path title")


def read_state(tx):
    """The State of the index."""
    row = tx.get(TERMS, _STATE_KEY)
    return State(1, 0, 0, 0, 0, 0, 0, b"", None, 0) if row is None else State(*cbor2.loads(row))


def write_state(tx, state):
    """Keep the State."""
    tx.put(TERMS, _STATE_KEY, cbor2.dumps(tuple(state)))


def name_of(mid, path):
    """The key of a document: mid (20 bytes), path (text, "" for the MiMei itself)."""
    path = path.encode()
    if len(path) > _PATH_MAX_BYTES:
        path = path[: _PATH_MAX_BYTES - 32] + sha256(path).digest()
    return mid + path


def number_key(number):
    """A number as it stands in keys."""
    return number.to_bytes(4, "big")


def write_document(tx, number, document):
    """Keep a Document."""
    path, title = document.path.replace("\0", " "), document.title.replace("\0", " ")
    length = min(document.length, _LENGTH_MAX).to_bytes(2, "big")
    tx.put(DOCUMENTS, number_key(number), length + document.mid + path.encode() + b"\0" + title.encode())


def read_document(tx, number):
    """The Document of a number, None if it is gone."""
    row = tx.get(DOCUMENTS, number_key(number))
    return None if row is None else unpack_document(row)


def unpack_document(row):
    """The Document in a row, which begins with its length and its mid."""
    path, _, title = row[2 + MID_BYTES :].partition(b"\0")
    return Document(int.from_bytes(row[:2], "big"), row[2 : 2 + MID_BYTES], path.decode(), title.decode())


def fresh_key(number):
    """The key of a new document's terms."""
    return _STATE_KEY + number_key(number)


def pack_fresh(counts):
    """The terms of a new document: counts ({term: count})."""
    return b"".join(b"\0%b\1%c" % pair for pair in sorted((term.encode(), count) for term, count in counts.items()))


def fresh_rows(tx):
    """[(number, its terms)] of the new documents."""
    found = []
    for key, value in tx.scan(TERMS, start=fresh_key(0)):
        if key[:1] != _STATE_KEY:
            break
        found.append((int.from_bytes(key[1:], "big"), value))
    return found


def count_in(fresh, term):
    """How often a new document has a term (bytes)."""
    at = fresh.find(b"\0" + term + b"\1")
    return 0 if at < 0 else fresh[at + len(term) + 2]


def postings_key(term, number):
    """The key of a row of postings of a term (bytes)."""
    return term + b"\0" + number_key(number)


def split_postings_key(key):
    """(term, number) of a key of postings."""
    return key[:-5], int.from_bytes(key[-4:], "big")


def pack_postings(first, postings):
    """The postings [(number, count)] of a row whose key has the number ``first``."""
    out = bytearray()
    for number, count in postings:
        step = number - first
        first = number
        while step > 0x7F:
            out.append(step & 0x7F | 0x80)
            step >>= 7
        out.append(step)
        out.append(count)
    return bytes(out)


def unpack_postings(first, row):
    """([number], [count]) of a row of postings."""
    numbers, counts = [], []
    at, size = 0, len(row)
    while at < size:
        step = row[at]
        at += 1
        if step > 0x7F:
            step &= 0x7F
            shift = 7
            while row[at] > 0x7F:
                step |= (row[at] & 0x7F) << shift
                shift += 7
                at += 1
            step |= row[at] << shift
            at += 1
        first += step
        numbers.append(first)
        counts.append(row[at])
        at += 1
    return numbers, counts
