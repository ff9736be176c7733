"""What lies in the DHT between a controller and a device: a queue of unanswered commands one way, their answers the other.

Each is one mutable item (BEP 44): deterministic CBOR in a libsodium sealed box, bencoded as a byte string, of at most 1,000 bytes.
What does not fit lies in a body (see bodies.py) that the letter names. Nothing in here is believed because of where it lay:
commands and answers carry their own signatures, and only what is said beside them rests on the signature of the item.
"""

from collections import namedtuple

from leither_edge.core import cbor
from leither_edge.core.fields import is_bytes, is_integer, is_name, is_text
from leither_edge.crypto import sodium
from leither_edge.mailbox.bodies import BODY_MAX_BYTES, SEALED_MAX_BYTES, Body, LetterError, cut, is_body, unwrap, wrap

ENTRIES_MAX = 8
ADDRESSES_MAX = 2
ADDRESS_MAX = 64
SENTENCE_MAX = 240
LOOK_EVERY_MAX_S = 86400
_PLAIN_MAX_BYTES = SEALED_MAX_BYTES - sodium.SEALED_MORE_BYTES

# One of these keys says what a map is.
_BODY, _COMMANDS, _ANSWERS = 1, 2, 3
_LOOK_EVERY, _ADDRESSES = 4, 5

# value: of the mutable item, bencoded. pieces: ((target, value), ...) of immutable items that must be stored before it.
Letter = namedtuple("Letter", "value pieces")
# What a letter names. addresses: URLs where it may be fetched by its hash, too.
Named = namedtuple("Named", "body addresses")
# data: a signed answer's bytes.
Answered = namedtuple("Answered", "command_id data")
# A device's word that it has no signed answer. code: a word for programs; sentence: for people.
Unanswered = namedtuple("Unanswered", "command_id code sentence")
# entries: Answered or Unanswered. look_every_s: how often the device looks while nothing comes.
Answers = namedtuple("Answers", "entries look_every_s")


def make_queue(commands, public_key, cut=cut):
    """The Letter of signed commands (bytes), in the order in which they are to be done, sealed to a device's key.

    Args: cut as bodies.cut, for a caller that keeps what it cut. Raises LetterError: too-many, too-large.
    """
    if len(commands) > ENTRIES_MAX:
        raise LetterError("too-many", f"a mailbox holds at most {ENTRIES_MAX} commands without an answer")
    return _letter({_COMMANDS: list(commands)}, (), public_key, cut)


def make_answers(answers, public_key, addresses=(), cut=cut):
    """The Letter of an Answers, sealed to a controller's key. Where they are too many or too large, the oldest are left out.

    Args: addresses (URLs of the device's HTTP), cut as in make_queue.
    """
    entries = [_row(entry) for entry in answers.entries[-ENTRIES_MAX:]]
    every = min(max(int(answers.look_every_s), 0), LOOK_EVERY_MAX_S)
    while True:
        try:
            return _letter({_ANSWERS: entries, _LOOK_EVERY: every}, addresses, public_key, cut)
        except LetterError:
            if not entries:
                raise
            del entries[0]


def open_letter(value, unseal):
    """What a letter's value holds: bytes for read_queue or read_answers, or the Named body that holds them.

    Args: unseal (sealed bytes -> bytes, or None where they are for another). Raises LetterError: malformed, sealed.
    """
    plain = unseal(unwrap(value))
    if plain is None:
        raise LetterError("sealed", "the letter is not sealed to this key, or was altered")
    fields = _map(plain)
    if _BODY not in fields:
        return plain
    addresses = fields.get(_ADDRESSES)
    good = (
        len(fields) == 2
        and is_body(fields[_BODY])
        and isinstance(addresses, list)
        and len(addresses) <= ADDRESSES_MAX
        and all(is_text(address, 1, ADDRESS_MAX) for address in addresses)
    )
    if not good:
        raise LetterError("malformed", "the letter does not name a body")
    digest, size, targets = fields[_BODY]
    return Named(Body(digest, size, tuple(targets)), addresses)


def read_queue(plain):
    """The commands (bytes) of a queue, in order. Raises LetterError: malformed."""
    fields = _map(plain)
    commands = fields.get(_COMMANDS)
    good = len(fields) == 1 and isinstance(commands, list) and len(commands) <= ENTRIES_MAX
    if not good or not all(isinstance(command, bytes) for command in commands):
        raise LetterError("malformed", "the letter is no queue of commands")
    return commands


def read_answers(plain):
    """The Answers. Raises LetterError: malformed."""
    fields = _map(plain)
    rows, every = fields.get(_ANSWERS), fields.get(_LOOK_EVERY)
    if len(fields) != 2 or not isinstance(rows, list) or len(rows) > ENTRIES_MAX or not is_integer(every, 0, LOOK_EVERY_MAX_S):
        raise LetterError("malformed", "the letter holds no answers")
    return Answers([_read_row(row) for row in rows], every)


def _row(entry):
    if isinstance(entry, Unanswered):
        return [entry.command_id, entry.code, entry.sentence[:SENTENCE_MAX]]
    return [entry.command_id, entry.data]


def _read_row(row):
    if isinstance(row, list) and row and is_bytes(row[0], 16):
        if len(row) == 3 and is_name(row[1]) and is_text(row[2], 0, SENTENCE_MAX):
            return Unanswered(*row)
        if len(row) == 2 and isinstance(row[1], bytes):
            return Answered(*row)
    raise LetterError("malformed", "an entry of the letter is no answer")


def _letter(fields, addresses, public_key, cut):
    plain, pieces = cbor.encode(fields), ()
    if len(plain) > _PLAIN_MAX_BYTES:
        body, _, values = cut(plain, public_key)
        pieces = tuple(zip(body.targets, values, strict=True))
        known = [address for address in addresses if len(address) <= ADDRESS_MAX][:ADDRESSES_MAX]
        plain = cbor.encode({_BODY: [body.digest, body.size, list(body.targets)], _ADDRESSES: known})
    return Letter(wrap(sodium.seal_to(plain, public_key)), pieces)


def _map(plain):
    try:
        fields = cbor.decode(plain, BODY_MAX_BYTES, 5)
    except cbor.CborError as error:
        raise LetterError("malformed", f"the letter is malformed: {error}") from None
    if not isinstance(fields, dict):
        raise LetterError("malformed", "the letter is not a map")
    return fields
