"""What the fuzzer throws its bytes at, of the mailbox: letters, as if whoever wrote them could seal.

As in tests/dht/fuzz_targets.py: a target takes bytes and returns a short word for what came of it; only an exception that is not promised
ends it.
"""

from leither_edge.core import cbor
from leither_edge.core.sha256 import sha256
from leither_edge.dht import bencode
from leither_edge.mailbox import letters
from leither_edge.mailbox.bodies import LetterError, unwrap, wrap

DIGEST = sha256(b"body").digest()


def _as_sealed(sealed):
    # Half of the letters are opened: the other half is for somebody else.
    return None if sealed[-1:] == b"\xff" else sealed


def read_letter(data):
    """A letter's value (a bencoded byte string); then what it holds, as a queue and as answers."""
    try:
        plain = letters.open_letter(data, _as_sealed)
    except LetterError as error:
        return error.code
    if isinstance(plain, letters.Named):
        return f"named {len(plain.addresses)} {len(plain.body.targets)}"
    return read_plain(plain)


def read_plain(plain):
    """What was sealed: deterministic CBOR."""
    words = []
    for read in (letters.read_queue, letters.read_answers):
        try:
            words.append(type(read(plain)).__name__)
        except LetterError as error:
            words.append(error.code)
    return " ".join(words)


def read_plain_letter(data):
    """A letter with these bytes sealed in it: mutated where a wrapping would hide it."""
    value = wrap(data[:990])
    assert unwrap(value) == data[:990] == bencode.decode(value)
    return read_letter(value)


def targets():
    """{name: (work, seeds)}"""
    queue = cbor.encode({2: [b"a command", b"another"]})
    answers = cbor.encode({3: [[bytes(16), b"answer"], [bytes(16), "refused", "it was too late"]], 4: 600})
    body = cbor.encode({1: [DIGEST, 2500, [bytes(20), bytes(20), bytes(20)]], 5: ["http://192.0.2.1/mailbox"]})
    plains = [queue, answers, body, cbor.encode({1: [DIGEST, 100, []], 5: []})]
    return {
        "letter": (read_letter, [wrap(plain) for plain in plains]),
        "sealed letter": (read_plain_letter, plains),
    }
