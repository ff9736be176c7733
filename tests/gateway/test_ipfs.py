"""/ipfs/ as the trustless and the path gateway specifications of IPFS want it."""

import pytest

from leither_edge.gateway.header_fields import accepted, disposition
from leither_edge.mimei.ipld import car, dag_cbor
from leither_edge.mimei.ipld import cid as cids
from tests.gateway.standing import fetch, gateway, standing

RAW, CAR = "application/vnd.ipld.raw", "application/vnd.ipld.car"
SIZE = 3_000_000
BIG = b"".join(i.to_bytes(4, "big") for i in range(SIZE // 4))
PROBE = "bafkqaaa"


class Made:
    """A tree in a library: labels by path, as text and binary."""

    def __init__(self, stand):
        self.stand, self.library = stand, stand.library
        self.mid = stand.library.create(stand.session, mark="tree")
        files = stand.library.open(stand.session, self.mid).file_system
        for path, data in {
            "big.bin": BIG, "dir/hello.txt": b"hello", "dir/again/hello.txt": b"hello", "site/index.html": b"<h1>x", "dir/ü.txt": b"u",
            "dir/a&b<c>.svg": b"<svg/>", "empty": b"", "zeros.bin": bytes(SIZE),
        }.items():  # fmt: skip
            files.put(path, [data])
        one = stand.library.add(stand.session, [b"one"])
        files.put_many([(f"many/{i:05}-{'x' * 60}.txt", one, 3) for i in range(3500)])
        self.root = files.label()
        self.text = cids.to_text(self.root)

    def label(self, path):
        return self.library.find(self.stand.session, self.root, path)

    def cbor(self, value):
        """The label of a block of DAG-CBOR, put into the store."""
        data = dag_cbor.encode(value)
        cid = cids.of(cids.DAG_CBOR, data)
        self.library.blocks.put(cid, data)
        return cid


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("library")) as stand:
        yield Made(stand)


@pytest.fixture(scope="module")
def ask(made):
    """Asks one thing and returns (status, headers, body)."""

    async def get(path, *fields, **options):
        async with gateway(made.library, denied=options.pop("denied", frozenset())) as server:
            found = await fetch(server, path, *fields, **options)
            assert server.log.events == [] and server.gateway_log.events == []
            return found

    return get


def blocks_of(body):
    """([root], [label]) of a CAR file, every block checked."""
    reader = car.Reader()
    found = [cid for cid, _ in reader.feed(body)]
    reader.finish()
    return reader.roots, found


# Blocks


async def test_a_raw_block(made, ask):
    cid = made.label("dir/hello.txt")
    text = cids.to_text(cid)
    for path, fields in ((f"/ipfs/{text}?format=raw", ()), (f"/ipfs/{text}", (f"Accept: {RAW}",))):
        status, headers, body = await ask(path, *fields)
        assert (status, body, headers["content-type"]) == (200, b"hello", RAW)
        assert headers["etag"] == f'"{text}.raw"' and headers["content-disposition"] == f'attachment; filename="{text}.bin"'
        assert headers["cache-control"] == "public, max-age=29030400, immutable" and headers["x-content-type-options"] == "nosniff"
        assert headers["access-control-allow-origin"] == "*" and headers["content-length"] == "5"
        assert headers.get("content-location") == (f"/ipfs/{text}?format=raw" if fields else None)
        status, again, body = await ask(path, *fields, f'If-None-Match: W/{headers["etag"]}, "x"')
        assert (status, body) == (304, b"") and again["etag"] == headers["etag"]
        status, head, body = await ask(path, *fields, method="HEAD")
        assert (status, head["content-length"]) == (200, "5")


async def test_labels_in_any_text(made, ask):
    cid = made.root
    for text in (cids.to_text(cid), cids.to_text(cid).upper()):
        assert (await ask(f"/ipfs/{text}?format=raw"))[0] == 200
    v0 = cids.to_text(b"\x12\x20" + cids.digest(cid))
    assert v0.startswith("Qm") and (await ask(f"/ipfs/{v0}?format=raw"))[2] == (await ask(f"/ipfs/{made.text}?format=raw"))[2]


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/ipfs/nonsense?format=raw", (), 400),
        ("/ipfs/bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?format=raw", (), 404),
        ("/ipfs/bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?format=car", (), 404),
        ("/ipfs/bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ("Cache-Control: only-if-cached",), 412),
        ("/ipfs/{root}?format=ipns-record", (), 400),
        ("/ipfs/{root}", ("Accept: application/vnd.ipfs.ipns-record",), 400),
        ("/ipfs/{root}?format=tar", (), 406),
        ("/ipfs/{root}?format=dag-json", (), 406),
        ("/ipfs/{root}?format=dag-cbor", (), 406),
        ("/ipfs/{root}?format=docx", (), 400),
        ("/ipfs/{root}", ("Accept: application/x-tar",), 406),
        ("/ipfs/{root}", (f"Accept: {CAR}; version=2",), 406),
        ("/ipfs/{root}", (f"Accept: {CAR}; order=bfs",), 406),
        ("/ipfs/{root}?format=car&car-version=2", (), 400),
        ("/ipfs/{root}?format=car&car-order=bfs", (), 400),
        ("/ipfs/{root}?format=car&car-dups=x", (), 400),
        ("/ipfs/{root}?format=car&dag-scope=some", (), 400),
        ("/ipfs/{root}/big.bin?format=car&entity-bytes=1", (), 400),
        ("/ipfs/{root}/big.bin?format=car&entity-bytes=a:b", (), 400),
        ("/ipfs/{root}/big.bin?format=car&entity-bytes=*:5", (), 400),
        ("/ipfs/{root}/big.bin?format=car&entity-bytes=4000000:*", (), 400),
        ("/ipfs/{root}/big.bin?format=car&entity-bytes=99999999999999999999999:*", (), 400),
        ("/ipfs/{root}/none.txt", (), 404),
        ("/ipfs/{root}/none.txt?format=car", (), 404),
        ("/ipfs/{root}/dir/hello.txt/more", (), 404),
        ("/ipfs/{root}/../x", (), 400),
        ("/ipfs/{root}/dir%2Fhello.txt", (), 400),
        ("/ipfs/{root}/dir", ("Service-Worker: script",), 400),
        ("/ipns/example.org", (), 404),
    ],
)
async def test_refusals(made, ask, path, fields, status):
    found, headers, body = await ask(path.format(root=made.text), *fields)
    assert found == status, body
    assert "immutable" not in headers.get("cache-control", "") and body


