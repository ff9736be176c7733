"""The last sequence number of each issuer, in a bounded table.

When the table is full, the record with the oldest issue time goes. Its commands must not come back as those of a key never
seen, so the table keeps a low-water mark, one second above the newest issue time among the dropped records: a key without a
record is obeyed only for commands issued from the mark on, and its new record remembers the mark, since the old commands'
sequence numbers may lie above those of the new ones. Every command of a dropped record was issued below the mark, so none
can be replayed, whatever passes or keysets the key gets later; a controller that was dropped goes on with its next command, which is newer.
"""

from collections import namedtuple

from appliance.commands.tables import CONTROL, SEQUENCES

LOW_WATER_KEY = "sequences_low_water"

# sequence: the highest used, 0 for none. issued: newest issue time of an accepted command (s), None for an issuer without
# a record. since: only commands issued from then on (s) are obeyed.
Last = namedtuple("Last", "sequence issued since")


def last(tx, issuer):
    """The Last of an issuer (20 bytes)."""
    stored = tx.get(SEQUENCES, issuer)
    return Last(0, None, tx.get(CONTROL, LOW_WATER_KEY, 0)) if stored is None else Last(*stored)


def is_stale(issuer_last, issued):
    """Whether a command may be one of a dropped record."""
    return issued < issuer_last.since


def use(tx, issuer, issuer_last, sequence, issued, issuers_max):
    """Record that ``sequence`` is used up, making room first if the issuer is new.

    issued: issue time of an accepted command (s), 0 for a refused one, whose time is not to be trusted.
    """
    if issuer_last.issued is None:
        while tx.count(SEQUENCES) >= issuers_max:
            _drop_oldest(tx)
    tx.put(SEQUENCES, issuer, [sequence, max(issuer_last.issued or 0, issued), issuer_last.since])


def _drop_oldest(tx):
    issuer, (_, issued, _) = min(tx.scan(SEQUENCES), key=lambda item: (item[1][1], item[0]))
    tx.delete(SEQUENCES, issuer)
    if issued >= tx.get(CONTROL, LOW_WATER_KEY, 0):
        tx.put(CONTROL, LOW_WATER_KEY, issued + 1)
