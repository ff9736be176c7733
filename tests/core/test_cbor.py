import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor
from leither_edge.core.cbor import CborError, Tagged, decode, encode

# RFC 8949 appendix A: the examples within the deterministic subset, as (hex, value).
APPENDIX_A = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("c074323031332d30332d32315432303a30343a30305a", Tagged(0, "2013-03-21T20:04:00Z")),
    ("c11a514b67b0", Tagged(1, 1363896240)),
    ("c249010000000000000000", Tagged(2, bytes.fromhex("010000000000000000"))),
    ("c349010000000000000000", Tagged(3, bytes.fromhex("010000000000000000"))),
    ("d74401020304", Tagged(23, bytes.fromhex("01020304"))),
    ("d818456449455446", Tagged(24, bytes.fromhex("6449455446"))),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", Tagged(32, "http://www.example.com")),
    ("40", b""),
    ("4401020304", bytes.fromhex("01020304")),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "ü"),
    ("63e6b0b4", "水"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    ("a56161614161626142616361436164614461656145", {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}),
]

# The other examples of appendix A, which deterministic CBOR of this kind does not hold: (hex, code).
APPENDIX_A_REFUSED = [
    *((data, "float") for data in "f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff".split()),
    *((data, "float") for data in "fb7e37e43c8800759c f90001 f90400 f9c400 fbc010666666666666 f97c00 f97e00 f9fc00".split()),
    *((data, "float") for data in "fa7f800000 fa7fc00000 faff800000 fb7ff0000000000000 c1fb41d452d9ec200000".split()),
    ("f7", "simple"),
    ("f0", "simple"),
    ("f8ff", "simple"),
    *((data, "indefinite") for data in "5f42010243030405ff 7f657374726561646d696e67ff 9fff bf61610161629f0203ffff".split()),
    *((data, "indefinite") for data in "9f018202039f0405ffff 83018202039f0405ff 83019f0203ff820405 826161bf61626163ff".split()),
]


@pytest.mark.parametrize(("data", "value"), APPENDIX_A, ids=[data for data, _ in APPENDIX_A])
def test_rfc_8949_appendix_a(data, value):
    decoded = decode(bytes.fromhex(data))
    assert decoded == value and type(decoded) is type(value)
    assert encode(value).hex() == data


@pytest.mark.parametrize(("data", "code"), APPENDIX_A_REFUSED, ids=[data for data, _ in APPENDIX_A_REFUSED])
def test_rfc_8949_appendix_a_outside_the_subset(data, code):
    with pytest.raises(CborError) as refusal:
        decode(bytes.fromhex(data))
    assert refusal.value.code == code


# RFC 8949 appendix F: not well-formed. Each is refused as one thing or another.
NOT_WELL_FORMED = """
    18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000 41 61 5affffffff00
    5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203 81 818181818181818181 8200 a1 a20102 a100 a2000000
    c0 5f4100 7f6100 9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 9f819f819f9fffffff 1c 1d 1e 3c 3d 3e 5c 5d 5e
    7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe f800 f801 f818 f81f 5f00ff 5f21ff 5f6100ff 5f80ff 5fa0ff 5fc000ff 5fe0ff
    7f4100ff 5f5f4100ffff 7f7f6100ffff ff 81ff 8200ff a1ff a1ff00 a100ff a20000ff 9f81ff 9f829f819f9fffffffff bf00ff
    bf000000ff 1f 3f df
""".split()


@pytest.mark.parametrize("data", ["", *NOT_WELL_FORMED])
def test_rfc_8949_appendix_f(data):
    with pytest.raises(CborError):
        decode(bytes.fromhex(data))


keys = st.one_of(
    st.integers(-(1 << 64), (1 << 64) - 1), st.binary(max_size=6), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
)
scalars = st.one_of(st.none(), st.booleans(), keys)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_same_bytes_as_cbor2_and_back(value):
    # cbor2's canonical form sorts keys by length first; so compare what it reads of ours, and ours of flat things.
    data = encode(value, 40)
    assert cbor2.loads(data) == value
    assert decode(data, max_depth=40) == value
    assert encode(decode(data, max_depth=40), 40) == data


@settings(max_examples=200, deadline=None)
@given(st.recursive(scalars, lambda inner: st.lists(inner, max_size=5), max_leaves=30))
def test_same_bytes_as_cbor2_without_maps(value):
    assert encode(value, 40) == cbor2.dumps(value)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=60))
