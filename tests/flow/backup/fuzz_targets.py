"""What the fuzzer throws its bytes at, of what nodes say of each other's backups."""

from leither_edge.core import cbor
from leither_edge.flow.backup import forms
from leither_edge.flow.errors import BadAnswer
from leither_edge.mimei.ipld import cid as cids
from tests.mimei.library.people import ANNA


def value(read, *arguments):
    """A target: a decoded value is read."""

    def work(data):
        try:
            found = cbor.decode(data)
        except cbor.CborError as error:
            return error.code
        try:
            return type(read(found, *arguments)).__name__
        except BadAnswer as error:
            return str(error)[:24]

    return work


def read_message(data):
    try:
        size = forms.message_bytes(data[:2])
        found = forms.read_message(data[2 : 2 + size])
    except BadAnswer as error:
        return str(error)[:40]
    return type(found).__name__


def targets():
    """{name: (work, seeds)}"""
    label = cids.of(cids.RAW, b"content")
    opening = {"key": ANNA.public_key, "signature": bytes(64), "scope": bytes(20), "number": 3}
    stat = {"number": 3, "time": 1, "bytes": 2, "allowed": 3, "snapshots": 1}
    messages = [forms.pack_message([5, None]), forms.pack_message({"state": "whole", "bytes": 7, "sent": 5})]
    return {
        "backup's record": (value(forms.read_head_bytes), [cbor.encode({"head": b"head"})]),
        "backup's stat": (value(forms.read_stat), [cbor.encode(stat)]),
        "backup's proofs": (value(forms.read_proofs, 2), [cbor.encode({"proofs": [bytes(32), b""]})]),
        "backup's question": (value(forms.read_prove), [cbor.encode({"labels": [label], "salt": bytes(16)})]),
        "backup's opening": (value(forms.read_opening), [cbor.encode(opening)]),
        "backups found": (value(forms.read_opened), [cbor.encode({"found": [[bytes(20), 1, 2, 3]], "head": b"head"})]),
        "backup's message": (read_message, messages),
    }