async def test_what_is_denied_is_gone(made, ask):
    cid = made.label("dir")
    for path in (f"/ipfs/{cids.to_text(cid)}", f"/ipfs/{made.text}/dir/hello.txt?format=car"):
        assert (await ask(path, denied={cids.digest(cid)}))[0] == 410


async def test_the_probe(ask):
    assert (await ask(f"/ipfs/{PROBE}?format=raw"))[::2] == (200, b"")
    status, headers, body = await ask(f"/ipfs/{PROBE}?format=car")
    assert status == 200 and blocks_of(body) == ([cids.from_text(PROBE)], [])
    assert (await ask(f"/ipfs/{PROBE}", f"Accept: {RAW}", method="HEAD"))[0] == 200


# CAR files


async def test_a_car_of_everything(made, ask):
    status, headers, body = await ask(f"/ipfs/{made.text}/dir?format=car")
    roots, found = blocks_of(body)
    inner = made.label("dir")
    assert headers["content-type"] == f"{CAR}; version=1; order=dfs; dups=n"
    assert headers["content-disposition"] == f'attachment; filename="{made.text}.car"' and headers["accept-ranges"] == "none"
    assert roots == [inner] and found[:2] == [made.root, inner] and len(set(found)) == len(found) == 6
    assert made.label("dir/again/hello.txt") in found
    again = await ask(f"/ipfs/{made.text}/dir?format=car")
    assert again[2] == body and again[1]["etag"] == headers["etag"]
    assert (await ask(f"/ipfs/{made.text}/dir?format=car", f"If-None-Match: {headers['etag']}"))[::2] == (304, b"")


async def test_doubles_are_sent_where_wished(made, ask):
    for path, fields in ((f"/ipfs/{made.text}/dir?format=car&car-dups=y", ()), (f"/ipfs/{made.text}/dir", (f"Accept: {CAR};dups=y",))):
        status, headers, body = await ask(path, *fields)
        assert headers["content-type"].endswith("dups=y")
        assert blocks_of(body)[1].count(made.label("dir/hello.txt")) == 2
        if fields:
            assert headers["content-location"] == f"/ipfs/{made.text}/dir?format=car&car-dups=y"
    status, headers, body = await ask(f"/ipfs/{made.text}/dir?car-dups=n&format=car", f"Accept: {CAR};dups=y")
    assert headers["content-type"].endswith("dups=n") and headers["content-location"]


