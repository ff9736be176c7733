"""/mimei/: files for reading with rights, ranges and listings; uploads; the cookie; what is loaded and when."""

import subprocess
import sys

import pytest
import trio

from leither_edge.core.ids import id_to_text
from leither_edge.crypto import sodium
from leither_edge.gateway import media_types
from leither_edge.mimei import manifest, rights
from leither_edge.mimei.errors import QuotaReached
from leither_edge.mimei.ipld import cid as cids
from tests.gateway.standing import fetch, gateway, standing

MP4 = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 9000


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("library")) as made:
        yield made


def bearer(stand):
    return f"Authorization: Bearer {stand.sid}"


async def test_a_film_is_read_in_ranges(stand):
    mid = stand.files({"film": MP4, "notes/day.md": b"# day", "notes/log": b"plain\xc3\xa4"}, right=rights.READ_ONLY)
    async with gateway(stand.library) as server:
        status, headers, body = await fetch(server, f"/mimei/{mid}/cur/film", "Range: bytes=1000000-1000009")
        assert (status, body, headers["content-type"]) == (206, MP4[1000000:1000010], "video/mp4")
        assert headers["content-range"] == f"bytes 1000000-1000009/{len(MP4)}" and headers["accept-ranges"] == "bytes"
        assert headers["cache-control"] == "private, no-cache"
        status, again, body = await fetch(server, f"/mimei/{mid}/cur/film", f"If-None-Match: {headers['etag']}")
        assert (status, body) == (304, b"")
        assert (await fetch(server, f"/mimei/{mid}/cur/film", f"Range: bytes={len(MP4)}-"))[0] == 416
        assert (await fetch(server, f"/mimei/{mid}/cur/notes/day.md"))[1]["content-type"] == "text/markdown; charset=utf-8"
        assert (await fetch(server, f"/mimei/{mid}/cur/notes/log"))[1]["content-type"] == "text/plain; charset=utf-8"
        assert (await fetch(server, f"/mimei/{mid}/cur"))[1]["location"] == f"/mimei/{mid}/cur/"
        page = (await fetch(server, f"/mimei/{mid}/cur/"))[2]
        assert b'href="./notes/"' in page and b'href="./film"' in page and b'href="../"' not in page
        assert (await fetch(server, f"/mimei/{mid}/cur/none"))[0] == 404
        assert (await fetch(server, f"/mimei/{mid}/cur/film", "Service-Worker: script"))[0] == 400
        assert (await fetch(server, f"/mimei/{mid}/cur/film/x"))[0] in (404, 409)
        assert server.log.events == [] and server.gateway_log.events == []


async def test_manifests_are_given_to_who_may_list_versions(stand):
    mid = stand.files({"a.txt": b"one"}, right=rights.PUBLIC)
    library, session = stand.library, stand.session
    for _ in range(3):
        library.backup(session, mid)
    library.release(session, mid, 1)
    library.delete_versions(session, mid, [0])
    async with gateway(library) as server:
        status, headers, body = await fetch(server, f"/mimei/{mid}/release?format=manifest")
        assert (status, headers["x-mimei-number"], headers["x-mimei-content"]) == (200, "1", "here")
        found = manifest.open_manifest(body, sodium.verify)
        assert (found.number, headers["content-type"]) == (1, "application/leither-manifest+cbor")
        status, headers, body = await fetch(server, f"/mimei/{mid}/0?format=manifest")
        assert (status, headers["x-mimei-content"]) == (200, "dropped") and cids.of(cids.RAW, body) == found.previous
        # Which one is the last is told to those who may read it.
        assert (await fetch(server, f"/mimei/{mid}/last?format=manifest"))[0] == 401
        assert (await fetch(server, f"/mimei/{mid}/last?format=manifest", bearer(stand)))[0] == 200
        assert (await fetch(server, f"/mimei/{mid}/7?format=manifest"))[0] == 404
        assert (await fetch(server, f"/mimei/{mid}/cur?format=manifest"))[0] == 400
        private = stand.files({"a.txt": b"one"})
        assert (await fetch(server, f"/mimei/{private}/0?format=manifest"))[0] == 401


