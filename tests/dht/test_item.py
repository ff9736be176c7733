"""The vectors of BEP 44, and what an item from outside may not be."""

import pytest

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht.errors import DhtError
from leither_edge.dht.item import SEQ_MAX, Item, immutable_target, is_good, make_mutable, mutable_target, signed_part, target_of

VALUE = b"12:Hello World!"
KEY = bytes.fromhex("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548")
PLAIN = bytes.fromhex(
    "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01"
)
SALTED = bytes.fromhex(
    "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08"
)


@pytest.mark.parametrize(
    "salt, signature, target, signed",
    [
        (b"", PLAIN, "4a533d47ec9c7d95b1ad75f576cffc641853b750", b"3:seqi1e1:v12:Hello World!"),
        (b"foobar", SALTED, "411eba73b6f087ca51a3795d9c8c938d365e32c1", b"4:salt6:foobar3:seqi1e1:v12:Hello World!"),
    ],
)
def test_mutable_vectors_of_bep_44(salt, signature, target, signed):
    assert signed_part(1, VALUE, salt) == signed
    assert mutable_target(KEY, salt).hex() == target
    item = Item(VALUE, KEY, salt, 1, signature)
    assert is_good(item, sodium.verify)
    assert target_of(item).hex() == target
    for changed in (
        item._replace(seq=2),
        item._replace(value=b"12:Hello World?"),
        item._replace(salt=salt + b"x"),
        item._replace(signature=bytes(64)),
        item._replace(signature=None),
        item._replace(key=bytes(32)),
        item._replace(key=b""),
    ):
        assert not is_good(changed, sodium.verify)


def test_immutable_vector_of_bep_44():
    assert immutable_target(VALUE).hex() == "e5f96f6f38320f0f33959cb4d3d656452117aadb"
    assert target_of(Item(VALUE)) == immutable_target(VALUE)
    assert is_good(Item(VALUE), sodium.verify)


def test_bounds():
    pair = KeyPair(bytes(32))
    largest = make_mutable(b"996:" + bytes(996), pair.public_key, bytes(64), SEQ_MAX, pair.sign)
    assert is_good(largest, sodium.verify)
    with pytest.raises(DhtError) as raised:
        make_mutable(b"997:" + bytes(997), pair.public_key, b"", 1, pair.sign)
    assert raised.value.code == "too-big"
    with pytest.raises(DhtError):
        make_mutable(VALUE, pair.public_key, bytes(65), 1, pair.sign)
    for seq in (-1, SEQ_MAX + 1):
        with pytest.raises(ValueError):
            make_mutable(VALUE, pair.public_key, b"", seq, pair.sign)
        assert not is_good(Item(VALUE, pair.public_key, b"", seq, bytes(64)), lambda *_: True)
    assert not is_good(Item(b"997:" + bytes(997)), sodium.verify)