async def test_scopes(made, ask):
    async def found(path, query):
        return blocks_of((await ask(f"/ipfs/{made.text}/{path}?format=car&{query}"))[2])[1]

    big = made.label("big.bin")
    assert await found("big.bin", "dag-scope=block") == [made.root, big]
    assert len(await found("big.bin", "dag-scope=entity")) == 1 + 1 + 3
    assert await found("dir", "dag-scope=entity") == [made.root, made.label("dir")]
    shards = await found("many", "dag-scope=entity")
    assert len(shards) > 10 and all(cids.codec(cid) == cids.DAG_PB for cid in shards)
    one = await found(f"many/00007-{'x' * 60}.txt", "dag-scope=block")
    # The root, and the nodes of the sharded folder on the way to one name.
    assert 4 <= len(one) <= 5 and set(one[1:-1]) <= set(shards)


@pytest.mark.parametrize(
    ("span", "leaves"),
    [("0:*", 3), ("0:0", 1), ("0:1048575", 1), ("0:1048576", 2), ("1048576:2097151", 1), ("-1:*", 1), ("-1048576:*", 2), ("0:-1048576", 2),
     ("2999999:9999999", 1), ("5:4", 0), ("-9999999:5", 1)],
)  # fmt: skip
async def test_ranges_bring_the_least_blocks(made, ask, span, leaves):
    body = (await ask(f"/ipfs/{made.text}/big.bin?format=car&entity-bytes={span}"))[2]
    found = blocks_of(body)[1]
    assert len(found) == 2 + leaves and len(set(found)) == len(found)
    doubles = blocks_of((await ask(f"/ipfs/{made.text}/big.bin?format=car&entity-bytes={span}&car-dups=y"))[2])[1]
    assert doubles == found


async def test_a_range_of_what_is_no_file_is_its_entity(made, ask):
    body = (await ask(f"/ipfs/{made.text}/dir?format=car&entity-bytes=0:5"))[2]
    assert blocks_of(body)[1] == [made.root, made.label("dir")]


async def test_doubles_within_a_file(made, ask):
    query = "format=car&dag-scope=entity"
    assert len(blocks_of((await ask(f"/ipfs/{made.text}/zeros.bin?{query}"))[2])[1]) == 4
    assert len(blocks_of((await ask(f"/ipfs/{made.text}/zeros.bin?{query}&car-dups=y"))[2])[1]) == 5


async def test_a_missing_block_ends_the_stream(made):
    data = dag_cbor.encode([dag_cbor.Link(cids.of(cids.RAW, b"nowhere"))])
    cid = cids.of(cids.DAG_CBOR, data)
    made.library.blocks.put(cid, data)
    async with gateway(made.library) as server:
        client = await server.connect()
        async with client:
            await client.send(f"GET /ipfs/{cids.to_text(cid)}?format=car HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 200") and not answer.endswith(b"0\r\n\r\n")


# What a browser wants


async def test_files_as_they_are(made, ask):
    path = f"/ipfs/{made.text}/big.bin"
    status, headers, body = await ask(path)
    assert (status, body, headers["content-type"]) == (200, BIG, "application/octet-stream")
    assert headers["etag"] == f'"{cids.to_text(made.label("big.bin"))}"' and headers["content-length"] == str(SIZE)
    assert headers["x-ipfs-path"] == path and headers["x-ipfs-roots"] == f"{made.text},{cids.to_text(made.label('big.bin'))}"
    status, headers, body = await ask(path, "Range: bytes=1048570-1048585")
    assert (status, body, headers["content-range"]) == (206, BIG[1048570:1048586], f"bytes 1048570-1048585/{SIZE}")
    assert (await ask(path, "Range: bytes=-4"))[2] == BIG[-4:]
    assert (await ask(path, "Range: bytes=0-1", 'If-Range: "other"'))[0] == 200
    status, headers, _ = await ask(path, f"Range: bytes={SIZE}-")
    assert (status, headers["content-range"]) == (416, f"bytes */{SIZE}")
    status, headers, body = await ask(path, method="HEAD")
    assert (status, headers["content-length"], body) == (200, str(SIZE), b"")
    assert (await ask(f"/ipfs/{made.text}/empty"))[::2] == (200, b"")


