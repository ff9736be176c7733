"""Nodes that share, follow and fetch from one another, over real channels."""

import math
from collections import namedtuple

import pytest
import trio

from leither_edge.core.ids import id_to_text, public_key_to_text
from leither_edge.dht.errors import DhtError
from leither_edge.dht.report import Found
from leither_edge.flow import following, link, news, pointer, publishing, told
from leither_edge.flow.errors import NoSource
from leither_edge.flow.finding import ANNOUNCED, BY_AUTHOR, BY_FRIEND
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput, Conflict, Forbidden, NotFound
from leither_edge.peer.channel.errors import Refused
from leither_edge.storage import StorageError
from tests.mimei.library.people import CARL

from .flowing import flowing, write

Near = namedtuple("Near", "public_key name addresses")


class Dht:
    """The items and announcements of all nodes."""

    def __init__(self):
        self.items, self.kept, self.announced = {}, [], []

    def __call__(self):
        return self

    async def get_mutable(self, key, salt=b""):
        return Found(self.items.get((key, salt)), None)

    async def put_mutable(self, item, progress=None):
        known = self.items.get((item.key, item.salt))
        assert known is None or item.seq > known.seq
        self.items[item.key, item.salt] = item

    async def keep(self, item):
        self.kept.append(item)


class Discovery:
    """Says who announced himself. addresses: {mid: [address]}."""

    def __init__(self):
        self.addresses, self.near = {}, []

    async def find_providers(self, mid):
        return self.addresses.get(mid, [])

    async def announce(self, mid, port):
        self.addresses.setdefault(mid, []).append(f"127.0.0.1:{port}")
        return "report"

    async def nearby(self, wait_s=None):
        return self.near