@example(bytes.fromhex("f97e00"))
@example(b"\x81" * 60)
def test_what_decodes_encodes_to_the_same_bytes(data):
    try:
        value = decode(data)
    except CborError as error:
        assert error.code and str(error)
    else:
        assert encode(value) == data


@settings(max_examples=150, deadline=None)
@given(values, st.data())
def test_altered_bytes_give_another_value_or_a_typed_error(value, draw):
    data = bytearray(encode(value, 40))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    try:
        other = decode(bytes(data), max_depth=40)
    except CborError:
        return
    assert encode(other, 40) == bytes(data)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "type"),
        ({1, 2}, "type"),
        (object(), "type"),
        (1 << 64, "range"),
        (-(1 << 64) - 1, "range"),
        (Tagged(-1, 0), "range"),
        (Tagged(True, 0), "range"),
        (Tagged(1 << 64, 0), "range"),
        ({True: 1}, "key-type"),
        ({None: 1}, "key-type"),
        ({(1,): 1}, "key-type"),
        ({1.0: 1}, "key-type"),
        ("\ud800", "utf8"),
    ],
)
def test_what_cannot_be_encoded(value, code):
    with pytest.raises(CborError) as refusal:
        encode(value)
    assert refusal.value.code == code


def test_depth_is_bounded_in_both_directions():
    value = 0
    for _ in range(cbor.MAX_DEPTH):
        value = [value]
    assert decode(encode(value)) == value
    for refused in (lambda: encode([value]), lambda: decode(b"\x81" + encode(value)), lambda: decode(b"\x81" * 5000 + b"\x00")):
        with pytest.raises(CborError) as refusal:
            refused()
        assert refusal.value.code == "too-deep"
    cyclic = []
    cyclic.append(cyclic)
    with pytest.raises(CborError):
        encode(cyclic)


def test_size_is_bounded_before_any_work():
    with pytest.raises(CborError) as refusal:
        decode(bytes(11), max_bytes=10)
    assert refusal.value.code == "too-large"
    for data in ("9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "9a7fffffff00", "ba7fffffff0000"):
        with pytest.raises(CborError) as refusal:
            decode(bytes.fromhex(data))
        assert refusal.value.code == "truncated"


def test_the_number_of_values_is_bounded_before_they_are_made():
    for data, count in (("820102", 2), ("8200820102", 4), ("a2010202820304", 6), ("81818100", 3)):
        assert encode(decode(bytes.fromhex(data), max_items=count)).hex() == data
        with pytest.raises(CborError) as refusal:
            decode(bytes.fromhex(data), max_items=count - 1)
        assert refusal.value.code == "too-many"


def test_other_buffers_are_read_and_other_types_refused():
    assert decode(bytearray(b"\x01")) == decode(memoryview(b"\x01")) == 1
    assert encode([bytearray(b"\x01"), memoryview(b"\x02")]) == b"\x82\x41\x01\x41\x02"
    for bad in ("01", 3, None, [1]):
        with pytest.raises(CborError):
            decode(bad)


def test_map_keys_are_sorted_by_their_bytes():
    # RFC 8949 section 4.2.1, with the kinds of key that are taken here.
    value = {"aa": 1, "z": 2, -1: 3, 100: 4, 10: 5, b"b": 6}
    assert list(decode(encode(value))) == [10, 100, -1, b"b", "z", "aa"]


def is_utf8_by_python(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_utf8_first_and_second_bytes():
    for first in range(256):
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            for rest in (b"", b"\x80", b"\xbf\x80", b"\x80\xc0", b"a"):
                for data in (bytes([first]), bytes([first, second]) + rest):
                    assert cbor.is_utf8(data) == is_utf8_by_python(data), data


@given(st.one_of(st.binary(max_size=12), st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_utf8_as_python_judges_it(data):
    assert cbor.is_utf8(data) == is_utf8_by_python(data)


def test_a_decoder_that_is_not_strict(monkeypatch):
    monkeypatch.setattr(cbor, "_DECODER_IS_STRICT", False)
    assert decode(encode("水 ü")) == "水 ü"
    monkeypatch.setattr(cbor, "is_utf8", lambda text: False)
    for refused in (lambda: encode("a"), lambda: decode(b"\x61a")):
        with pytest.raises(CborError) as refusal:
            refused()
        assert refusal.value.code == "utf8"
