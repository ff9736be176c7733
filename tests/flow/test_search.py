"""Searches on other nodes."""

import pytest
import trio

from leither_edge.flow import search
from leither_edge.flow.errors import BadAnswer
from leither_edge.flow.search import Asked, merged, read_answer, read_question
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput
from leither_edge.peer.channel.errors import Refused
from tests.flow.flowing import flowing
from tests.mimei.library.people import CARL

ONE, TWO, THREE = (bytes([number]) * 20 for number in (1, 2, 3))


def test_places_are_merged_by_weight():
    own = (1.0, "", [(ONE, "", "one"), (TWO, "", "two")])
    ben = (1.0, "ben", [(THREE, "", "three"), (TWO, "", "")])
    found = merged([own, ben], 10)
    # Named twice counts twice.
    assert [(hit.mid, hit.nodes) for hit in found] == [(TWO, ("", "ben")), (ONE, ("",)), (THREE, ("ben",))]
    assert [hit.title for hit in found] == ["two", "one", "three"]
    assert [hit.mid for hit in merged([own, (5.0, *ben[1:])], 2)] == [TWO, THREE]


@pytest.mark.parametrize(
    "value",
    [None, {}, {"hits": 1}, {"hits": [1]}, {"hits": [[ONE, "", ""]] * 3}, {"hits": [[ONE, "", 1]]}, {"hits": [[b"x", "", ""]]},
     {"hits": [[ONE, "x" * 5000, ""]]}],
)  # fmt: skip
def test_malformed_answers_are_refused(value):
    with pytest.raises(BadAnswer):
        read_answer(value, 2)


def test_an_answer_names_a_place_once():
    assert read_answer({"hits": [[ONE, "a", "x"], [ONE, "a", "y"]]}, 2) == [(ONE, "a", "x")]
    assert read_question({"text": "x", "limit": 10_000}) == ("x", search.HITS_MAX, None)
    for value in (None, {}, {"text": "x", "limit": 1, "user": "ben"}, {"text": "x" * 500, "limit": 1}, {"text": "x", "limit": True}):
        with pytest.raises(BadAnswer):
            read_question(value)


async def put(one, name, right=rights.PUBLIC):
    """A MiMei of a node with one file of a name, indexed."""

    def make():
        library = one.library
        mid = library.create(one.session, right=right)
        library.put_file(one.session, mid, name, [b"x"])
        library.backup(one.session, mid)
        if right is not None:
            library.release(one.session, mid, 0)
        return mid

    def is_found():
        one.library.held.flush_now()
        one.library.wake()
        return any(hit.path == name for hit in one.library.search(one.session, "apples"))

    mid = await one.in_thread(make)
    await one.until(is_found)
    return mid


async def test_friends_are_asked_and_who_gives_nothing_is_named(tmp_path):
    async with flowing(tmp_path, "anna", "ben", "carl", "dora") as (anna, ben, carl, dora):
        mine, his = await put(anna, "green apples.txt"), await put(ben, "red apples.txt")
        await put(ben, "rotten apples.txt", None)

        async def never(call):
            await trio.sleep_forever()

        carl.peers.services.remove(search.SERVICE)
        carl.peers.services.add(search.SERVICE, never)
        await dora.peers.book.put(anna.id, roles=["share"])
        chosen = anna.flow.search.chosen
        asked = chosen(["ben=2", "carl", "dora"])
        assert asked == [Asked(ben.public_key, "ben", 2.0), Asked(carl.public_key, "carl", 1.0), Asked(dora.public_key, "dora", 1.0)]
        assert {one.name for one in chosen([])} == {"ben", "carl", "dora"}
        for words in (["nobody"], ["ben=0"], ["ben=nan"], ["ben=x"], ["ben"] * 40):
            with pytest.raises(BadInput):
                chosen(words)
        told = []
        found = await anna.flow.search.ask(anna.session, "apples", asked, within_s=0.6, tell=told.append)
        assert [(hit.mid, hit.path, hit.nodes) for hit in found.hits] == [
            (his, "red apples.txt", ("ben",)), (mine, "green apples.txt", ("",)),
        ]  # fmt: skip
        assert found.asked == ["ben", "carl", "dora"] and dict(found.missing).keys() == {"carl", "dora"}
        assert "0.6 s" in dict(found.missing)["carl"] and "does not let" in dict(found.missing)["dora"]
        assert (1, 3) in told and (2, 3) in told
        with pytest.raises(BadInput):
            await anna.flow.search.ask(anna.session, "apples", [], limit=0)
        channel = await anna.peers.connect(ben.public_key)
        with pytest.raises(Refused):
            await channel.call(search.SERVICE, {"text": "-x", "limit": 3})


async def test_a_user_finds_nothing_by_the_rights_of_his_node(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        private = await put(ben, "secret apples.txt", None)
        await ben.in_thread(ben.library.set_right, ben.session, private, anna.id, rights.READ_ONLY)
        public, asked = await put(ben, "red apples.txt"), anna.flow.search.chosen(["ben"])
        for session, mids in ((anna.session, {private, public}), (anna.library.acting_for(CARL.public_key), {public})):
            found = await anna.flow.search.ask(session, "apples", asked)
            assert {hit.mid for hit in found.hits} == mids
