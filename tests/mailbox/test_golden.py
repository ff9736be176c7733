"""Letters as they were written once: whoever reads them later reads the same. The bytes are described in the mailbox's README."""

import json
from pathlib import Path

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mailbox import bodies, letters
from leither_edge.mailbox.letters import Answered, Answers, Unanswered

VECTORS = json.loads((Path(__file__).parent / "vectors" / "letters.json").read_text())


def opened(name):
    vector = VECTORS[name]
    key = KeyPair(bytes.fromhex(vector["seed"]))
    return vector, key, letters.open_letter(bytes.fromhex(vector["value"]), key.unseal)


def test_a_queue():
    vector, _, plain = opened("queue")
    assert [command.hex() for command in letters.read_queue(plain)] == vector["commands"]


def test_answers():
    vector, _, plain = opened("answers")
    (first, data), (second, code, sentence) = vector["entries"]
    entries = [Answered(bytes.fromhex(first), bytes.fromhex(data)), Unanswered(bytes.fromhex(second), code, sentence)]
    assert letters.read_answers(plain) == Answers(entries, vector["look_every_s"])


def test_a_queue_that_lies_in_a_body():
    vector, key, named = opened("queue in a body")
    pieces = {bytes.fromhex(target): bytes.fromhex(value) for target, value in vector["pieces"]}
    plain = key.unseal(bodies.joined(named.body, [pieces[target] for target in named.body.targets]))
    assert [command.hex() for command in letters.read_queue(plain)] == vector["commands"]