async def test_rights_decide_who_reads(stand):
    mid = stand.files({"a.txt": b"private"})
    path = f"/mimei/{mid}/cur/a.txt"
    cookie = f"leither-mimei-{id_to_text(stand.library.node_key.id)[:8]}"
    async with gateway(stand.library) as server:
        status, headers, body = await fetch(server, path)
        assert (status, headers["www-authenticate"]) == (401, "Bearer") and b"private" not in body
        assert (await fetch(server, path, bearer(stand)))[2] == b"private"
        assert (await fetch(server, path, "Authorization: Bearer " + "x" * 43))[0] == 401
        assert (await fetch(server, path, "Authorization: Basic eDp5"))[0] == 401
        # The cookie, given out for a session's id in the field, reads and does nothing else.
        status, headers, _ = await fetch(server, "/mimei/session", bearer(stand), method="POST", body=b"")
        assert status == 204 and headers["set-cookie"] == f"{cookie}={stand.sid}; Path=/mimei/; HttpOnly; SameSite=Strict"
        sent = f"Cookie: other=1; {cookie}={stand.sid}"
        assert (await fetch(server, path, sent))[2] == b"private"
        assert (await fetch(server, path, sent, method="PUT", body=b"x"))[0] == 401
        assert (await fetch(server, "/rpc", sent, "Content-Type: application/json", method="POST", body=b"{}"))[0] == 200
        assert (await fetch(server, path, f"Cookie: {'x' * 3000}; {cookie}={stand.sid}"))[0] == 401
        status, headers, _ = await fetch(server, "/mimei/session", method="POST", body=b"")
        assert headers["set-cookie"].endswith("Max-Age=0")
        assert (await fetch(server, "/mimei/session", bearer(stand), "Origin: http://evil", method="POST", body=b""))[0] == 403
        # Names may be read without being listed.
        stand.library.set_right(stand.session, mid, "guest", rights.READ)
        assert (await fetch(server, path))[2] == b"private"
        assert (await fetch(server, f"/mimei/{mid}/cur/"))[0] == 401


async def test_versions_have_addresses(stand):
    mid = stand.files({"a.txt": b"one"}, right=rights.READ_ONLY)
    stand.library.backup(stand.session, mid)
    stand.library.put_file(stand.session, mid, "a.txt", [b"two"])
    stand.library.backup(stand.session, mid)
    stand.library.release(stand.session, mid, 0)
    async with gateway(stand.library) as server:
        for version, content in (("0", b"one"), ("1", b"two"), ("cur", b"two"), ("last", b"two"), ("release", b"one")):
            assert (await fetch(server, f"/mimei/{mid}/{version}/a.txt"))[2] == content
        assert (await fetch(server, f"/mimei/{mid}/7/a.txt"))[0] == 404
        assert (await fetch(server, f"/mimei/{mid}/newest/a.txt"))[0] == 400
        stand.library.delete_versions(stand.session, mid, [1])
        assert (await fetch(server, f"/mimei/{mid}/1/a.txt"))[0] == 410
        assert (await fetch(server, "/mimei/" + "A" * 27 + "/cur/a.txt"))[0] == 404
        assert (await fetch(server, "/mimei/short/cur/a.txt"))[0] == 400


async def test_one_file_and_other_types(stand):
    library, session = stand.library, stand.session
    one = id_to_text(library.create(session, mark="one.html", data_type=1, right=rights.READ_ONLY))
    data = id_to_text(library.create(session, mark="data", data_type=3, right=rights.READ_ONLY))
    async with gateway(library) as server:
        status, _, body = await fetch(server, f"/mimei/{one}/cur", bearer(stand), method="PUT", body=b"<script>1</script>")
        assert status == 201
        status, headers, body = await fetch(server, f"/mimei/{one}/cur")
        assert (status, body) == (200, b"<script>1</script>")
        assert headers["content-type"].startswith("text/html")
        policy = headers["content-security-policy"]
        assert policy.startswith("sandbox") and "allow-same-origin" not in policy
        assert (await fetch(server, f"/mimei/{one}/cur/x"))[0] == 404
        assert (await fetch(server, f"/mimei/{data}/cur"))[0] == 406


# Uploads


