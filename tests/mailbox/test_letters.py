"""What travels in the DHT: only its reader can open it, it always fits, and nothing from outside gets past its bounds."""

import os
import random

import pytest
import trio

from leither_edge.core import cbor
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht import bencode
from leither_edge.dht.item import immutable_target
from leither_edge.mailbox import bodies, letters
from leither_edge.mailbox.carrying import put_letter
from leither_edge.mailbox.letters import Answered, Answers, LetterError, Unanswered
from tests.mailbox.fake_dht import FakeDht, FakeNetwork

DEVICE, PHONE, STRANGER = (KeyPair(bytes([seed]) * 32) for seed in (1, 2, 3))


def whole(letter, key):
    """The plain bytes of a letter, put together from its pieces if need be."""
    opened = letters.open_letter(letter.value, key.unseal)
    if isinstance(opened, bytes):
        return opened
    pieces = dict(letter.pieces)
    return key.unseal(bodies.joined(opened.body, [pieces[target] for target in opened.body.targets]))


@pytest.mark.parametrize("sizes", [[], [250], [250, 500], [250] * 8, [16384], [500, 16384, 250], [4000] * 8])
def test_a_queue_of_any_size_arrives_in_order(sizes):
    commands = [os.urandom(size) for size in sizes]
    letter = letters.make_queue(commands, DEVICE.public_key)
    assert len(letter.value) <= 1000 and all(len(value) <= 1000 for _, value in letter.pieces)
    assert all(immutable_target(value) == target for target, value in letter.pieces)
    assert letters.read_queue(whole(letter, DEVICE)) == commands


def test_what_fits_is_not_cut():
    assert not letters.make_queue([os.urandom(460), os.urandom(460)], DEVICE.public_key).pieces
    assert len(letters.make_queue([os.urandom(300), os.urandom(900)], DEVICE.public_key).pieces) == 2


def test_only_its_reader_opens_it():
    letter = letters.make_queue([b"command"], DEVICE.public_key)
    with pytest.raises(LetterError, match="sealed"):
        letters.open_letter(letter.value, STRANGER.unseal)
    assert b"command" not in letter.value


def test_answers_arrive_with_what_the_device_says_beside_them():
    ids = [bytes([number]) * 16 for number in range(3)]
    entries = [
        Answered(ids[0], os.urandom(300)), Unanswered(ids[1], "unknown-key", "No key of this device."), Answered(ids[2], os.urandom(9000)),
    ]  # fmt: skip
    letter = letters.make_answers(Answers(entries, 45.7), PHONE.public_key, ["http://192.168.1.7:80/"])
    assert letters.open_letter(letter.value, PHONE.unseal).addresses == ["http://192.168.1.7:80/"]
    assert letters.read_answers(whole(letter, PHONE)) == Answers(entries, 45)


def test_of_too_many_answers_the_newest_are_kept():
    entries = [Answered(bytes([number]) * 16, os.urandom(16384)) for number in range(12)]
    letter = letters.make_answers(Answers(entries, 60), PHONE.public_key)
    body = letters.open_letter(letter.value, PHONE.unseal).body
    assert body.size < bodies.BODY_MAX_BYTES and not body.targets


def test_the_largest_letter_fits_with_its_addresses():
    data = os.urandom(bodies.PIECES_MAX * bodies.SEALED_MAX_BYTES - 200)
    letter = letters.make_answers(Answers([Answered(bytes(16), data)], 60), PHONE.public_key, ["http://" + "x" * 57] * 3)
    assert len(letter.pieces) == bodies.PIECES_MAX and len(letter.value) <= 1000
    assert letters.read_answers(whole(letter, PHONE)).entries[0].data == data


def test_a_body_too_large_for_the_dht_goes_by_its_hash():
    letter = letters.make_answers(Answers([Answered(bytes(16), os.urandom(40000))], 60), PHONE.public_key, ["http://a/"])
    body = letters.open_letter(letter.value, PHONE.unseal).body
    assert not letter.pieces and not body.targets
    with pytest.raises(LetterError, match="not what the letter names"):
        bodies.checked(body, os.urandom(body.size))


def test_an_altered_piece_is_found_out():
    letter = letters.make_queue([os.urandom(3000)], DEVICE.public_key)
    body = letters.open_letter(letter.value, DEVICE.unseal).body
    values = [value for _, value in letter.pieces]
    with pytest.raises(LetterError, match="not what the letter names"):
        bodies.joined(body, [*values[:-1], bencode.encode(b"else")])
    with pytest.raises(LetterError, match="malformed"):
        bodies.joined(body, [*values[:-1], b"i1e"])


