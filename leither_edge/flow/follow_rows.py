"""Rows of what users have this node follow."""

from collections import namedtuple

from leither_edge.core.ids import ID_BYTES
from leither_edge.mimei.errors import NotFound

from .errors import Full
from .tables import FOLLOWS

SOURCES_MAX = 8
PROBLEM_MAX_CHARS = 300

# mid, user: 20 bytes. public_key: the user's. author: the author's public key, b"" where it was not known. sources: texts (see finding.py).
# since, asked: s, 0 for never. number: newest that was seen, None for none. problem: [code, sentence] of the last try, or None.
Follow = namedtuple("Follow", ("mid", "user", "public_key", "author", "sources", "since", "asked", "number", "problem"))


def read_follow(tx, mid, user):
    """The Follow of a user, or None."""
    row = tx.get(FOLLOWS, mid + user)
    return None if row is None else _follow(mid + user, row)


def scan_follows(tx, mid=b""):
    """Yields every Follow; of one MiMei where it is given."""
    for key, row in tx.scan(FOLLOWS, start=mid or None):
        if not key.startswith(mid):
            return
        yield _follow(bytes(key), row)


def put_follow(tx, follow, most):
    """Keeps a Follow; one that is there already gets the sources in front of its own. Args: most (rows). Raises Full. Returns it.

    Once a version has come, its author is known, whatever somebody who offers it says.
    """
    old = read_follow(tx, follow.mid, follow.user)
    if old is None and tx.count(FOLLOWS) >= most:
        raise Full(f"This node follows {most} MiMei already, as many as its profile lets it. Give one up first.")
    if old is not None:
        sources = tuple(dict.fromkeys((*follow.sources, *old.sources)))[:SOURCES_MAX]
        author = old.author if old.author and old.number is not None else follow.author or old.author
        follow = old._replace(sources=sources, author=author, public_key=follow.public_key)
    tx.put(FOLLOWS, follow.mid + follow.user, _row(follow))
    return follow


def change_follow(tx, mid, user, **changes):
    """Changes a Follow that is still there; returns it, or None."""
    old = read_follow(tx, mid, user)
    if old is None:
        return None
    new = old._replace(**changes)
    if new != old:
        tx.put(FOLLOWS, mid + user, _row(new))
    return new


def drop_follow(tx, mid, user):
    """Returns whether it was there. Raises NotFound."""
    if tx.get(FOLLOWS, mid + user) is None:
        raise NotFound("This is not followed here.")
    tx.delete(FOLLOWS, mid + user)


def problem_of(error):
    """[code, sentence] of an exception, to be kept."""
    return [str(getattr(error, "code", "failed"))[:40], str(error)[:PROBLEM_MAX_CHARS]]


def _row(follow):
    return [follow.public_key, follow.author, list(follow.sources), follow.since, follow.asked, follow.number, follow.problem]


def _follow(key, row):
    public_key, author, sources, since, asked, number, problem = row
    return Follow(key[:ID_BYTES], key[ID_BYTES:], bytes(public_key), bytes(author), tuple(sources), since, asked, number, problem)
