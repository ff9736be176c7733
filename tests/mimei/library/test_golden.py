"""Bytes that must never change: ids, the message of a sign-in, a signed manifest."""

from leither_edge.crypto import sodium
from leither_edge.mimei import info, rights
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.manifest import Manifest, open_manifest, to_be_signed, with_signature
from leither_edge.mimei.sessions import sign_in_message

from .people import ANNA, NODE

MID = info.mid_of(ANNA.id, "app", "ext", "mark")
FOUND = Manifest(
    ANNA.public_key, MID, 3, info.FILES, cids.of(cids.DAG_PB, b"root"), cids.of(cids.RAW, b"before"), None, 1_800_000_000, "memo",
    cids.of(cids.DAG_CBOR, b"references"), "app", "ext", "mark",
)  # fmt: skip


def test_id():
    assert MID.hex() == "c38023bdbc3b9346f8df6aac9958af7570875910"


def test_message_of_a_sign_in():
    assert sign_in_message(NODE.id, bytes(32)) == b"leither-sign-in-1\n" + NODE.id + bytes(32)


def test_manifest():
    data = with_signature(FOUND, ANNA.sign(to_be_signed(FOUND)), sodium.verify)
    assert data.hex() == (
        "d284583da301320378216170706c69636174696f6e2f6c6569746865722d6d616e69666573742b63626f7204546a3803d5f059902a1c6dafbc9ba4729212f7ca"
        "aca058cfac0158208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b3940254c38023bdbc3b9346f8df6aac9958af75708759100303"
        "0402055824017012204813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2065824015512206db7d803e74f1ffa7d8f5adc0bf95b3e"
        "15bf4c8373fffadf546227cc6c6742cb081a6b49d20009646d656d6f0a58240171122007a0b0962107485c3c1375cffa0f2ed9254efe640801713a6c4a358af3"
        "d8aa000b636170700c636578740d646d61726b58405f95c571d804838567f5d992215317f6272c4ec3d2a76d20bbfe8e8349aab5e42d46e18d671b724b889dab"
        "0bc800b194ad24a471c27dfc4891fb65c414d85e0c"
    )
    assert open_manifest(data, sodium.verify) == FOUND


def test_bits_of_rights():
    assert [rights.names(1 << bit) for bit in range(len(rights.NAMES))] == [[name] for name in rights.NAMES]
    assert (rights.SEE, rights.READ, rights.WRITE, rights.SET_RIGHTS, rights.DELETE) == (1, 4, 16, 4096, 8192)
    assert (rights.PUBLIC, rights.READ_ONLY) == (0x20B, 0x20F)
