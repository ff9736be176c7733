"""Files: ETag, Range, compressed variants, and no way out of the folder."""

import gzip
import os

import pytest

from leither_edge.http import Router, StaticFiles
from leither_edge.http.static_files import accepts_gzip, matches, parse_range

from .serving import serving

SCRIPT = b"let answer = 42;\n" * 100
LARGE = os.urandom(400_000)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    site = tmp_path / "site"
    (site / "inner").mkdir(parents=True)
    (site / "index.html").write_bytes(b"<p>hello")
    (site / "app.js").write_bytes(SCRIPT)
    (site / "app.js.gz").write_bytes(gzip.compress(SCRIPT))
    (site / "large.bin").write_bytes(LARGE)
    (site / "inner" / "a.css").write_bytes(b"a{}")
    (site / ".hidden").write_bytes(b"hidden")
    (site / "way-out").symlink_to(tmp_path)
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(site / "pipe")
    return site


def files(source, **options):
    router = Router()
    handler = StaticFiles(source, cache_bytes=64 * 1024, **options)
    router.add_fallback(handler)
    return router, handler


async def test_a_file_is_served_with_its_type_and_revalidated(folder):
    async with serving(files(folder)[0]) as server, await server.connect() as client:
        for _ in range(2):
            status, headers, body = await client.get("/app.js")
            assert (status, body) == (200, SCRIPT)
            assert headers[b"content-type"] == b"text/javascript; charset=utf-8"
            assert headers[b"x-content-type-options"] == b"nosniff" and headers[b"vary"] == b"accept-encoding"
        etag = headers[b"etag"].decode()
        status, headers, body = await client.get("/app.js", f'If-None-Match: "other", W/{etag}')
        assert (status, body) == (304, b"") and headers[b"etag"].decode() == etag and b"content-length" not in headers
        assert (await client.get("/app.js", 'If-None-Match: "other"'))[0] == 200
        assert (await client.get("/"))[2] == b"<p>hello"
        assert (await client.get("/inner/a.css"))[1][b"content-type"].startswith(b"text/css")
        await client.send(b"HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.response(b"HEAD"))[1][b"content-length"] == b"400000"


async def test_the_compressed_file_goes_to_those_who_accept_it(folder):
    async with serving(files(folder)[0]) as server, await server.connect() as client:
        status, headers, body = await client.get("/app.js", "Accept-Encoding: br, gzip;q=0.5")
        assert headers[b"content-encoding"] == b"gzip" and gzip.decompress(body) == SCRIPT
        plain = (await client.get("/app.js"))[1]
        assert headers[b"etag"] != plain[b"etag"] and headers[b"content-type"] == plain[b"content-type"]
        assert b"content-encoding" not in (await client.get("/app.js", "Accept-Encoding: gzip;q=0"))[1]
        assert b"content-encoding" not in (await client.get("/index.html", "Accept-Encoding: gzip"))[1]
        etag = headers[b"etag"].decode()
        assert (await client.get("/app.js", "Accept-Encoding: gzip", f"If-None-Match: {etag}"))[0] == 304


@pytest.mark.parametrize("name, content", [("/app.js", SCRIPT), ("/large.bin", LARGE)])
async def test_a_range_is_cut_out(folder, name, content):
    async with serving(files(folder)[0]) as server, await server.connect() as client:
        size = len(content)
        for field, start, end in (("0-9", 0, 10), ("100-", 100, size), ("-5", size - 5, size), ("5-99999999", 5, size), ("0-0", 0, 1)):
            status, headers, body = await client.get(name, f"Range: bytes={field}", "Accept-Encoding: gzip")
            assert (status, body) == (206, content[start:end])
            assert headers[b"content-range"] == f"bytes {start}-{end - 1}/{size}".encode()
        for field in ("9-5", "a-b", "-", "0-1,3-4", "0-1x"):
            assert (await client.get(name, f"Range: bytes={field}"))[0] == 200
        for field in (f"{size}-", "-0"):
            status, headers, body = await client.get(name, f"Range: bytes={field}")
            assert status == 416 and headers[b"content-range"] == f"bytes */{size}".encode()
        etag = (await client.get(name))[1][b"etag"].decode()
        assert (await client.get(name, "Range: bytes=0-1", f"If-Range: {etag}"))[0] == 206
        assert (await client.get(name, "Range: bytes=0-1", 'If-Range: "old"'))[0] == 200


async def test_a_large_file_is_streamed_whole(folder):
    router, handler = files(folder)
    async with serving(router) as server, await server.connect() as client:
        status, headers, body = await client.get("/large.bin")
        assert body == LARGE and headers[b"content-length"] == b"400000"
        assert handler._cached_bytes < 10_000


async def test_a_changed_file_is_seen(folder, monkeypatch):
    monkeypatch.setattr("leither_edge.http.static_files.RECHECK_S", 0)
    async with serving(files(folder)[0]) as server, await server.connect() as client:
        first = (await client.get("/index.html"))[1][b"etag"]
        (folder / "index.html").write_bytes(b"<p>changed")
        status, headers, body = await client.get("/index.html")
        assert body == b"<p>changed" and headers[b"etag"] != first
        (folder / "index.html").unlink()
        assert (await client.get("/index.html"))[0] == 404


async def test_the_cache_stays_within_its_bound(folder):
    for number in range(60):
        (folder / f"{number}.txt").write_bytes(b"x" * 8000)
    router, handler = files(folder)
    async with serving(router) as server, await server.connect() as client:
        for number in range(60):
            assert len((await client.get(f"/{number}.txt"))[2]) == 8000
            assert handler._cached_bytes <= 64 * 1024
        assert handler._cached_bytes == sum(entry.cost for entry in handler._entries.values())


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/inner/../../secret.txt", "/way-out/secret.txt", "/link.txt", "/.hidden",
     "//etc/passwd", "/inner//a.css", "/inner", "/inner/", "/pipe", "/app.js/", "/a\\..\\secret.txt", "/%00", "/" + "a" * 1000],
)  # fmt: skip
async def test_nothing_outside_the_folder_exists(folder, path):
    async with serving(files(folder)[0]) as server, await server.connect() as client:
        status, headers, body = await client.get(path)
        assert status in (400, 404) and b"secret" not in body and b"hidden" not in body
        assert server.log.events == []