async def test_names_and_types(made, ask):
    assert (await ask(f"/ipfs/{made.text}/dir/hello.txt"))[1]["content-type"] == "text/plain; charset=utf-8"
    headers = (await ask(f"/ipfs/{made.text}/dir/%C3%BC.txt?download=true"))[1]
    assert headers["content-disposition"] == "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"
    assert headers["x-ipfs-path"] == f"/ipfs/{made.text}/dir/%C3%BC.txt"
    headers = (await ask(f"/ipfs/{cids.to_text(made.label('dir/hello.txt'))}?filename=x.html"))[1]
    assert headers["content-type"].startswith("text/html") and headers["content-security-policy"].startswith("sandbox")
    assert headers["content-disposition"] == 'inline; filename="x.html"'
    assert "content-security-policy" in (await ask(f"/ipfs/{made.text}/dir/a&b%3Cc%3E.svg"))[1]


async def test_folders(made, ask):
    status, headers, _ = await ask(f"/ipfs/{made.text}/dir?download=false")
    assert (status, headers["location"]) == (301, f"/ipfs/{made.text}/dir/?download=false")
    status, headers, body = await ask(f"/ipfs/{made.text}/dir/")
    assert status == 200 and b'href="./a&amp;b%3Cc%3E.svg"' in body and b"a&amp;b&lt;c&gt;.svg" in body and b'href="../"' in body
    assert headers["etag"].startswith('"DirIndex-') and headers["content-security-policy"].startswith("default-src 'none'")
    assert (await ask(f"/ipfs/{made.text}/dir/", f"If-None-Match: {headers['etag']}"))[0] == 304
    assert b'href="../"' not in (await ask(f"/ipfs/{made.text}/"))[2]
    status, headers, body = await ask(f"/ipfs/{made.text}/site/")
    assert (status, body) == (200, b"<h1>x") and headers["content-security-policy"].startswith("sandbox")
    assert (await ask(f"/ipfs/{made.text}/many/"))[2].count(b"<li>") == 3501


async def test_data_that_is_no_file(made, ask):
    inner = made.cbor({"file": dag_cbor.Link(made.label("dir/hello.txt")), "list": [dag_cbor.Link(made.root)], "in": {"x": 1}, "text": "t"})
    outer = cids.to_text(made.cbor({"to": dag_cbor.Link(inner)}))
    status, headers, body = await ask(f"/ipfs/{outer}/to")
    assert (status, headers["content-type"]) == (200, "application/vnd.ipld.dag-cbor")
    assert cids.of(cids.DAG_CBOR, body) == inner
    assert (await ask(f"/ipfs/{outer}/to?format=dag-cbor"))[2] == body
    assert (await ask(f"/ipfs/{outer}/to/file"))[2] == b"hello"
    assert (await ask(f"/ipfs/{outer}/to/list"))[0] == 501 and (await ask(f"/ipfs/{outer}/to/in"))[0] == 501
    assert (await ask(f"/ipfs/{outer}/to/text"))[0] == 400 and (await ask(f"/ipfs/{outer}/to/none"))[0] == 404
    roots, found = blocks_of((await ask(f"/ipfs/{outer}/to?format=car&dag-scope=entity"))[2])
    assert roots == [inner] and found == [cids.from_text(outer), inner]


# Header fields


def test_accept_is_read_by_preference():
    assert accepted("text/html, a/b;q=0.5, c/d;x=y;q=0.9, e/f;q=0, g/h;q=9") == [
        ("text/html", {}),
        ("g/h", {}),
        ("c/d", {"x": "y"}),
        ("a/b", {}),
    ]
    assert accepted("") == [] and len(accepted("a/b," * 1000)) <= 32


async def test_the_preferred_form_is_sent(made, ask):
    path = f"/ipfs/{cids.to_text(made.label('dir/hello.txt'))}"
    assert (await ask(path, f"Accept: {RAW};q=0.5, {CAR};q=0.9"))[1]["content-type"].startswith(CAR)
    assert (await ask(path, f"Accept: {CAR};order=bfs, {CAR};order=dfs;dups=y;q=0.5"))[1]["content-type"].endswith("dups=y")
    assert (await ask(path, f"Accept: text/html, {CAR};q=0.9"))[1]["content-type"] == "text/plain; charset=utf-8"
    assert (await ask(path, f"Accept: {CAR}", "Content-Type: x/y"))[1]["content-location"] == path + "?format=car"
    headers = (await ask(path + "?format=raw", f"Accept: {CAR}"))[1]
    assert headers["content-type"] == RAW and headers["content-location"] == path + "?format=raw"


def test_names_in_a_disposition():
    assert disposition("inline", "") == "inline"
    assert disposition("attachment", 'a"b\n.txt') == "attachment; filename=\"a_b_.txt\"; filename*=UTF-8''a%22b%0A.txt"