async def test_what_is_shared_appears_there_with_every_version(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        mid = await anna.made(b"one")
        share = await anna.flow.share(anna.session, mid, ben.public_key)
        assert (share.state, share.users) == (told.ACCEPTED, (ben.id,))
        await ben.until(lambda: ben.last(mid) == 0)
        assert await ben.read(mid) == b"one"
        await anna.made(b"two", mid=mid)
        await ben.until(lambda: ben.last(mid) == 1)
        assert await ben.read(mid) == b"two" and await ben.read(mid, "cur") == b"two"
        assert [(follow.mid, follow.problem) for follow in ben.flow.follows(ben.session)] == [(mid, None)]
        assert [share.follows for share in anna.flow.shares(anna.session)] == [True]
        # Taken back: what came stays, what is new does not come.
        await anna.flow.unshare(anna.session, mid, ben.public_key)
        await anna.made(b"three", mid=mid)
        with pytest.raises(NoSource):
            await ben.flow.sync(ben.session, mid)
        assert await ben.read(mid) == b"two" and anna.flow.shares(anna.session) == []
        assert ben.flow.follows(ben.session)[0].problem[0] == "unshared"
        with pytest.raises(NotFound):
            await anna.flow.unshare(anna.session, mid, ben.public_key)


async def test_offers_of_friends_who_may_not_share_wait(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        await ben.node.befriend(anna, roles=())
        mid = await anna.made(b"one")
        assert (await anna.flow.share(anna.session, mid, ben.public_key)).state == told.WAITING
        offer = ben.flow.offers()[0]
        assert (offer.mid, offer.key, offer.author) == (mid, anna.public_key, anna.public_key)
        assert ben.flow.follows(ben.session) == []
        with pytest.raises(NotFound):
            await ben.flow.accept(ben.session, bytes(20))
        await ben.flow.accept(ben.session, id_to_text(mid))
        await ben.until(lambda: ben.last(mid) == 0)
        assert ben.flow.offers() == []
        other = await anna.made(b"not wanted")
        await anna.flow.share(anna.session, other, ben.public_key)
        await ben.flow.decline(other)
        assert ben.flow.offers() == []
        with pytest.raises(Forbidden):
            await anna.flow.share(anna.session, mid, CARL.public_key)
        with pytest.raises(Forbidden):
            await anna.flow.share(anna.library.acting_for(CARL.public_key), mid, ben.public_key)


async def test_a_share_takes_no_rights_that_are_of_others(tmp_path):
    async with flowing(tmp_path, "anna", "ben", "dora") as (anna, ben, dora):
        mid, may = await anna.made(b"one"), anna.library.get_right
        await anna.in_thread(anna.library.set_right, anna.session, mid, ben.id, rights.READ_ONLY | rights.WRITE)
        for other in (ben, dora):
            await anna.flow.share(anna.session, mid, other.public_key, CARL.id)
        assert may(anna.session, mid, ben.id) & rights.WRITE
        assert CARL.id not in (await anna.flow.unshare(anna.session, mid, ben.public_key)).users
        assert [may(anna.session, mid, each) & rights.READ for each in (ben.id, CARL.id)] == [0, rights.READ]
        assert CARL.id in (await anna.flow.unshare(anna.session, mid, dora.public_key)).users
        assert not may(anna.session, mid, CARL.id)


async def test_who_offers_what_is_here_changes_nothing_of_its_author(tmp_path):
    async with flowing(tmp_path, "anna", "ben", "dora") as (anna, ben, dora):
        mid = await anna.made(b"one")
        await anna.flow.share(anna.session, mid, ben.public_key)
        await ben.until(lambda: [follow.number for follow in ben.flow.follows(ben.session)] == [0])
        channel = await dora.peers.connect(ben.public_key)
        await channel.call(told.OFFER, {"mid": mid, "author": dora.public_key, "data_type": 2, "words": ""})
        assert [follow.author for follow in ben.flow.follows(ben.session)] == [anna.public_key]
        await anna.made(b"two", mid=mid)
        await ben.until(lambda: ben.last(mid) == 1)


async def test_lost_news_are_made_good_when_the_channel_comes_back(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        mid = await anna.made(b"one")
        await anna.flow.share(anna.session, mid, ben.public_key)
        await ben.until(lambda: ben.last(mid) == 0)
        # Said, and heard by nobody.
        heard = anna.flow.news.heard
        anna.library.listeners.remove(heard)
        await anna.made(b"two", mid=mid)
        anna.library.listeners.append(heard)
        await anna.peers.channel_of(ben.id).aclose()
        await ben.until(lambda: ben.last(mid) == 1)
        assert await ben.read(mid) == b"two"


async def test_a_stranger_follows_what_is_public(tmp_path):
    async with flowing(tmp_path, "anna", "ben", friends=False) as (anna, ben):
        mid = await anna.made(b"one", b"two")
        text = anna.flow.link(anna.session, mid).partition("?")[0]
        with pytest.raises(NoSource):
            await ben.flow.sync(ben.session, text, [anna.address])
        await anna.in_thread(anna.library.set_right, anna.session, mid, "guest", rights.PUBLIC)
        await anna.in_thread(anna.library.release, anna.session, mid, 0)
        found = await ben.flow.sync(ben.session, text, [anna.address])
        assert (found.number, found.numbers) == (0, [0])
        await ben.flow.follow(ben.session, text, [public_key_to_text(anna.public_key)], number=found.number)
        await ben.until(lambda: anna.flow.news._strangers)
        await anna.in_thread(anna.library.release, anna.session, mid, 1)
        await ben.until(lambda: ben.last(mid) == 1)
        # And gives it on as it was given.
        assert await ben.in_thread(lambda: ben.library.info(ben.library.guest(), mid).release) == 1
        await ben.flow.unfollow(ben.session, mid)
        await ben.until(lambda: not ben.flow.following.watched())
        with pytest.raises(NotFound):
            await ben.flow.unfollow(ben.session, mid)


async def test_published_found_and_fetched_by_its_link_alone(tmp_path):
    dht, discovery = Dht(), Discovery()
    async with flowing(tmp_path, "anna", "ben", "carl", flow={"dht": dht, "discovery": discovery}) as (anna, ben, carl):
        mid = await anna.made(b"one")
        with pytest.raises(NotFound):
            await anna.flow.publish(anna.session, await anna.made())
        published = await anna.flow.publish(anna.session, mid)
        assert published.pointer.number == 0 and published.pointer.nodes == (anna.public_key,) and len(dht.kept) == 1
        assert len(dht.items[anna.public_key, mid].value) <= 1000
        for other in (ben, carl):
            await anna.in_thread(anna.library.set_right, anna.session, mid, other.id, rights.READ_ONLY)
        by_link = link.to_text(mid, anna.public_key)
        told_of = []
        found = await carl.flow.findprovs(by_link, tell=told_of.append)
        assert [(each.key, each.how, each.number, each.answered) for each in found] == [(anna.public_key, BY_AUTHOR, 0, True)] and told_of
        assert (await ben.flow.sync(ben.session, by_link)).numbers == [0]
        # Who announced himself, and whom a friend knows.
        ben.flow.publishing._port = lambda: int(ben.address.rpartition(":")[2])
        await ben.flow.provide(ben.session, mid)
        assert [provided for provided, _ in ben.flow.publishing.provided(ben.session)] == [mid]
        await carl.node.connect(anna)
        await ben.flow.follow(ben.session, by_link, [public_key_to_text(anna.public_key)], number=0)
        await anna.until(lambda: anna.flow.news.followers(mid))
        found = await carl.flow.finding.candidates(mid, None)
        assert {(each.how, each.key, each.address) for each in found} == {
            (ANNOUNCED, None, ben.address), (BY_FRIEND, ben.public_key, ben.address), (BY_FRIEND, anna.public_key, anna.address),
        }  # fmt: skip
        await ben.flow.provide(ben.session, mid, False)
        assert ben.flow.publishing.provided(ben.session) == []
        # A second version replaces the pointer; one that is older is refused.
        await anna.made(b"two", mid=mid)
        assert (await anna.flow.publish(anna.session, mid)).told == 1
        await anna.in_thread(anna.library.delete_versions, anna.session, mid, [1])
        with pytest.raises(Conflict):
            await anna.flow.publish(anna.session, mid)


async def test_a_node_wakes_for_what_it_announces_alone(tmp_path):
    discovery = Discovery()
    async with flowing(tmp_path, "anna", flow={"dht": Dht(), "discovery": discovery, "port": lambda: 8042}) as (anna,):
        look = anna.flow.publishing._due
        assert look() == ([], math.inf)
        mid = await anna.made(b"one")
        await anna.flow.provide(anna.session, mid)
        due, wait_s = look()
        assert due == [] and 0 < wait_s <= publishing.ANNOUNCE_EVERY_S and discovery.addresses[mid]
        now = anna.library.clock()
        anna.library.clock = lambda: now + publishing.ANNOUNCE_EVERY_S + 1
        assert look() == ([mid], publishing.ANNOUNCE_LOOK_S)
        await anna.in_thread(anna.library.delete, anna.session, mid)
        assert look() == ([], math.inf)


async def test_a_pointer_is_signed_elsewhere(tmp_path):
    dht = Dht()
    async with flowing(tmp_path, "anna", flow={"dht": dht}) as (anna,):
        session = await anna.in_thread(anna.library.local_session, CARL)
        carls = anna.library.acting_for(CARL.public_key)
        mid = await anna.in_thread(lambda: anna.library.create(session))
        await anna.in_thread(write, anna.library, session, mid, b"one")
        await anna.in_thread(anna.library.backup, session, mid)
        with pytest.raises(Forbidden):
            await anna.flow.publish(carls, mid)
        ticket, message = await anna.flow.publish_prepare(carls, mid)
        with pytest.raises(BadInput):
            await anna.flow.publish_finish(carls, ticket, bytes(64))
        with pytest.raises(NotFound):
            await anna.flow.publish_finish(anna.session, ticket, CARL.sign(message))
        assert (await anna.flow.publish_finish(carls, ticket, CARL.sign(message))).pointer.number == 0
        assert pointer.read_value(dht.items[CARL.public_key, mid].value).number == 0
        with pytest.raises(NotFound):
            await anna.flow.publish_finish(carls, ticket, CARL.sign(message))
    async with flowing(tmp_path, "anna") as (anna,):
        with pytest.raises(DhtError):
            await anna.flow.publish(anna.session, mid)


async def test_both_sides_are_shown_before_anything_is_changed(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        author = await anna.in_thread(anna.library.local_session, CARL)
        also = await ben.in_thread(ben.library.local_session, CARL)

        async def made(node, session, *texts):
            for text in texts:
                await node.in_thread(write, node.library, session, mid, text)
                await node.in_thread(lambda: node.library.backup(session, mid, "by " + node.name))

        mid = await anna.in_thread(lambda: anna.library.create(author))
        await made(anna, author, b"one", b"two")
        await anna.in_thread(anna.library.set_right, author, mid, ben.id, rights.READ_ONLY)
        source = [public_key_to_text(anna.public_key)]
        shown = await ben.flow.compare(also, mid, [anna.address])
        assert (shown.state, shown.common, shown.counts, shown.here) == ("ahead", -1, (0, 2), [])
        await ben.flow.sync(also, mid, source)
        assert (await ben.flow.compare(also, mid, source)).state == "same"
        await made(ben, also, b"here")
        assert (await ben.flow.compare(also, mid, source)).state == "behind"
        await made(anna, author, b"there", b"there too")
        await ben.in_thread(write, ben.library, also, mid, b"and not yet backed up")
        shown = await ben.flow.compare(also, mid, source)
        assert (shown.state, shown.common, shown.counts, shown.has_changed) == ("fork", 1, (1, 2), True)
        assert [(line.number, line.memo, line.author) for line in shown.here] == [(2, "by ben", CARL.id)]
        assert [(line.number, line.memo) for line in shown.there] == [(2, "by anna"), (3, "by anna")]
        with pytest.raises(Conflict):
            await ben.flow.sync(also, mid, source)
        found = await ben.flow.sync(also, mid, source, on_fork="fork")
        assert found.numbers == [3] and found.kept_as is not None and await ben.read_as(also, found.kept_as, "cur") == b"here"
        assert await ben.read_as(also, mid, "cur") == b"and not yet backed up"
        with pytest.raises(Forbidden):
            await ben.flow.compare(ben.library.guest(), mid, source)


async def test_what_is_followed_is_known_after_a_restart(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        mid = await anna.made(b"one")
        await anna.flow.share(anna.session, mid, ben.public_key)
        await ben.until(lambda: ben.last(mid) == 0)
    async with flowing(tmp_path, "anna") as (anna,):
        await anna.made(b"two", mid=mid)
        assert anna.flow.news.followers(mid) == [ben.public_key]
    # Told by whoever is there first: here by the one who was told nothing of it.
    async with flowing(tmp_path, "ben", friends=False) as (ben,):
        ben.flow.following.look()
        async with flowing(tmp_path, "anna", friends=False) as (anna,):
            await anna.node.befriend(ben)
            await anna.node.connect(ben)
            await ben.until(lambda: ben.last(mid) == 1)
            assert await ben.read(mid) == b"two"
            await anna.until(lambda: anna.flow.news._behind({ben.id}) == set())
            # Who is a friend no more is told nothing more.
            assert anna.flow.news._behind(set()) == set() and anna.flow.news.followers(mid) == []


async def test_what_peers_may_not(tmp_path):
    async with flowing(tmp_path, "anna", "ben", friends=False) as (anna, ben):
        mid = await anna.made(b"one")
        channel = await ben.node.connect(anna)
        for method, arguments, code in (
            (told.HEAD, {"mid": mid}, "not-found"),
            (told.HEAD, {"mid": bytes(20)}, "not-found"),
            (told.HEAD, {"mid": b""}, "bad-question"),
            *((method, arguments, "bad-call") for method in (told.HEAD, told.CHAIN, told.NEW, told.UNSHARE) for arguments in (5, [1])),
            (told.CHAIN, {"mid": mid, "start": 1, "end": 0}, "bad-question"),
            (told.CHAIN, {"mid": mid, "start": 0, "end": 9}, "not-found"),
            (told.FOLLOW, {"mids": [b"x"] * 3}, "bad-question"),
            (told.NEW, {"mid": mid, "head": {}}, "not-followed"),
            (told.OFFER, {"mid": mid, "author": ben.public_key, "data_type": 2, "words": ""}, "not-a-friend"),
            (told.PROVIDERS, {"mid": mid}, "not-a-friend"),
        ):
            with pytest.raises(Refused) as refused:
                await channel.call(method, arguments)
            assert refused.value.code == code, method
        assert await channel.call(told.FOLLOW, {"mids": [mid, bytes(20)]}) == {"numbers": [None, None]}
        assert anna.flow.news._strangers == {} and publishing.PROVIDED_MAX
        with trio.fail_after(5):
            await channel.call(told.UNFOLLOW, {"mids": [mid]})


async def test_a_fault_or_a_full_medium_ends_no_channel(tmp_path, monkeypatch):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        mid = await anna.made(b"one")

        async def fault(*arguments, **named):
            raise ExceptionGroup("several", [RuntimeError("what somebody sent")])

        def full(*arguments):
            raise StorageError("The medium is full.")

        with monkeypatch.context() as broken:
            broken.setattr(ben.flow.syncing, "sync", fault)
            await anna.flow.share(anna.session, mid, ben.public_key)
            await ben.until(lambda: any(follow.problem for follow in ben.flow.follows(ben.session)))
            assert ben.flow.follows(ben.session)[0].problem[0] == "internal"
        # Anna cannot note what Ben has heard.
        with monkeypatch.context() as broken:
            broken.setattr(news, "_heard", full)
            await anna.made(b"two", mid=mid)
            await ben.until(lambda: ben.last(mid) == 1)
            with trio.fail_after(5):
                assert await anna.flow.tell(mid) == 1


async def test_what_is_followed_here_is_no_matter_of_strangers(tmp_path):
    async with flowing(tmp_path, "anna", "ben", friends=False) as (anna, ben):
        mid = await anna.made(b"one")
        await anna.flow.follow(anna.session, mid, [public_key_to_text(bytes(32))])
        channel = await ben.node.connect(anna)
        for each in (mid, bytes(20)):
            with pytest.raises(Refused) as refused:
                await channel.call(told.NEW, {"mid": each, "head": {}})
            assert refused.value.code == "not-followed"


async def test_more_nodes_are_followed_than_are_watched(tmp_path):
    async with flowing(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        carl.flow.following._watched_max = 1
        mids = []
        for each in (anna, ben):
            mids.append(await each.made(b"one"))
            await each.flow.share(each.session, mids[-1], carl.public_key)
        await carl.until(lambda: [carl.last(mid) for mid in mids] == [0, 0])
        assert len(carl.flow.following.watched()) == 1


async def test_others_have_it_where_the_first_has_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "AGAIN_S", 0.05)
    monkeypatch.setattr(following, "AGAIN_MAX_S", 0.1)
    discovery = Discovery()
    async with flowing(tmp_path, "ben", "carl", flow={"discovery": discovery}) as (ben, carl):
        async with flowing(tmp_path, "anna") as (anna,):
            mid = await anna.made(b"one")
            for other in (ben, carl):
                await anna.node.befriend(other)
                await other.node.befriend(anna)
                await anna.flow.share(anna.session, mid, other.public_key)
                await other.until(lambda other=other: other.last(mid) == 0)
            await ben.flow.unfollow(ben.session, mid)
            await anna.made(b"two", mid=mid)
            await carl.until(lambda: carl.last(mid) == 1)
        # Carl may give it on to Ben, whom its author let in there, too.
        author = carl.library.acting_for(anna.public_key)
        await carl.in_thread(carl.library.set_right, author, mid, ben.id, rights.READ_ONLY)
        discovery.addresses[mid] = [carl.address]
        await ben.flow.follow(ben.session, mid, [public_key_to_text(anna.public_key)], number=0)
        await ben.until(lambda: ben.last(mid) == 1)
        assert await ben.read(mid) == b"two"
