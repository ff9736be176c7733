"""Links of MiMei and pointers: there and back, and what is refused."""

import pytest

from leither_edge.core.ids import id_to_text, public_key_to_text
from leither_edge.crypto import sodium
from leither_edge.dht.item import VALUE_MAX_BYTES, is_good
from leither_edge.flow import link, pointer
from leither_edge.mimei.errors import BadInput
from leither_edge.mimei.ipld import cid as cids
from tests.mimei.library.people import ANNA, BEN

MID = bytes(range(20))
MID_TEXT, KEY_TEXT = id_to_text(MID), public_key_to_text(ANNA.public_key)


@pytest.mark.parametrize("sources", [(), ("192.0.2.1:8042", "[2001:db8::1]:8042"), ("https://gate.example/?a=b&c=%", "name of a friend")])
def test_links_there_and_back(sources):
    text = link.to_text(MID, ANNA.public_key, sources)
    assert link.parse(text) == link.parse(f" {text}\n") == (MID, ANNA.public_key, sources)
    assert text.startswith(f"leither:mimei/{MID_TEXT}/{KEY_TEXT}") and " " not in text


def test_what_else_names_a_mimei():
    assert link.parse(MID_TEXT) == link.parse(link.SCHEME + MID_TEXT) == (MID, None, ())
    # What is not known yet is passed over.
    assert link.parse(f"{link.SCHEME}{MID_TEXT}?at=5&from=x%3A1").sources == ("x:1",)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "x", MID_TEXT[:-1], link.SCHEME, f"{link.SCHEME}{MID_TEXT}/", f"{link.SCHEME}{MID_TEXT}/{KEY_TEXT[:-1]}A",
        f"{link.SCHEME}{MID_TEXT}?from=%1", f"{link.SCHEME}{MID_TEXT}?from=%00", f"{link.SCHEME}{MID_TEXT}?from=%ff",
        link.SCHEME + MID_TEXT + "?" + "&".join(f"from={number}" for number in range(9)), "leither:peer/" + MID_TEXT, "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_link(text):
    with pytest.raises(BadInput):
        link.parse(text)


def test_pointers():
    found = pointer.Pointer((1 << 53) - 1, cids.of(cids.RAW, b"x"), 0, (ANNA.public_key,) * pointer.NODES_MAX)
    value = pointer.value_of(found)
    assert pointer.read_value(value) == found and len(value) <= VALUE_MAX_BYTES
    item = pointer.item_of(found, ANNA.public_key, MID, 5, ANNA.sign(pointer.to_be_signed(found, MID, 5)))
    assert is_good(item, sodium.verify) and not is_good(item._replace(key=BEN.public_key), sodium.verify)
    for bad in (value + b"x", value[1:], b"", b"5:abcde", b"1:", value.replace(b"\x01", b"\x09", 1)):
        with pytest.raises(BadInput):
            pointer.read_value(bad)
    with pytest.raises(BadInput):
        pointer.value_of(found._replace(nodes=(ANNA.public_key,) * 9))
