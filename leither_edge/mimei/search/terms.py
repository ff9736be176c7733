"""Text into the terms that it is found by.

A word is a run of letters and digits, without case (Unicode's case folding) and without the accents of Latin letters. Scripts that
write no spaces, as Chinese, become pairs of neighbouring characters and the last one alone, so that any two characters of a name
find it. A tag is one term as a whole, behind "#".
"""

# Characters of a word that count.
TERM_CHARS_MAX = 32
TERMS_MAX = 4000
# So often at most is a term counted in a document.
COUNT_MAX = 255
TEXT_MAX_BYTES = 256 << 10
TAG = "#"

_PLAIN = str.maketrans(
    "àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥħìíîïĩīĭįıĵķĺļľłñńņňòóôõöøōŏőŕŗřśŝşšţťùúûüũūŭůűųŵýÿŷźżž",
    "aaaaaaaaacccccddeeeeeeeeegggghhiiiiiiiiijkllllnnnnooooooooorrrssssttuuuuuuuuuuwyyyzzz",
)
# Thai to Khmer's end, Hiragana and Katakana, Han and what surrounds them.
_NO_SPACES = ((0x0E01, 0x109F), (0x1780, 0x17FF), (0x3041, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_PAIRED = "\x01"
_TAG_CHARS_MAX = 64
# These separate terms in rows.
_NO_MARKS = {0: " ", 1: " ", 2: " "}


class _Letters(dict):
    """What each character becomes: itself, without an accent, nothing, a space, or marked as one of a script without spaces."""

    def __missing__(self, code):
        letter = chr(code)
        if 0x300 <= code < 0x370:
            become = None
        elif any(first <= code <= last for first, last in _NO_SPACES):
            become = _PAIRED + letter + _PAIRED if letter.isalnum() or code < 0x1800 else " "
        else:
            become = code if letter.isalnum() else " "
        # Bounded, as texts come from anywhere.
        if len(self) < 4096:
            self[code] = become
        return become


_LETTERS = _Letters(_PLAIN)


def words(text):
    """[term] of a text in their order, repeats included."""
    found = text.casefold().translate(_LETTERS).split()
    if any(_PAIRED in word for word in found):
        found = [term for word in found for term in (_pairs(word) if _PAIRED in word else (word,))]
    return [word if len(word) <= TERM_CHARS_MAX else word[:TERM_CHARS_MAX] for word in found]


def is_paired(word):
    """True for a term of a script without spaces."""
    return any(first <= ord(word[0]) <= last for first, last in _NO_SPACES)


def _pairs(word):
    # A character of such a script stands between two marks, so it is every second part; words are between.
    run = ""
    for number, part in enumerate(word.split(_PAIRED)):
        if number & 1:
            run += part
        elif part:
            yield from _pairs_of(run)
            run = ""
            yield part
    yield from _pairs_of(run)


def _pairs_of(run):
    for at in range(len(run)):
        yield run[at : at + 2]


def tag_term(tag):
    """The term of a tag as a whole."""
    return TAG + " ".join(tag.casefold().translate(_NO_MARKS).split())[:_TAG_CHARS_MAX]


def counted(title, tags, text):
    """({term: count up to 255}, length in terms) of a document; words of tags count six times, those of the title four times."""
    counts = {}
    length = 0
    for part, weight in ((title, 4), *((tag, 6) for tag in tags), (text, 1)):
        found = words(part)
        length += len(found)
        for word in found:
            counts[word] = counts.get(word, 0) + weight
    if len(counts) > TERMS_MAX:
        often = sorted(counts.values())[-TERMS_MAX]
        counts = {word: count for word, count in counts.items() if count >= often}
        counts = dict(list(counts.items())[:TERMS_MAX])
    for tag in tags:
        counts[tag_term(tag)] = 1
    return {word: min(count, COUNT_MAX) for word, count in counts.items()}, length


def text_of(data):
    """The text in a file's first bytes, None if it holds none. data: at most TEXT_MAX_BYTES of it are looked at."""
    data = data[:TEXT_MAX_BYTES]
    if b"\0" in data:
        return None
    # A character may be cut at the end.
    for cut in range(min(4, len(data) + 1)):
        try:
            text = str(data[: len(data) - cut], "utf-8")
        except UnicodeError:
            continue
        return _without_marks(text) if text.lstrip()[:1] == "<" else text
    return None


def _without_marks(text):
    """HTML and XML without what stands in angle brackets."""
    pieces = text.split("<")
    return " ".join(piece.partition(">")[2] for piece in pieces[1:])