def test_more_commands_than_a_mailbox_holds_are_refused():
    with pytest.raises(LetterError, match="at most 8"):
        letters.make_queue([b"command"] * 9, DEVICE.public_key)
    with pytest.raises(LetterError, match="at most"):
        letters.make_queue([os.urandom(16384)] * 5, DEVICE.public_key)


REFERENCE = [bytes(32), 1000, [bytes(20), bytes(20)]]
LETTERS = [
    1, [], {1: [], 5: []}, {1: REFERENCE}, {1: REFERENCE, 5: [], 2: []}, {1: REFERENCE, 5: [1]}, {1: REFERENCE, 5: ["x"] * 3},
    {1: REFERENCE, 5: ["x" * 65]}, {1: [bytes(31), 1000, []], 5: []}, {1: [bytes(32), 1000, [bytes(20)]], 5: []},
    {1: [bytes(32), 10**9, []], 5: []}, {1: [bytes(32), 0, []], 5: []}, {1: [*REFERENCE, 1], 5: []},
    {1: [bytes(32), 1000, [bytes(20), bytes(19)]], 5: []}, {1: [bytes(32), 37 * 996, [bytes(20)] * 37], 5: []},
]  # fmt: skip
QUEUES = [{}, {2: b"x"}, {2: [1]}, {2: [b"x"] * 9}, {2: [b"x"], 3: 0}, {2: [[]]}, {3: [], 4: 1}]
ANSWERS = [
    {3: []}, {3: [], 4: -1}, {3: [], 4: 1, 5: []}, {3: [[]], 4: 1}, {3: [[bytes(15), b"x"]], 4: 1}, {3: [[bytes(16), "Code", "x"]], 4: 1},
    {3: [[bytes(16), 5]], 4: 1}, {3: [[bytes(16), b"x"]] * 9, 4: 1}, {3: [[bytes(16), "code", "x" * 241]], 4: 1}, {2: []}, 7,
]  # fmt: skip


@pytest.mark.parametrize("plain", LETTERS, ids=range(len(LETTERS)))
def test_a_letter_of_wrong_shape_is_refused(plain):
    with pytest.raises(LetterError):
        letters.open_letter(bodies.wrap(sodium.seal_to(cbor.encode(plain), DEVICE.public_key)), DEVICE.unseal)


@pytest.mark.parametrize("plain", QUEUES, ids=range(len(QUEUES)))
def test_a_queue_of_wrong_shape_is_refused(plain):
    with pytest.raises(LetterError):
        letters.read_queue(cbor.encode(plain))


@pytest.mark.parametrize("plain", ANSWERS, ids=range(len(ANSWERS)))
def test_answers_of_wrong_shape_are_refused(plain):
    with pytest.raises(LetterError):
        letters.read_answers(cbor.encode(plain))


def test_any_bytes_end_in_a_letter_error():
    rand = random.Random(5)
    goods = [cbor.encode(plain) for plain in ({1: REFERENCE, 5: ["http://a/"]}, {2: [b"x", b"y"]}, {3: [[bytes(16), b"x"]], 4: 1})]
    for number in range(300):
        plain = bytearray(goods[number % 3])
        for _ in range(rand.randrange(1, 4)):
            plain[rand.randrange(len(plain))] = rand.randrange(256)
        sealed = bodies.wrap(sodium.seal_to(bytes(plain), DEVICE.public_key))
        for opening in (letters.read_queue, letters.read_answers, lambda data: letters.open_letter(data, DEVICE.unseal)):
            for data in (bytes(plain), bodies.wrap(bytes(plain)), sealed):
                try:
                    opening(data)
                except LetterError:
                    pass


def test_one_node_that_refuses_whatever_it_is_given_costs_no_second_letter():
    class WithALiar(FakeDht):
        async def put_mutable(self, signed, cas=None, progress=None):
            report = await super().put_mutable(signed, cas, progress)
            return report._replace(rows=(*report.rows[1:], report.rows[0]._replace(outcome="refused", code=302)))

    async def put():
        network, key = FakeNetwork(), KeyPair(bytes(32))
        letter = letters.make_queue([], key.public_key)
        seq, _ = await put_letter(WithALiar(network), letter, key, b"box", lambda at_least: max(at_least, 7))
        assert seq == 7 and len(network.puts) == 1

    trio.run(put)
