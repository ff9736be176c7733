"""The audit log on disk: hash-chained entries, the oldest pruned.

An answer names the newest entry before its own, and its own entry holds the answer's hash: whoever keeps an answer can
later ask for the entries after it and see that nothing between was altered or left out. The first entry kept still names
the hash of the pruned one before it; that is the checkpoint from which the rest verifies.
"""

from appliance.commands.tables import AUDIT
from leither_edge.core import audit

PRUNED_AT_ONCE = 64


def head(tx):
    """The Head (index, hash) of the newest entry; audit.EMPTY of an empty log."""
    for index, data in tx.scan(AUDIT, reverse=True, limit=1):
        return audit.Head(index, audit.entry_hash(data))
    return audit.EMPTY


def record(tx, entries_max, *, time, issuer, sequence, verb, command_hash, answer_hash, status):
    """Append an entry and prune the log to ``entries_max``. Hashes: SHA-256 of the signed messages, or None."""
    data, new = audit.append(head(tx), time, issuer, sequence, verb, command_hash, answer_hash, status)
    tx.put(AUDIT, new.index, data)
    oldest = first_index(tx)
    # A profile with a lower bound must not make one command pay for thousands of entries.
    for index in range(oldest, min(oldest + PRUNED_AT_ONCE, new.index - entries_max + 1)):
        tx.delete(AUDIT, index)


def first_index(tx):
    """Index of the oldest entry kept; 0 of an empty log."""
    for index, _ in tx.scan(AUDIT, limit=1):
        return index
    return 0


def page(tx, after, limit, bytes_max):
    """The entries that follow index ``after``: {"start": [index, hash], "entries": [bytes, ...], "head": [index, hash]}.

    ``start`` is what the first entry must name as the one before it. It lies later than ``after`` where entries were pruned.
    At most ``limit`` entries and ``bytes_max`` bytes.
    """
    newest = head(tx)
    entries, room, start = [], bytes_max, None
    for index, data in tx.scan(AUDIT, start=after + 1, limit=limit):
        if len(data) + 3 > room:
            break
        if start is None:
            start = [index - 1, audit.parse_entry(data).previous]
        room -= len(data) + 3
        entries.append(data)
    return {"start": start or list(newest), "entries": entries, "head": list(newest)}
