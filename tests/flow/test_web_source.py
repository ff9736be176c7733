"""Versions and blocks from a gateway: a node's own, one that has blocks alone, and one that lies or fails."""

import random
from contextlib import asynccontextmanager

import h11
import pytest
import trio

from leither_edge.flow import assignment, fetch, syncing
from leither_edge.flow.errors import NoSource
from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.http_get import HEAD_MAX_BYTES, Gets, Place
from leither_edge.flow.web_source import WebProvider, WebSource
from leither_edge.mimei import info, rights
from leither_edge.mimei.errors import BadInput, MimeiError
from leither_edge.observe.counters import Counters
from tests.dht.mutation import mutated
from tests.gateway.standing import gateway

from .people import ANNA, BEN, library_in, read, write

PIECES = (b"\r\n", b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"9" * 30, b"\0")
LARGE = random.Random(1).randbytes(2_300_000)


@pytest.fixture
def two(tmp_path):
    with library_in(tmp_path / "anna", ANNA) as one, library_in(tmp_path / "ben", BEN) as other:
        yield one, other, one.local_session(ANNA), other.local_session(BEN)


def made(library, session, *texts, mid=None, **more):
    mid = mid or library.create(session, data_type=info.FILES, **more)
    for text in texts:
        write(library, session, mid, text)
        library.backup(session, mid)
    return mid


class Saying:
    """A connection whose other end says some bytes, in pieces, and closes."""

    def __init__(self, data):
        self._pieces = [data[: len(data) // 3], data[len(data) // 3 :]]

    async def send_all(self, data):
        await trio.lowlevel.checkpoint()

    async def receive_some(self, most):
        return self._pieces.pop(0) if self._pieces else b""

    async def aclose(self):
        pass


async def sync(library, session, mid, *sources, **more):
    return await syncing.Syncing(library, Fetcher(library), Counters()).sync(session, mid, sources, **more)


@asynccontextmanager
async def speaking(talk):
    """A server that is only what `talk` (async, of a stream) does with each connection; gives its URL."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, talk, 0)
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def test_what_is_public_comes_from_any_nodes_gateway(two):
    one, other, anna, ben = two
    mid = made(one, anna, b"one", LARGE, right=rights.PUBLIC)
    async with gateway(one) as server:
        source = WebSource(f"http://127.0.0.1:{server.port}/")
        with pytest.raises(NoSource):
            await sync(other, ben, mid, source)
        one.release(anna, mid, 1)
        found = await sync(other, ben, mid, source)
        assert (found.number, found.numbers, found.key) == (1, [1], None) and read(other, ben, mid, "release") == LARGE
        assert found.fetched.by_provider[source.name] == found.fetched.bytes > len(LARGE)
        # The last is not told to guests while another one is released.
        made(one, anna, b"three", mid=mid)
        assert (await sync(other, ben, mid, source)).state == "same"
        one.set_right(anna, mid, "guest", rights.READ_ONLY)
        assert (await sync(other, ben, mid, source)).numbers == [2]


async def test_a_gateway_of_blocks_alone_and_the_pointer(two):
    one, other, anna, ben = two
    mid = made(one, anna, b"one", b"two", b"three")
    newest = one.versions(anna, mid)[-1].manifest

    async def pointed(asked):
        return newest if asked == mid else None

    async with gateway(one) as server:
        found = await sync(other, ben, mid, WebSource(f"http://127.0.0.1:{server.port}", pointed))
        assert found.numbers == [2] and read(other, ben, mid, "last") == b"three"
        with pytest.raises(NoSource):
            await sync(other, ben, bytes(20), WebSource(f"http://127.0.0.1:{server.port}", pointed))


async def test_those_who_fail(two, monkeypatch):
    for place, name in ((fetch, "MORE_S"), (fetch, "LOOK_S"), (assignment, "REST_S"), (assignment, "REST_MAX_S")):
        monkeypatch.setattr(place, name, 0.01)
    one, other, anna, ben = two
    mid = made(one, anna, b"one", right=rights.READ_ONLY)
    manifest = one.blocks.get(one.versions(anna, mid)[0].manifest)

    def saying(data, end=True):
        async def talk(stream):
            async with stream:
                asked = await stream.receive_some(4096)
                if b"/mimei/" in asked and b"/last" in asked:
                    data_of = b"HTTP/1.1 200 OK\r\nContent-Type: application/leither-manifest+cbor\r\nX-Mimei-Number: 0\r\n"
                    await stream.send_all(data_of + b"Content-Length: %d\r\n\r\n" % len(manifest) + manifest)
                    asked = await stream.receive_some(4096)
                await stream.send_all(data)

        return talk

    ok = b"HTTP/1.1 200 OK\r\nContent-Length: "
    for answer in (
        b"", b"nonsense\r\n\r\n", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 500 Oh\r\n\r\n", ok + b"5\r\n\r\nwrong",
        ok + b"9999999999\r\n\r\nx", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 9000, b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
    ):  # fmt: skip
        async with speaking(saying(answer)) as url:
            with pytest.raises(NoSource):
                await sync(other, ben, mid, WebSource(url))
    assert other.list(ben) == []


async def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    count = 0

    async def once(stream):
        nonlocal count
        count += 1
        async with stream:
            await stream.receive_some(4096)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    async with speaking(once) as url:
        gets = Gets(Place(url))
        for _ in range(3):
            assert (await gets.get("/x"))[0] == 200 and await gets.whole(3) == b"abc"
        assert count == 3
        await gets.get("/x")
        with pytest.raises(BadInput):
            await gets.whole(2)
        await gets.aclose()


async def test_no_answer_brings_out_what_is_not_promised(two, monkeypatch):
    one, _, anna, _ = two
    mid = made(one, anna, b"one")
    manifest = one.blocks.get(one.versions(anna, mid)[0].manifest)
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/leither-manifest+cbor\r\nX-Mimei-Number: 0\r\nContent-Length: %d\r\n\r\n"
    chance, source, came = random.Random(5), WebSource("http://192.0.2.7"), set()

    async def connect(gets):
        gets._stream, gets._http = Saying(data), h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX_BYTES)

    monkeypatch.setattr(Gets, "_connect", connect)
    for _ in range(150):
        data = mutated(whole % len(manifest) + manifest, chance, PIECES)
        try:
            came.add((await source.head(mid)).release)
        except MimeiError as error:
            came.add(str(error)[:30])
    assert len(came) > 5


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "http://", "http://a b", "http://x:0", "http://x:99999", "http://u:p@x", "http://x/?q", "http://" + "x" * 400, None],
)
def test_what_is_no_gateway(url):
    with pytest.raises(BadInput):
        Place(url)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
async def test_what_can_be_no_host_is_a_plain_failure(host):
    with pytest.raises(NoSource, match="no such host"):
        await Gets(Place(f"http://{host}/")).get("/")


def test_places():
    place = Place("https://Gate.Example:8443/way/")
    assert (place.scheme, place.host, place.port, place.path, place.authority) == (
        "https", "gate.example", 8443, "/way", "gate.example:8443"
    )  # fmt: skip
    assert Place("http://[::1]:80").authority == "[::1]" and WebProvider(place).key != WebProvider(Place("http://x")).key
