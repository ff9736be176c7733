"""What the page's modules must reproduce: published vectors, and values and verdicts of this project's Python and libsodium.

In JSON a byte string is hex; inside CBOR values it is {"bytes": hex}, an integer {"int": text}, a map {"map": pairs}, a tag
{"tag": number, "value": value}.
"""

import hashlib
import json
import pathlib
import random

from mnemonic import Mnemonic

from leither_edge.core import cbor
from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.core.ids import id_to_text, key_id, public_key_to_text
from leither_edge.crypto import sodium
from tests.core import golden

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC8032 = [
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
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]

# BIP-39's 256-bit vectors of the reference implementation: entropy, words.
BIP39 = [
    ("00" * 32, "abandon " * 23 + "art"),
    ("7f" * 32, "legal winner thank year wave sausage worth useful " * 2 + "legal winner thank year wave sausage worth title"),
    ("80" * 32, "letter advice cage absurd amount doctor acoustic avoid " * 2 + "letter advice cage absurd amount doctor acoustic bless"),
    ("ff" * 32, "zoo " * 23 + "vote"),
    (
        "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
        "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word "
        "shrug inflict delay length",
    ),
    (
        "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
        "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby "
        "quick inner drive ghost inside",
    ),
    (
        "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
        "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing "
        "advance salt reform",
    ),
    (
        "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
        "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten "
        "exist slush involve unfold",
    ),
]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
ROOT_MINUS_1 = pow(2, (P - 1) // 4, P)
# y of a point of order 8.
ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303021804
HASH_SIZES = (0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 113, 119, 120, 127, 128, 129, 1000, 4097)


def word_list():
    """The English list as the portal serves it."""
    return "\n".join(Mnemonic("english").wordlist) + "\n"


def all_vectors(seed=2026):
    """Everything as one value for JSON; the random part comes from the seed."""
    rng = random.Random(seed)
    return {
        "hashes": [_hashes(rng.randbytes(size)) for size in HASH_SIZES],
        "rfc8032": RFC8032,
        "signatures": [_signature(rng) for _ in range(12)],
        "verdicts": [[*map(bytes.hex, case), sodium.verify(*case)] for case in _edge_signatures(rng)],
        "bip39": [(entropy, words, True) for entropy, words in BIP39] + [_words(rng) for _ in range(8)],
        "ids": [_ids(rng.randbytes(32)) for _ in range(8)],
        "cbor": [[_json(value), cbor.encode(value).hex()] for value in _cbor_values(rng)],
        "cbor_refused": [data.hex() for data in _cbor_refused(rng)],
        "golden": json.loads(golden.PATH.read_text()),
        "passes": [_pass(role) for role in ("operator", "owner")],
    }


def _hashes(data):
    return [data.hex(), hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest()]


def _signature(rng):
    seed, message = rng.randbytes(32), rng.randbytes(rng.choice((0, 10, 200, 3000)))
    return [seed.hex(), sodium.keypair_from_seed(seed)[0].hex(), message.hex(), sodium.sign(message, seed).hex()]


def _edge_signatures(rng):
    """(signature, message, public key) where lax verifiers differ: malleated, small order, not canonical, sign of zero."""
    seed, message = rng.randbytes(32), b"edge"
    public_key, _ = sodium.keypair_from_seed(seed)
    good = sodium.sign(message, seed)
    s = int.from_bytes(good[32:], "little")
    yield good, message, public_key
    for other in (s + ORDER, s + 2 * ORDER, s ^ 1, 0, ORDER, ORDER - 1, 2**256 - 1):
        yield good[:32] + other.to_bytes(32, "little"), message, public_key
    ys = (0, 1, P - 1, ORDER_8_Y, P - ORDER_8_Y, P, P + 1, 2**255 - 1, 2)
    low = [(y + (sign << 255)).to_bytes(32, "little") for y in ys for sign in (0, 1)]
    for point in low:
        yield bytes(32) + bytes(32), message, point
        yield point + bytes(32), message, point
        yield point + bytes(32), message, public_key
        # With the neutral element as the key, any S with its own multiple of the base point would do.
        yield good, message, point
        yield point + good[32:], message, public_key


def _words(rng):
    entropy = rng.randbytes(32)
    return [entropy.hex(), Mnemonic("english").to_mnemonic(entropy), True]


def _ids(public_key):
    id20 = key_id(public_key)
    return [public_key.hex(), id20.hex(), id_to_text(id20), public_key_to_text(public_key)]


EDGE_INTEGERS = [0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**64 - 1]


def _cbor_values(rng):
    for number in EDGE_INTEGERS:
        yield number
        yield -1 - number
    yield from ({}, [], "", b"", None, True, False, "\ufeffmark", "Küche 厨房 \U0001f511")
    yield {1: 2, -1: 3, "a": 4, b"a": 5, "aa": 6, 24: 7, 256: 8}
    yield [[[[[[[[1]]]]]]]]
    for _ in range(60):
        yield _random_value(rng, 4)


def _random_value(rng, depth):
    kind = rng.randrange(9 if depth else 5)
    if kind == 0:
        return rng.choice((1, -1)) * rng.getrandbits(rng.choice((3, 7, 15, 31, 53, 62)))
    if kind == 1:
        return rng.randbytes(rng.choice((0, 3, 23, 24, 300)))
    if kind == 2:
        return "".join(rng.choice("aZ é厨\U0001f511\x00") for _ in range(rng.choice((0, 2, 23, 30))))
    if kind == 3:
        return rng.choice((None, True, False))
    if kind == 4:
        return rng.choice(EDGE_INTEGERS)
    if kind in (5, 6):
        return [_random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {_random_key(rng): _random_value(rng, depth - 1) for _ in range(rng.randrange(6))}
    return cbor.Tagged(rng.choice((0, 18, 98, 1000, 2**40)), _random_value(rng, depth - 1))


def _random_key(rng):
    return rng.choice((rng.randrange(-30, 300), rng.randbytes(2), str(rng.randrange(10**4))))


def _cbor_refused(rng):
    """What core refuses: its own list, too deep a value, and mutations of good encodings."""
    for case in json.loads(golden.PATH.read_text())["cbor_refused"]:
        yield bytes.fromhex(case["data"])
    yield bytes.fromhex("818181818181818181" + "01")
    good = [cbor.encode(_random_value(rng, 3)) for _ in range(40)] + list(golden.SIGNED_COMMANDS.values())
    for data in good:
        for _ in range(12):
            mutant = bytearray(data)
            mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
            try:
                cbor.decode(bytes(mutant))
            except cbor.CborError:
                yield bytes(mutant)


def _json(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, cbor.Tagged):
        return {"tag": str(value.tag), "value": _json(value.value)}
    if isinstance(value, dict):
        return {"map": [[_json(key), _json(item)] for key, item in value.items()]}
    return [_json(item) for item in value]


def _pass(role):
    """A pass from fixed keys, for a byte-by-byte comparison."""
    owner, phone = golden.OWNER, golden.PHONE
    given = Pass(owner.id, phone.public_key, golden.DEVICE.id, role, None, golden.TIME, golden.TIME + 86400, "browser")
    return [role, sign_pass(given, owner.sign).hex()]


def static_folder():
    """Where the modules are."""
    import appliance.portal

    return pathlib.Path(appliance.portal.__file__).parent / "static"

