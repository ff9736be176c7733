"""Commands about content: which database, its versions."""

from leither_edge.core.ids import id_to_text
from leither_edge.mimei.database.replies import OK, ErrorReply, Status, wrong_arity
from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.version_calls import first_changes

from .connection import Later

# Changes that one LEITHER.DIFF tells unless asked for more, and at most; fewer where they are large.
DIFF_COUNT, DIFF_COUNT_MAX = 1000, 100_000


def select(client, words):
    """SELECT number: a database of one's own. SELECT id[@version]: any that one may read; a version is read only."""
    word = words[1]
    if client.in_exec or word.lstrip(b"-").isdigit():
        refusal = _check_number(client, word)
        if refusal is None:
            client.selector = word
            client.leave_place()
        return refusal or OK

    def opened(place):
        client.selector = word
        client.take(place)
        return OK

    return Later(lambda: client.shared.places.open(client.session, word), opened)


def _is_number(word):
    # As Redis reads one: "00" would name another content than "0".
    return len(word) < 20 and word.removeprefix(b"-").isdigit() and word == b"%d" % int(word)


def _check_number(client, word):
    if not _is_number(word):
        return ErrorReply(b"ERR value is not an integer or out of range")
    if not 0 <= int(word) < client.shared.places.databases:
        return ErrorReply(b"ERR DB index is out of range")
    if client.in_exec:
        # A database that is not open yet cannot be waited for inside a transaction.
        return None if word == client.selector else ErrorReply(b"ERR SELECT of another database inside MULTI is not served")


def save(client, words):
    """SAVE, BGSAVE: a new version."""
    done = OK if words[0].lower() == b"save" else Status(b"Background saving started")
    return _with_mid(client, lambda library, session, mid: library.backup(session, mid), lambda version: done)


def backup(client, words):
    """LEITHER.BACKUP [memo]: a new version; its number."""
    if len(words) > 2:
        return wrong_arity(b"leither.backup")
    memo = _text(words[1]) if len(words) == 2 else ""
    return _with_mid(client, lambda library, session, mid: library.backup(session, mid, memo), lambda version: version.number)


def versions(client, words):
    """LEITHER.VERSIONS: number, time, memo and label of each, oldest first."""

    def told(found):
        return [
            {
                b"number": each.number, b"time": int(each.time), b"memo": each.memo.encode(), b"root": _label(each.root),
                b"last": int(each.is_last), b"release": int(each.is_release),
            }
            for each in found
        ]  # fmt: skip

    return _with_mid(client, lambda library, session, mid: library.versions(session, mid), told)


def last_save(client, words):
    """LASTSAVE: when the last version was made, s; 0 if there is none."""
    return _with_mid(
        client, lambda library, session, mid: library.versions(session, mid), lambda found: int(found[-1].time) if found else 0
    )


def restore(client, words):
    """LEITHER.RESTORE version: it is copied over what the database holds now."""
    version = _version(words[1])
    return _with_mid(client, lambda library, session, mid: library.restore(session, mid, version), lambda _: _renewed(client))


def _renewed(client):
    client.leave_place()
    return OK


def release(client, words):
    """LEITHER.RELEASE version"""
    version = _version(words[1])
    return _with_mid(client, lambda library, session, mid: library.release(session, mid, version), lambda _: OK)


def diff(client, words):
    """LEITHER.DIFF a [b [COUNT n]]: sign, key, type, member, old and new of what changed from a to b (the present, unless named)."""
    rest, count = words[1:], DIFF_COUNT
    if len(rest) > 2 and rest[-2].lower() == b"count":
        if not rest[-1].isdigit() or not 0 < int(rest[-1]) <= DIFF_COUNT_MAX:
            return ErrorReply(b"ERR value is out of range, must be positive")
        count = int(rest[-1])
        rest = rest[:-2]
    if len(rest) > 2:
        return wrong_arity(b"leither.diff")
    a, b = _version(rest[0]), _version(rest[1]) if len(rest) == 2 else "cur"

    def compare(library, session, mid):
        changes = first_changes(library.diff(session, mid, a, b), count)
        return [[change.kind.encode(), *change.what, change.old, change.new] for change in changes]

    return _with_mid(client, compare, lambda found: found)


def _with_mid(client, work, then):
    """A Later that does something with the database selected, made first if it must be."""
    session, places = client.session, client.shared.places

    def whole():
        place = places.make(session, client.selector)
        return work(places.library, session, place.mid)

    return Later(whole, then)


def _version(word):
    text = _text(word)
    return int(text) if text.isdigit() and len(text) < 18 else text


def _text(word):
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise BadInput("This is not proper UTF-8 text.") from None


def _label(root):
    from leither_edge.mimei.ipld import cid

    return cid.to_text(root).encode()


def mid(client, words):
    """LEITHER.ID: the 27 characters by which others select the database."""
    return _with_mid(client, lambda library, session, mid: mid, lambda mid: id_to_text(mid).encode())


# name, arity, flags, first key, last key, step, function
COMMANDS = (
    ("select", 2, "loading stale fast", 0, 0, 0, select),
    ("save", 1, "admin noscript no_multi", 0, 0, 0, save),
    ("bgsave", -1, "admin noscript no_multi", 0, 0, 0, save),
    ("lastsave", 1, "loading stale fast no_multi", 0, 0, 0, last_save),
    ("leither.backup", -1, "admin noscript no_multi", 0, 0, 0, backup),
    ("leither.diff", -2, "noscript no_multi", 0, 0, 0, diff),
    ("leither.id", 1, "noscript no_multi", 0, 0, 0, mid),
    ("leither.release", 2, "admin noscript no_multi", 0, 0, 0, release),
    ("leither.restore", 2, "admin noscript no_multi", 0, 0, 0, restore),
    ("leither.versions", 1, "noscript no_multi", 0, 0, 0, versions),
)