async def test_a_table_serves_bytes_and_files(folder):
    table = {"/a.js": SCRIPT, "/a.js.gz": gzip.compress(SCRIPT), "/large.bin": folder / "large.bin"}
    async with serving(files(table, cache_control="max-age=31536000, immutable", headers=(("x-a", "b"),))[0]) as server:
        async with await server.connect() as client:
            status, headers, body = await client.get("/a.js", "Accept-Encoding: gzip")
            assert gzip.decompress(body) == SCRIPT and headers[b"x-a"] == b"b"
            assert headers[b"cache-control"] == b"max-age=31536000, immutable"
            assert (await client.get("/large.bin"))[2] == LARGE
            assert (await client.get("/index.html"))[0] == 404
            await client.send(b"POST /a.js HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            assert (await client.response())[0] == 405


def test_accept_encoding():
    assert accepts_gzip("gzip") and accepts_gzip("deflate, GZIP;q=0.1") and accepts_gzip("*")
    assert not accepts_gzip("") and not accepts_gzip("gzip; q=0.00") and not accepts_gzip("br")


def test_ranges_and_etags():
    assert parse_range("bytes=0-", 0) == (0, 0)
    assert parse_range("bytes=" + "9" * 18 + "-", 10) == (int("9" * 18), 0)
    assert parse_range("bytes=" + "9" * 19 + "-", 10) is None
    assert matches(" * ", '"a"') and not matches('"a"b', '"a"')