async def test_a_file_is_streamed_in(stand):
    mid = stand.files({})
    body = b"".join(i.to_bytes(4, "big") for i in range(700_000))
    async with gateway(stand.library) as server:
        path = f"/mimei/{mid}/cur/new/big.bin"
        status, headers, answer = await fetch(server, path, bearer(stand), method="PUT", body=body)
        assert status == 201 and f'"size":{len(body)}'.encode() in answer
        assert (await fetch(server, path, bearer(stand)))[2] == body
        # In chunks, with no length known; and told to go on first.
        client = await server.connect()
        async with client:
            head = f"POST {path} HTTP/1.1\r\nHost: a\r\n{bearer(stand)}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
            await client.send(head.encode())
            assert (await client.stream.receive_some(1000)).startswith(b"HTTP/1.1 100")
            await client.send(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            assert (await client.response())[0] == 201
        assert (await fetch(server, path, bearer(stand)))[2] == b"hello world"
        assert server.log.events == [] and server.gateway_log.events == []


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/mimei/{mid}/cur/a", (), 401),
        ("/mimei/{mid}/0/a", ("{bearer}",), 405),
        ("/mimei/{mid}/cur/a", ("{bearer}", "Origin: http://evil.example"), 403),
        ("/mimei/{mid}/cur/a", ("{bearer}", "Sec-Fetch-Site: cross-site"), 403),
        ("/mimei/{mid}/cur", ("{bearer}",), 400),
        ("/mimei/{none}/cur/a", ("{bearer}",), 404),
        ("/mimei/{mid}/cur/" + "x" * 300, ("{bearer}",), 413),
        ("/mimei/{mid}/cur/" + "x/" * 100 + "y", ("{bearer}",), 413),
    ],
)
async def test_uploads_that_are_refused_change_nothing(stand, path, fields, status):
    mid = stand.files({})
    before = stand.library.open(stand.session, mid).root
    fields = [field.replace("{bearer}", bearer(stand)) for field in fields]
    async with gateway(stand.library) as server:
        found, _, answer = await fetch(server, path.format(mid=mid, none="A" * 27), *fields, method="PUT", body=b"data")
        assert found == status, answer
    assert stand.library.open(stand.session, mid).root == before


async def test_an_upload_that_breaks_off_changes_nothing(stand):
    mid = stand.files({})
    before = stand.library.open(stand.session, mid).root
    async with gateway(stand.library) as server:
        client = await server.connect()
        await client.send(f"PUT /mimei/{mid}/cur/a HTTP/1.1\r\nHost: a\r\n{bearer(stand)}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        await client.stream.aclose()
        while not server.counters.get("http_disconnects"):
            await trio.sleep(0.01)
        assert server.log.events == []
    assert stand.library.open(stand.session, mid).root == before


async def test_a_full_quota_is_told(stand, monkeypatch):
    mid = stand.files({})

    def full(*arguments):
        raise QuotaReached("There is no room.")

    monkeypatch.setattr(stand.library, "put_file", full)
    async with gateway(stand.library) as server:
        status, _, body = await fetch(server, f"/mimei/{mid}/cur/a", bearer(stand), method="PUT", body=b"x")
        assert (status, body) == (507, b"There is no room.\n")


async def test_a_reader_that_leaves_holds_nothing(stand):
    mid = stand.files({"film": bytes(8_000_000)}, right=rights.READ_ONLY)
    async with gateway(stand.library) as server:
        root = cids.to_text(stand.library.open(stand.session, mid).root)
        for path in (f"/mimei/{mid}/cur/film", f"/ipfs/{root}/film", f"/ipfs/{root}?format=car"):
            client = await server.connect()
            await client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await client.stream.receive_some(1000)
            await client.stream.aclose()
        while server.counters.get("http_disconnects") < 3:
            await trio.sleep(0.01)
        assert server.log.events == []
    assert stand.library.blocks.leases._held == []


# What is loaded


async def test_the_library_may_be_opened_by_the_first_request(stand):
    opened = []

    def open_it():
        opened.append(1)
        return stand.library

    async with gateway(open_it) as server:
        assert opened == []
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(fetch, server, "/leither.js")
        assert opened == [1]
        status, headers, body = await fetch(server, "/leither.js")
        assert status == 200 and headers["content-type"].startswith("text/javascript") and b"class Leither" in body


def test_routes_cost_nothing_until_they_are_used():
    program = (
        "import sys; from leither_edge.http import Router; before = set(sys.modules); from leither_edge.gateway import add_routes;"
        "add_routes(Router(), None, None, None, None); print(sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['leither_edge.gateway']"


# Media types


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"<html><script>", "text/plain; charset=utf-8"),
        ("grün".encode()[:3], "text/plain; charset=utf-8"),
        (b"\xff\xfe\0", "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
        (b"", "text/plain; charset=utf-8"),
    ],
)
def test_first_bytes_tell_a_type_that_nothing_runs(first, found):
    assert media_types.sniff(first) == found


def test_names_tell_a_type():
    assert media_types.by_name("A.JPG") == "image/jpeg" and media_types.by_name("film.webm") == "video/webm"
    assert media_types.by_name("README") is None and media_types.by_name("x.unknown") is None
