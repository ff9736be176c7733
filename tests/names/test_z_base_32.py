import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.names.z_base_32 import KeyNameError, decode, encode, key_to_name, name_to_key

# Of pkarr's own tests (types/keys.rs).
KEY = bytes(
    [1, 180, 103, 163, 183, 145, 58, 178, 122, 4, 168, 237, 242, 243, 251, 7]
    + [76, 254, 14, 207, 75, 171, 225, 8, 214, 123, 227, 133, 59, 15, 38, 197]
)
NAME = "yg4gxe7z1r7mr6orids9fh95y7gxhdsxjqi6nngsxxtakqaxr5no"


# The first ones are of the specification, where it speaks of whole bytes; the others as npm's z32 writes them.
@pytest.mark.parametrize(
    "data, text",
    [
        ("f0bfc7", "6n9hq"),
        ("d47a04", "4t7ye"),
        ("f557bb0c", "6im5sdy"),
        ("", ""),
        ("00", "yy"),
        ("ff", "9h"),
        ("b5", "sw"),
        ("34455dfd24e0e9d22c72", "gtni59jrhdw7rmd1"),
    ],
)
def test_bytes_and_text(data, text):
    data = bytes.fromhex(data)
    assert encode(data) == text
    assert decode(text, len(data)) == data


def test_a_key_of_pkarrs_tests():
    assert key_to_name(KEY) == NAME
    assert name_to_key(NAME) == name_to_key(NAME.upper()) == KEY


@given(st.binary(max_size=64))
def test_what_is_written_is_read(data):
    assert decode(encode(data), len(data)) == data


@pytest.mark.parametrize(
    "name",
    ["", NAME[:-1], NAME + "o", NAME[:-1] + "l", NAME.replace("y", "0"), NAME[:-1] + "p", NAME.replace("k", "\N{KELVIN SIGN}"), "ä" * 52],
)
def test_what_is_no_key(name):
    with pytest.raises(KeyNameError):
        name_to_key(name)


def test_a_key_has_32_bytes():
    with pytest.raises(KeyNameError):
        key_to_name(b"short")
