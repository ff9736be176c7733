"""Rows of what is gone, cleared away in small steps: a large collection, or a whole database, is not deleted while others wait.

A collection that was large leaves a row of space 84, under which no header lies. A database has two halves, by the highest bit of its
number: FLUSHDB goes on in the other one.
"""

from itertools import islice

from .layout import CHANGED, DATA

# Rows that are deleted at once.
AT_ONCE = 2000


def leave(database, header):
    """Note the rows of a collection, whose header goes, as to be cleared away. Returns whether they are: few are not."""
    if header.count <= AT_ONCE:
        return False
    database.derive(database.left + header.part, b"")
    return True


def finish(database, part):
    """Clear away at once what lies where a new collection begins."""
    if database.get(database.left + part) is not None:
        _clear(database, part, 1 << 62)


def clear_some(database, limit):
    """Delete at most `limit` rows; return whether there may be more. Between enter() and leave()."""
    for part in parts(database):
        limit = _clear(database, part, limit)
        if limit <= 0:
            return True
    if not database.state.other_is_used:
        return False
    tx, prefix = database.tx, database.other_half()
    for table in (DATA, CHANGED):
        rows = (row for row in tx.keys(table, prefix) if row != database.state_row)
        for row in list(islice(rows, limit)):
            if row[:4] != prefix:
                break
            tx.delete(table, row)
            limit -= 1
        if limit <= 0:
            return True
    database.state.other_is_used = False
    return False


def parts(database):
    """Return the keys, as they stand before members, of collections that are to be cleared away."""
    prefix, found = database.left, []
    for row in database.tx.keys(DATA, prefix):
        if not row.startswith(prefix):
            break
        found.append(row[len(prefix) :])
    return found


def _clear(database, part, limit):
    for space in (database.members, database.elements, database.index, database.ranks):
        prefix = space + part
        erase = database.erase if space == database.members else database.underive
        for row, _ in database.tx.scan(DATA, prefix):
            if not row.startswith(prefix):
                break
            if limit <= 0:
                return 0
            erase(row)
            limit -= 1
    database.underive(database.left + part)
    return limit
