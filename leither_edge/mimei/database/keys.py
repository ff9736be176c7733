"""Keys of any type."""

from .ending import ended_count
from .glob import literal_prefix, matches
from .layout import (
    DATA,
    HASH,
    KIND_NAMES,
    LIST,
    MIDDLE,
    PREFIX_BYTES,
    SET,
    SORTED_SET,
    STRING,
    key_rest,
    pack_u64,
)
from .numbers import integer
from .replies import NO_SUCH_KEY, OK, SYNTAX, Refusal, Status
from .some import WALK_MAX, between
from .state import key_count

# A rename copies too, as rows are named by their key.
COPY_MAX = 50_000


def delete(db, words):
    gone = 0
    for key in words[1:]:
        header = db.peek(key)
        if header is not None:
            db.remove(header)
            gone += 1
    return gone


def exists(db, words):
    return sum(db.peek(key) is not None for key in words[1:])


def type_(db, words):
    header = db.peek(words[1])
    return Status(KIND_NAMES[0 if header is None else header.kind])


def rename(db, words):
    only_new = words[0].lower() == b"renamenx"
    header = db.peek(words[1])
    if header is None:
        raise Refusal(NO_SUCH_KEY)
    if words[1] == words[2]:
        return 0 if only_new else OK
    other = db.peek(words[2])
    if only_new and other is not None:
        return 0
    copy_key(db, header, words[2], other)
    db.remove(header)
    return 1 if only_new else OK


def copy(db, words):
    replace = False
    at = 3
    while at < len(words):
        option = words[at].upper()
        if option == b"REPLACE":
            replace = True
        elif option == b"DB" and at + 1 < len(words):
            raise Refusal(b"ERR copying to another database is not possible here: every database is content of its own")
        else:
            raise Refusal(SYNTAX)
        at += 1
    if words[1] == words[2]:
        raise Refusal(b"ERR source and destination objects are the same")
    header = db.peek(words[1])
    if header is None:
        return 0
    other = db.peek(words[2])
    if other is not None and not replace:
        return 0
    copy_key(db, header, words[2], other)
    return 1


def copy_key(db, header, key, other):
    """Put all that a key holds under another key. other: that one's Header, which goes, or None."""
    _room(db, header)
    if other is not None:
        db.remove(other)
    new = db.make(key, header.kind)
    new.due, new.value, new.count = header.due, header.value, header.count
    if header.kind == LIST:
        prefix = db.elements + header.part
        for place, (_, value) in enumerate(_below(db, prefix)):
            db.derive(db.elements + new.part + pack_u64(MIDDLE + place), value)
    elif header.kind != STRING:
        for space, put in ((db.members, db.store), (db.index, db.derive))[: 2 if header.kind == SORTED_SET else 1]:
            prefix = space + header.part
            for row, value in _below(db, prefix):
                put(space + new.part + row[len(prefix) :], value)
    db.save(new)


def _below(db, prefix):
    for row, value in db.tx.scan(DATA, prefix):
        if not row.startswith(prefix):
            return
        yield row, value


def _room(db, header):
    if header.kind == STRING:
        return db.require(len(header.value), 1)
    if header.count > COPY_MAX:
        raise Refusal(b"ERR more members than can be copied at once, as others wait meanwhile; write them anew in parts")
    # Without a walk only the count is known; rows are taken to be of a common size.
    db.require(header.count * 64, 2 * header.count)


def touch(db, words):
    return exists(db, words)


def dbsize(db, words):
    return key_count(db) - ended_count(db)


def keys(db, words):
    return list(db.kept(header.key for header in matching(db, words[1])))


def matching(db, pattern, start=b"", reverse=False):
    """Yield the Headers of keys that match, in order."""
    prefix = literal_prefix(pattern)
    if len(prefix) > 80:
        prefix = prefix[:80]
    if not start and not reverse:
        start = key_rest(prefix)[0]
    for header in db.headers(start, reverse):
        if not header.key.startswith(prefix):
            if not reverse and header.key[: len(prefix)] > prefix:
                return
            continue
        if pattern == b"*" or matches(pattern, header.key, db.step):
            yield header


def randomkey(db, words):
    count = dbsize(db, words)
    if not count:
        return None
    if count <= WALK_MAX:
        found = list(db.headers())
        return found[db.random_below(len(found))].key if found else None
    first, last = next(db.headers(), None), next(db.headers(reverse=True), None)
    if first is None:
        return None
    position = between(db, first.row[PREFIX_BYTES:], last.row[PREFIX_BYTES:])
    header = next(db.headers(position), None) or first
    return header.key


_SMALL = {HASH: (b"listpack", b"hashtable", 128), SET: (b"hashtable", b"hashtable", 128), SORTED_SET: (b"listpack", b"skiplist", 128)}


def object_(db, words):
    what = words[1].lower()
    if what == b"help" and len(words) == 2:
        return [Status(b"OBJECT <subcommand> <key>: ENCODING, FREQ, IDLETIME or REFCOUNT.")]
    if what not in (b"encoding", b"idletime", b"refcount", b"freq"):
        raise Refusal(b"ERR unknown subcommand '%s'. Try OBJECT HELP." % words[1][:128])
    if len(words) != 3:
        raise Refusal(b"ERR wrong number of arguments for 'object|%s' command" % what)
    header = db.peek(words[2])
    if header is None:
        return None
    if what == b"freq":
        raise Refusal(
            b"ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between "
            b"policies at runtime LRU and LFU data will take some time to adjust."
        )
    if what == b"encoding":
        return _encoding(db, header)
    return 1 if what == b"refcount" else 0


def _encoding(db, header):
    if header.kind == STRING:
        try:
            integer(header.value)
            return b"int"
        except Refusal:
            return b"embstr" if len(header.value) <= 44 else b"raw"
    if header.kind == LIST:
        return b"quicklist"
    small, large, most = _SMALL[header.kind]
    if header.kind == SET and header.count <= 512 and all(_is_integer(member) for member, _ in db.each_member(header)):
        return b"intset"
    is_small = header.count <= most and all(
        len(member) <= 64 and (header.kind != HASH or len(value) <= 64) for member, value in db.each_member(header)
    )
    return small if is_small else large


def _is_integer(text):
    try:
        integer(text)
        return True
    except Refusal:
        return False


COMMANDS = (
    ("del", -2, "write", 1, -1, 1, delete),
    ("unlink", -2, "write fast", 1, -1, 1, delete),
    ("exists", -2, "readonly fast", 1, -1, 1, exists),
    ("type", 2, "readonly fast", 1, 1, 1, type_),
    ("rename", 3, "write", 1, 2, 1, rename),
    ("renamenx", 3, "write fast", 1, 2, 1, rename),
    ("copy", -3, "write denyoom", 1, 2, 1, copy),
    ("touch", -2, "readonly fast", 1, -1, 1, touch),
    ("dbsize", 1, "readonly fast", 0, 0, 0, dbsize),
    ("keys", 2, "readonly", 0, 0, 0, keys),
    ("randomkey", 1, "readonly", 0, 0, 0, randomkey),
    ("object", -2, "readonly", 2, 2, 1, object_),
)
