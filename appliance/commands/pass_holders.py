"""The controllers outside the keyset whose passes were obeyed here, in a bounded table.

A device in touch with its controllers only through the DHT must know their public keys to find what they put there, and a
key id does not tell the key. When the table is full, the one who has not commanded for longest goes.
"""

from collections import namedtuple

from appliance.commands.tables import PASS_HOLDERS
from leither_edge.core.ids import key_id

HOLDERS_MAX = 16
_DAY_S = 86400

# public_key: 32 bytes. issuer: key id of who signed the pass. until: end of the pass, s. newest: day of the newest command, s.
Holder = namedtuple("Holder", "public_key issuer until newest")


def note(tx, holder_pass, issued):
    """Note that a command under a Pass was obeyed. issued: its time, s. Writes once a day and holder."""
    holder = Holder(holder_pass.subject, holder_pass.issuer, holder_pass.not_after, issued - issued % _DAY_S)
    id20 = key_id(holder.public_key)
    if tx.get(PASS_HOLDERS, id20) == list(holder):
        return
    while tx.get(PASS_HOLDERS, id20) is None and tx.count(PASS_HOLDERS) >= HOLDERS_MAX:
        tx.delete(PASS_HOLDERS, min(tx.scan(PASS_HOLDERS), key=lambda row: (row[1][3], row[0]))[0])
    tx.put(PASS_HOLDERS, id20, list(holder))


def standing(tx, keyset, now):
    """{key id: Holder} of those whose pass may still be good under a Keyset. now: s, never behind the floor."""
    owners = {key_id(public_key) for _, public_key in keyset.keys}
    found = {}
    for id20, row in tx.scan(PASS_HOLDERS):
        holder = Holder(*row)
        if holder.until > now and holder.issuer in owners and id20 not in keyset.revoked and id20 not in owners:
            found[id20] = holder
    return found
