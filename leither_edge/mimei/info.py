"""What a MiMei is: its id, who made it, what it holds.

The id is the first 20 bytes of the SHA-256 of the deterministic CBOR of [author id, app type, ext, mark]: the same words of
the same author name the same MiMei. Its row is [author's public key, app type, ext, mark, data type, created, masks of
author, member and guest, tags].
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.core.ids import ID_BYTES, id_from_text, key_id
from leither_edge.core.sha256 import sha256

from .errors import BadInput
from .rights import Masks

FILE, FILES, DATABASE, STREAM = DATA_TYPES = (1, 2, 3, 4)
TYPE_NAMES = {FILE: "file", FILES: "files", DATABASE: "database", STREAM: "stream"}
AUTO_MARK = "{{auto}}"
WORD_MAX_CHARS = 256
TAGS_MAX = 64
TAG_MAX_CHARS = 64

CUR, LAST, RELEASE = "cur", "last", "release"

# author: 20 bytes. created: s. right, member_right, author_right: masks of guests, members, author; allowed: mask of who asks.
# last, release: numbers or None. next: number that the next version gets. ancestor: manifest label of a fork's origin or None.
# changed: when cur last changed, s (not of databases, which change a thousand times a second).
MiMeiInfo = namedtuple(
    "MiMeiInfo",
    ("mid", "author", "app_type", "ext", "mark", "data_type", "created", "right", "member_right", "author_right", "allowed", "last",
     "release", "next", "ancestor", "tags", "changed"),
)  # fmt: skip

# What the row holds. public_key: the author's, 32 bytes. masks: rights.Masks.
Identity = namedtuple("Identity", ("public_key", "app_type", "ext", "mark", "data_type", "created", "masks", "tags"))


def mid_of(author, app_type, ext, mark):
    """The id (20 bytes) of a MiMei. Args: author (20 bytes), the others texts."""
    return sha256(cbor.encode([author, app_type, ext, mark])).digest()[:ID_BYTES]


def check_words(app_type, ext, mark, data_type):
    """Refuses what no MiMei can be made of. Raises BadInput."""
    for name, word in (("app type", app_type), ("ext", ext), ("mark", mark)):
        if not isinstance(word, str) or len(word) > WORD_MAX_CHARS or not _is_text(word):
            raise BadInput(f"The {name} of a MiMei is a text of at most {WORD_MAX_CHARS} characters.")
    if data_type not in DATA_TYPES or isinstance(data_type, bool):
        raise BadInput("The type of data is 1 (file), 2 (files), 3 (database) or 4 (stream).")


def check_id(value, what="The id of a MiMei"):
    """The 20 bytes of an id given as bytes or as text. Raises BadInput."""
    if isinstance(value, bytes) and len(value) == ID_BYTES:
        return value
    if isinstance(value, str):
        try:
            return id_from_text(value)
        except ValueError:
            pass
    raise BadInput(f"{what} is 20 bytes, or 27 letters, digits, - and _.")


def check_tags(tags):
    """The tags as a sorted list without doubles. Raises BadInput."""
    found = sorted(set(tags)) if isinstance(tags, (list, tuple, set)) and all(isinstance(tag, str) for tag in tags) else None
    if found is None or len(found) > TAGS_MAX or not all(0 < len(tag) <= TAG_MAX_CHARS and _is_text(tag) for tag in found):
        raise BadInput(f"Tags are at most {TAGS_MAX} texts of 1 to {TAG_MAX_CHARS} characters.")
    return found


def write_identity(identity):
    """The row of an Identity."""
    return [*identity[:6], list(identity.masks), list(identity.tags)]


def read_identity(row):
    """The Identity of a row."""
    return Identity(*row[:6], Masks(*row[6]), tuple(row[7]))


def author_of(identity):
    """The author's id, 20 bytes."""
    return key_id(identity.public_key)


def _is_text(word):
    try:
        word.encode()
    except UnicodeError:
        return False
    return "\0" not in word
