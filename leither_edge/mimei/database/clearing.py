"""The original system's Hclear, Lmclear and their kin: DEL of keys that must be of one type. And all keys at once."""

from . import leftover
from .layout import DATA, HASH, LIST, SET, SORTED_SET
from .replies import OK, SYNTAX, Refusal


def _clear(kind, several):
    def clear(db, words):
        headers = [db.find(key, kind) for key in dict.fromkeys(words[1:])]
        there = [header for header in headers if header is not None]
        count = len(there) if several else sum(header.count for header in there)
        for header in there:
            db.remove(header)
        return count

    return clear


def flush(db, words):
    if len(words) > 2 or (len(words) == 2 and words[1].upper() not in (b"SYNC", b"ASYNC")):
        raise Refusal(SYNTAX)
    # The next version is built of what comes after: no need to mark every row.
    db.count_all_as_changed()
    db.touch_what_is_there()
    if db.state.keys <= leftover.AT_ONCE or not db.change_half():
        for row, _ in db.tx.scan(DATA, db.heads):
            if row[:4] != db.heads[:4]:
                break
            db.underive(row)
    db.state.keys = 0
    return OK


COMMANDS = (
    ("flushdb", -1, "write", 0, 0, 0, flush),
    ("flushall", -1, "write", 0, 0, 0, flush),
    *(
        ("leither." + letter + word, arity, "write", 1, last, 1, _clear(kind, word == "mclear"))
        for letter, kind in (("h", HASH), ("l", LIST), ("s", SET), ("z", SORTED_SET))
        for word, arity, last in (("clear", 2, 1), ("mclear", -2, -1))
    ),
)
