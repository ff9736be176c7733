"""What the fuzzer throws its bytes at, of channels: handshakes of both sides, credentials, invitations, frames.

Each handshake has the same randomness every time, so that recorded flights lead to a channel, and bytes near them nearly do.
"""

import itertools

from leither_edge.core import cbor
from leither_edge.peer.channel.credential import BadCredential, open_credential
from leither_edge.peer.channel.handshake import MESSAGE_MAX_BYTES, Initiator, Responder
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from leither_edge.peer.invite import record as records
from leither_edge.peer.invite.errors import InviteError
from leither_edge.peer.invite.invitations import _said
from leither_edge.peer.invite.link import read_invitation, write_link
from leither_edge.peer.invite.offers import Offers
from leither_edge.peer.invite.proof import COMING, prove
from leither_edge.peer.invite.secrets import secrets_of
from tests.peer.channel.fuzz_targets import targets as channel_targets
from tests.peer.channel.two_nodes import ALICE, BOB, channel_key, shaken

KNOWN = {"expected": BOB.public_key, "static": BOB.pair.public}
RENEWED = channel_key("b", b"n" * 32)
SECRETS = secrets_of("A" * 12, bytes(8), 1, 8192)
RECORD = records.Record(BOB.public_key, "Attic", ("192.0.2.1:8042", "[2001:db8::1]:8042"), 1_800_000_000)
HASH = b"h" * 32


def initiator(**how):
    return Initiator(ALICE, lambda count: b"i" * count, **how)


def responder(key=BOB):
    return Responder(key, lambda count: b"r" * count)


def flights(how, key=BOB):
    """What each side sends in a handshake that comes to a channel: (initiator's bytes, responder's bytes)."""
    said = []
    shaken(initiator(**how), responder(key), lambda number, data: said.append(data) or data)
    return b"".join(said[::2]), b"".join(said[1::2])


class Handshake:
    """One side that gets bytes in pieces. Args: make (() -> a side that awaits bytes)."""

    def __init__(self, make):
        self._make = make

    def __call__(self, data):
        side = self._make()
        sizes = itertools.cycle((1, 700, 17, 2, 64))
        at = sent = 0
        while at < len(data) and side.established is None:
            size = next(sizes)
            try:
                sent += len(side.receive(data[at : at + size]))
            except HandshakeFailed as error:
                assert side.established is None and str(error).endswith(".")
                return f"{error.code} {len(error.answer)} {sent}"
            assert len(side._buffer) <= MESSAGE_MAX_BYTES
            at += size
        return f"{side.established is not None} {sent}"


def begun(**how):
    side = initiator(**how)
    side.begin()
    return side


def credential(data):
    try:
        open_credential(data)
    except BadCredential as error:
        return error.code
    return "good"


def link(data):
    try:
        _, record = read_invitation(data.decode("latin-1"))
    except InviteError as error:
        return f"{error.code} {str(error)[:60]}"
    return f"good {record is not None}"


def record(data):
    try:
        return f"good {len(records.read(data).addresses)}"
    except InviteError as error:
        return f"{error.code} {str(error)[:50]}"


def question(data):
    """What a stranger asks of a node that has an invitation open."""
    try:
        asked = cbor.decode(data)
    except cbor.CborError as error:
        return error.code
    offers = Offers()
    offers.add(SECRETS, "", 60, 0.0)
    try:
        _said(asked)
        offers.greet(asked.get("tag"), HASH, 1.0)
        offers.take(asked.get("tag"), asked.get("proof"), HASH, 1.0)
    except InviteError as error:
        return error.code
    return "taken"


def targets():
    """{name: (function of bytes, [bytes to start from])}."""
    ways = [flights({}), flights(KNOWN), flights(KNOWN, RENEWED)]
    proof = prove(COMING, HASH, SECRETS.proving)
    asked = {"tag": SECRETS.tag, "proof": proof, "name": "Ben", "addresses": ["192.0.2.7:8042"]}
    return {
        "responder": (Handshake(responder), [way[0] for way in ways]),
        "responder-renewed": (Handshake(lambda: responder(RENEWED)), [way[0] for way in ways]),
        "initiator-xx": (Handshake(begun), [way[1] for way in ways]),
        "initiator-ik": (Handshake(lambda: begun(**KNOWN)), [way[1] for way in ways]),
        "credential": (credential, [ALICE.credential]),
        "record": (record, [records.write(RECORD)]),
        "link": (link, [write_link("A" * 12, RECORD).encode(), b"Y46P-CMAC-7Z61"]),
        **channel_targets(),
        "question": (question, [cbor.encode(asked), cbor.encode({"tag": SECRETS.tag})]),
    }
