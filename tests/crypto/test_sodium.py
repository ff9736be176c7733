import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.crypto import sodium

# RFC 8032 section 7.1: (seed, public key, message, signature).
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("vector", RFC_8032, ids=["empty", "one byte", "two bytes", "SHA of abc"])
def test_rfc_8032(vector):
    seed, public_key, message, signature = (bytes.fromhex(part) for part in vector)
    made, secret = sodium.keypair_from_seed(seed)
    assert made == public_key and secret[:32] == seed
    assert sodium.sign(message, seed) == sodium.sign(message, secret) == signature
    assert sodium.verify(signature, message, public_key)
    assert not sodium.verify(signature, message + b"\0", public_key)
    for at in (0, 31, 32, 63):
        altered = bytearray(signature)
        altered[at] ^= 1
        assert not sodium.verify(bytes(altered), message, public_key)


def test_a_signature_has_one_form():
    """S plus the group order satisfies the equation as well (RFC 8032 section 5.1.7), and must not pass."""
    seed, public_key, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not sodium.verify(signature[:32] + scalar.to_bytes(32, "little"), message, public_key)


def test_keys_of_small_order_sign_nothing():
    for public_key in (bytes(32), b"\x01" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f")):
        assert not sodium.verify(b"\x01" + bytes(63), b"anything", public_key)


anything = st.one_of(st.none(), st.integers(), st.text(max_size=70), st.binary(max_size=70), st.binary(min_size=64, max_size=64))


@settings(max_examples=150, deadline=None)
@given(anything, anything, st.one_of(anything, st.binary(min_size=32, max_size=32)))
def test_verify_never_raises(signature, message, public_key):
    assert sodium.verify(signature, message, public_key) is False


def test_sizes_are_checked():
    for size in (0, 31, 33, 63, 65):
        with pytest.raises(ValueError):
            sodium.sign(b"", bytes(size))
        with pytest.raises(ValueError):
            sodium.keypair_from_seed(bytes(size))


def test_random_bytes():
    assert len(sodium.random_bytes(32)) == 32 and sodium.random_bytes(32) != sodium.random_bytes(32)


@pytest.mark.parametrize(
    ("a", "b", "same"), [(b"", b"", True), (b"a", b"a", True), (b"a", b"b", False), (b"a", b"", False), (b"a", b"aa", False)]
)
def test_equal(a, b, same):
    assert sodium.equal(a, b) is same


def test_seal_and_unseal():
    nonce, key = bytes(24), bytes(32)
    sealed = sodium.seal(b"secret", b"header", nonce, key)
    assert len(sealed) == 6 + 16
    assert sodium.unseal(sealed, b"header", nonce, key) == b"secret"
    assert sodium.unseal(sealed, b"other", nonce, key) is None
    assert sodium.unseal(sealed[:-1] + b"\0", b"header", nonce, key) is None
    assert sodium.unseal(sealed, b"header", nonce, b"\1" * 32) is None
    assert sodium.unseal(b"", b"header", nonce, key) is None


def test_xchacha20_poly1305_vector():
    # draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    message = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    )
    sealed = sodium.seal(
        message, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), bytes(range(0x40, 0x58)), bytes(range(0x80, 0xA0))
    )
    assert sealed[:16].hex() == "bd6d179d3e83d43b9576579493c0e939"
    assert sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"


def test_a_sealed_box_opens_for_its_reader_alone():
    public_key, secret = sodium.keypair_from_seed(bytes(32))
    other_key, other_secret = sodium.keypair_from_seed(bytes([1]) * 32)
    sealed = sodium.seal_to(b"message", public_key)
    assert len(sealed) == len(b"message") + sodium.SEALED_MORE_BYTES
    assert sodium.open_sealed(sealed, public_key, secret) == b"message"
    assert sodium.open_sealed(sealed, other_key, other_secret) is None
    for wrong in (b"", sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        assert sodium.open_sealed(wrong, public_key, secret) is None


@pytest.mark.parametrize("public_key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"short"])
def test_nothing_is_sealed_to_what_is_no_key(public_key):
    with pytest.raises(ValueError):
        sodium.seal_to(b"message", public_key)
