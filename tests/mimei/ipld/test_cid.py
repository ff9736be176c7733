"""Labels: their texts, and what is no label."""

import random

import pytest

from leither_edge.mimei.errors import BadBlock, BadInput
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import multibase, varint

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
EMPTY_FOLDER = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
# The same label in each base, as the npm package multiformats writes it.
BASES = (
    "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
    "BAFYBEIGDYRZT5SFP7UDM7HU76UH7Y26NF3EFUYLQABF3OCLGTQY55FBZDI",
    "zdj7Wic6KcJAfWz1c9o4M6kq9Lwd5BfbxkVafnrojaaGiSFxM",
    "uAXASIMPEcz7Ir_0Gz56f9Q_8a80uyFphcABLtwlmnDHelDka",
    "k2jmtxw8rjh1z69c6not3wtdxb0u3urbzhyll1t9jg6ox26dhi5sfi1m",
    "K2JMTXW8RJH1Z69C6NOT3WTDXB0U3URBZHYLL1T9JG6OX26DHI5SFI1M",
)


def test_texts_of_every_base_name_the_same():
    label = cids.from_text(BASES[0])
    for text in BASES:
        assert cids.from_text(text) == label, text
    assert cids.to_text(label) == BASES[0]


def test_labels_of_content():
    assert cids.to_text(cids.of(cids.RAW, b"hello world")) == HELLO
    folder = bytes.fromhex("0a020801")
    assert cids.to_text(cids.v0_of(folder)) == EMPTY_FOLDER
    v0 = cids.from_text(EMPTY_FOLDER)
    assert cids.codec(v0) == cids.DAG_PB and cids.as_v1(v0) == cids.of(cids.DAG_PB, folder)
    assert cids.digest(v0) == cids.digest(cids.as_v1(v0)) and len(cids.digest(v0)) == 32
    cids.check(v0, folder)
    with pytest.raises(BadBlock):
        cids.check(v0, folder + b"\0")


@pytest.mark.parametrize("size", [0, 1, 32, 34, 127, 128])
def test_content_in_the_label(size):
    content = random.Random(size).randbytes(size)
    label = b"\x01\x55\0" + varint.write(size) + content
    assert cids.parse(b"xx" + label + b"more", 2) == (label, 2 + len(label))
    assert cids.inline(label) == content and cids.digest(label) is None
    assert cids.from_text(cids.to_text(label)) == label
    cids.check(label, content)
    with pytest.raises(BadBlock):
        cids.check(label, content + b"x")


def test_a_codec_of_two_bytes():
    label = b"\x01\xa9\x02\x12\x20" + bytes(32)
    assert cids.codec(label) == 0x129 and cids.digest(label) == bytes(32) and cids.inline(label) is None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x01", b"\x02\x55\x12\x20" + bytes(32), b"\x01\x55\x12\x20" + bytes(31), b"\x12\x20" + bytes(31),
        b"\x01\x55\x13\x40" + bytes(64), b"\x01\x55\x12\x14" + bytes(20), b"\x01\x55\0\x81\x01" + bytes(129),
        b"\x01\xd5\0\x12\x20" + bytes(32),
        b"\x01" + b"\xff" * 9, b"\x01\xff\xff\xff\xff\xff\x01\x12\x20" + bytes(32), b"\x12\x21" + bytes(33),
    ],
)  # fmt: skip
def test_what_is_no_label(data):
    with pytest.raises(BadBlock):
        cids.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "", "b", "Qm", "hello", HELLO[:-1], HELLO + "a", HELLO.replace("k", "K", 1), HELLO[:-1] + "1", EMPTY_FOLDER[:-1] + "0",
        "z" + EMPTY_FOLDER, "b" + "a" * 300, "k" + "_" * 20, "k 12", "u" + "A" * 5, "u++++", "mAXAS", "k", "z", BASES[0] + "=", "ü",
        None, 5, "B" + HELLO[1:], HELLO[:-1] + chr(ord(HELLO[-1]) + 1),
    ],
)  # fmt: skip
def test_what_is_no_text_of_a_label(text):
    with pytest.raises(BadInput):
        cids.from_text(text)


def test_base58_keeps_zeros():
    for data in (b"", b"\0", b"\0\0ab", b"\xff" * 40):
        assert multibase.from_base58(multibase.to_base58(data)) == data


def test_numbers():
    for number in (0, 1, 127, 128, 255, 16383, 16384, (1 << 63) - 1):
        data = varint.write(number)
        assert varint.read(b"x" + data, 1) == (number, 1 + len(data)) and varint.size(number) == len(data)
    for data in (b"", b"\x80", b"\x80\0", b"\xff" * 8 + b"\x80\x01", b"\x81\x80\0"):
        with pytest.raises(BadBlock):
            varint.read(data)
