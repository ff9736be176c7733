"""``leither remote NAME name keep`` and ``forget``: a device renews what was published under a key, while this computer is off."""

import os

from leither_edge.cli.book import Book
from leither_edge.cli.failure import UsageError
from leither_edge.cli.keyring import find_key
from leither_edge.cli.name_book import NameBook
from leither_edge.cli.name_target import named
from leither_edge.cli.output import clean
from leither_edge.cli.prompt import read_limited

PACKET_MAX_BYTES = 1104


def name_keep(target, args):
    """Renew it."""
    return target.call("name-keep", {"packet": args.packet})


def prepare_name_keep(args, out, target):
    """Find the signed packet before anything is sent."""
    from leither_edge.crypto.sodium import verify
    from leither_edge.names.errors import PacketError
    from leither_edge.names.packet import from_bytes, to_bytes
    from leither_edge.names.z_base_32 import key_to_name

    if args.what is not None and os.path.isfile(args.what):
        try:
            args.packet = to_bytes(from_bytes(read_limited(args.what, PACKET_MAX_BYTES, "Packet"), verify))
        except PacketError as error:
            raise UsageError(f"{clean(args.what, 200)} is no signed packet.", f"{error}.", code="bad-packet") from None
        return
    item = NameBook(args.home_object).last_published(key_to_name(_key(args)))
    if item is None:
        raise UsageError(
            "Nothing was published under this key from here.", "The device renews what is signed already; it cannot sign for you.",
            "Publish it first: leither name publish '@ A 192.0.2.7'", code="not-found",
        )  # fmt: skip
    args.packet = to_bytes(item)


def name_forget(target, args):
    """Renew it no longer."""
    return target.call("name-forget", {"key": args.public_key})


def prepare_name_forget(args, out, target):
    """Find the key."""
    args.public_key = _key(args)


def _key(args):
    """The public key that is meant."""
    if args.what is not None:
        return named(args.home_object, args.what).key
    key = find_key(Book(args.home_object), None)
    if key.public_key is None:
        raise UsageError("Which key?", "Its file does not tell its public key.", "Name it by its 52 letters: leither name show")
    return key.public_key
