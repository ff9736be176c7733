import pytest

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.peer.book import BLOCKED, BY_DIAL, FRIEND, KNOWN, ROLES, SEEN_EVERY_S, Book
from leither_edge.peer.errors import BadAddress, BookFull, PeerError, UnknownPeer
from tests.peer.kept_library import open_kept

KEYS = [KeyPair(bytes([number]) * 32).public_key for number in range(1, 8)]


class Clock:
    now = 1_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def library(tmp_path):
    with open_kept(tmp_path) as library:
        yield library


async def test_a_row_is_kept_over_a_restart(tmp_path):
    with open_kept(tmp_path) as library:
        book = Book(library, 4, Clock())
        row = await book.put(public_key=KEYS[0], name="Anna", addresses=["192.0.2.1:8042"], state=FRIEND)
        assert row.roles == ROLES and row.is_friend and row.may("backup")
    with open_kept(tmp_path) as library:
        book = Book(library, 4, Clock())
        assert book.get(key_id(KEYS[0])) == row
        assert book.find("Anna") == book.find(id_to_text(row.id)) == book.find(id_to_text(row.id)[:6]) == row
        assert book.find("nobody") is None


async def test_what_is_not_given_stays(library):
    book = Book(library, 4, Clock())
    first = await book.put(public_key=KEYS[0], name="Anna", addresses=["192.0.2.1:8042"], state=FRIEND, roles=["search"])
    second = await book.put(first.id, addresses=["192.0.2.2:8042"])
    assert second == first._replace(addresses=("192.0.2.2:8042",))
    assert not second.may("backup")
    assert (await book.put(first.id, state=KNOWN)).roles == ("search",)


async def test_an_id_alone_can_be_blocked(library):
    book = Book(library, 4, Clock())
    await book.put(key_id(KEYS[0]), state=BLOCKED)
    await book.met(KEYS[0], b"s" * 32, "192.0.2.1:8042")
    row = book.get(key_id(KEYS[0]))
    assert (row.state, row.public_key, row.addresses) == (BLOCKED, b"", ())


@pytest.mark.parametrize(
    ("given", "error", "code"),
    [
        ({"name": "x" * 65}, PeerError, "name"),
        ({"name": "a\nb"}, PeerError, "name"),
        ({"name": " a"}, PeerError, "name"),
        ({"state": "enemy"}, PeerError, "state"),
        ({"roles": ["king"]}, PeerError, "role"),
        ({"addresses": ["junk"]}, BadAddress, "address"),
        ({"addresses": ["192.0.2.1:1"] * 9}, BookFull, "book-full"),
        ({"public_key": KEYS[1]}, PeerError, "key"),
        ({"public_key": b"short"}, PeerError, "key"),
    ],
)
async def test_a_bad_row_changes_nothing(library, given, error, code):
    book = Book(library, 4, Clock())
    with pytest.raises(error) as raised:
        await book.put(key_id(KEYS[0]), **given)
    assert raised.value.code == code
    assert book.rows() == []


async def test_two_nodes_have_two_names(library):
    book = Book(library, 4, Clock())
    await book.put(public_key=KEYS[0], name="Anna")
    with pytest.raises(PeerError):
        await book.put(public_key=KEYS[1], name="Anna")
    assert len(book.rows()) == 1


async def test_who_was_only_dialled_gives_way(library):
    clock = Clock()
    book = Book(library, 3, clock)
    await book.put(public_key=KEYS[0], state=FRIEND)
    await book.put(public_key=KEYS[1], how=BY_DIAL, seen=20)
    await book.put(public_key=KEYS[2], how=BY_DIAL, seen=10)
    await book.put(public_key=KEYS[3])
    assert book.get(key_id(KEYS[2])) is None
    await book.put(key_id(KEYS[1]), name="wanted after all")
    with pytest.raises(BookFull):
        await book.put(public_key=KEYS[4])
    await book.remove(key_id(KEYS[3]))
    with pytest.raises(UnknownPeer):
        await book.remove(key_id(KEYS[3]))


async def test_what_a_handshake_showed_is_noted_and_seldom_written(library):
    clock = Clock()
    book = Book(library, 4, clock)
    id20 = key_id(KEYS[0])
    await book.met(KEYS[0], b"s" * 32, "192.0.2.1:8042")
    assert book.get(id20) is None
    await book.put(id20, addresses=["192.0.2.9:8042", "192.0.2.1:8042"])
    await book.met(KEYS[0], b"s" * 32, "192.0.2.1:8042")
    row = book.get(id20)
    assert (row.public_key, row.static, row.seen) == (KEYS[0], b"s" * 32, clock.now)
    assert row.addresses == ("192.0.2.1:8042", "192.0.2.9:8042")
    clock.now += 60
    await book.met(KEYS[0], b"s" * 32, "192.0.2.1:8042")
    assert book.get(id20) == row
    clock.now += SEEN_EVERY_S
    await book.met(KEYS[0], b"s" * 32, None)
    assert book.get(id20) == row._replace(seen=clock.now)
