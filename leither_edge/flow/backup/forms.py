"""What a node and the one that holds its backup say to each other; read with every bound. Without I/O.

    backup.push   stream, {head, anew}      here is a new snapshot (sealed/head.py); the holder fetches what it lacks over the same channel,
                                            and says how far it is: messages of [done, total or null], the last one {state: "whole", bytes,
                                            sent}; anew: it lacked something of it before, and looks through all of it
    backup.stat   {}                        {number or null, time, bytes, allowed, snapshots}: what the holder has of the asker
    backup.prove  {labels, salt}            {proofs}: SHA-256 of salt and block, empty for one that is not here
    backup.drop   {scope}                   {}: nothing of the asker is held any more under that scope (null: its backup)
    backup.open   {key, signature, scope, number, node}   for whoever holds a reader's key: {found: [[scope, number, time, size]], head};
                                            the channel may then ask for sealed blocks by backup.get, which goes as blocks.get does
    backup.get    stream                    see ../blocks_wire.py

The signature is over `open_message`: it is good in one channel, at one holder.
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.core.fields import is_hash, is_id, is_id_or_none, is_u53
from leither_edge.flow.errors import BadAnswer
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.sealed.head import MAX_BYTES as HEAD_MAX_BYTES

PUSH, STAT, PROVE, DROP, OPEN, GET = "backup.push", "backup.stat", "backup.prove", "backup.drop", "backup.open", "backup.get"
ROLE = "backup"

PROVE_MAX, SALT_BYTES = 64, 16
FOUND_MAX = 256
# Of one message in a push.
MESSAGE_MAX_BYTES = 256
_LABEL_HEADS = tuple(bytes((1, codec)) + b"\x12\x20" for codec in (cids.RAW, cids.DAG_CBOR))
_OPEN_WORDS = b"leither-backup-open-1\n"

# What a holder says of the asker's backup. number: of the newest whole snapshot, None for none. allowed: bytes in all.
HeldOf = namedtuple("HeldOf", "number time bytes allowed snapshots")
# How far a push is, bytes; total may be None. And its end. bytes: that all of the asker's takes there. sent: that came for it.
Way = namedtuple("Way", "done total")
Whole = namedtuple("Whole", "bytes sent")
# One snapshot that a reader's key may open.
Found = namedtuple("Found", "scope number time size")
# key: public key of a reader. scope, number: of the snapshot that is meant, None: the backup of the only node, and the newest. node: id
# of the node that left it there, or None.
Opening = namedtuple("Opening", "key signature scope number node")


def open_message(holder_id, channel_hash):
    """What a reader's key signs to get at a backup. Args: holder_id (20 bytes, its node id), channel_hash (of the channel's handshake)."""
    return _OPEN_WORDS + holder_id + channel_hash


def pack_message(value):
    """A message within a push, as it stands in the stream."""
    data = cbor.encode(value)
    return len(data).to_bytes(2, "big") + data


def message_bytes(head):
    """How long a message is. Args: head (its first two bytes). Raises BadAnswer."""
    size = int.from_bytes(head, "big")
    if not 0 < size <= MESSAGE_MAX_BYTES:
        raise BadAnswer("The holder of a backup said something of a length that nothing has.")
    return size


def read_message(data):
    """A Way, or of the last message a Whole. Raises BadAnswer."""
    value = _decoded(data)
    if isinstance(value, list) and len(value) == 2 and is_u53(value[0]) and (value[1] is None or is_u53(value[1])):
        return Way(*value)
    if isinstance(value, dict) and value.get("state") == "whole" and is_u53(value.get("bytes")) and is_u53(value.get("sent")):
        return Whole(value["bytes"], value["sent"])
    raise BadAnswer("The holder of a backup said something that has no meaning here.")


def read_head_bytes(arguments):
    """The head in a push. Raises BadAnswer."""
    data = arguments.get("head") if isinstance(arguments, dict) else None
    if not isinstance(data, bytes) or len(data) > HEAD_MAX_BYTES:
        raise BadAnswer(f"A backup begins with a record of at most {HEAD_MAX_BYTES} bytes.")
    return data


def read_stat(value):
    """The HeldOf in an answer. Raises BadAnswer."""
    if isinstance(value, dict) and all(is_u53(value.get(name)) for name in ("time", "bytes", "allowed", "snapshots")):
        number = value.get("number")
        if number is None or is_u53(number):
            return HeldOf(number, value["time"], value["bytes"], value["allowed"], value["snapshots"])
    raise BadAnswer("What the holder of a backup said of it is malformed.")


def read_prove(arguments):
    """([label], salt) of a question for proofs. Raises BadAnswer."""
    labels, salt = (arguments.get("labels"), arguments.get("salt")) if isinstance(arguments, dict) else (None, None)
    good = isinstance(labels, list) and 0 < len(labels) <= PROVE_MAX and all(_is_label(label) for label in labels)
    if not good or not isinstance(salt, bytes) or len(salt) != SALT_BYTES:
        raise BadAnswer(f"A proof is asked of 1 to {PROVE_MAX} labels, with {SALT_BYTES} bytes of salt.")
    return labels, salt


def read_scope(arguments):
    """The scope in a question, or None. Raises BadAnswer."""
    scope = arguments.get("scope") if isinstance(arguments, dict) else b""
    if scope is None or is_id(scope):
        return scope
    raise BadAnswer("A scope has 20 bytes.")


def read_proofs(value, count):
    """[32 bytes, or b""] in an answer. Raises BadAnswer."""
    proofs = value.get("proofs") if isinstance(value, dict) else None
    if not isinstance(proofs, list) or len(proofs) != count or not all(proof == b"" or is_hash(proof) for proof in proofs):
        raise BadAnswer("The proofs that the holder of a backup gave are malformed.")
    return proofs


def read_opening(arguments):
    """The Opening in a question. Raises BadAnswer."""
    if isinstance(arguments, dict):
        key, signature = arguments.get("key"), arguments.get("signature")
        scope, number, node = arguments.get("scope"), arguments.get("number"), arguments.get("node")
        good = is_hash(key) and isinstance(signature, bytes) and len(signature) == 64
        if good and is_id_or_none(scope) and is_id_or_none(node) and (number is None or is_u53(number)):
            return Opening(key, signature, scope, number, node)
    raise BadAnswer("A backup is asked for with a reader's key and its signature.")


def read_opened(value):
    """([Found], bytes of the head or None) of an answer. Raises BadAnswer."""
    found, head = (value.get("found"), value.get("head")) if isinstance(value, dict) else (None, None)
    if isinstance(found, list) and len(found) <= FOUND_MAX and all(_is_found(row) for row in found):
        if head is None or isinstance(head, bytes) and len(head) <= HEAD_MAX_BYTES:
            return [Found(*row) for row in found], head
    raise BadAnswer("The list of backups that a node gave is malformed.")


def _is_found(row):
    return isinstance(row, list) and len(row) == 4 and is_id(row[0]) and all(is_u53(value) for value in row[1:])


def _is_label(value):
    # That of any sealed block.
    return isinstance(value, bytes) and len(value) == 36 and value[:4] in _LABEL_HEADS


def _decoded(data):
    try:
        return cbor.decode(bytes(data), MESSAGE_MAX_BYTES, 3)
    except cbor.CborError:
        raise BadAnswer("What the holder of a backup said cannot be read.") from None
