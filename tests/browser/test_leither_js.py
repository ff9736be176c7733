"""A page written with nothing but leither.js, in a real browser: signs in, makes content, writes, backs up, reads it."""

from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from leither_edge.core.ids import id_from_text, id_to_text
from leither_edge.mimei.history import read_version
from leither_edge.mimei.tables import BY_AUTHOR
from tests.browser.gateway import running_gateway

pytestmark = pytest.mark.browser

# One pixel, red.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@contextmanager
def notes(chromium, address):
    context = chromium.new_context()
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(address + "/pages/notes.html")
    yield page
    context.close()
    assert complaints == []


def says(page, text):
    page.locator("#said", has_text=text).wait_for()
    return page.locator("#said").text_content()


def write_and_back_up(page, text):
    page.get_by_placeholder("File").fill("hello.txt")
    page.locator("textarea").fill(text)
    page.get_by_role("button", name="Save").click()
    page.locator("#files li", has_text=f"hello.txt {len(text.encode())}").wait_for()
    page.get_by_role("button", name="Back up").click()
    page.locator("#versions li", has_text="0 from the page").wait_for()
    page.locator("#read", has_text=text).wait_for()


def content_of(stand, uid):
    """(id as text, what version 0 holds) of the only MiMei of a user, as the library knows it."""
    with stand.library.store.read() as tx:
        (mid,) = [key[20:] for key in tx.keys(BY_AUTHOR) if key[:20] == id_from_text(uid)]
        root = read_version(tx, mid, 0).root
    cid = stand.library.find(stand.session, root, "hello.txt")
    return id_to_text(mid), b"".join(stand.library.cat(stand.session, cid)).decode()


def test_a_page_keeps_versions_of_its_content(chromium, tmp_path):
    with running_gateway(tmp_path) as (address, stand, log), notes(chromium, address) as page:
        page.get_by_placeholder("Name").fill("anna")
        page.get_by_placeholder("Password").fill("correct horse")
        page.get_by_role("button", name="Register").click()
        uid = says(page, "registered").split()[-1]
        page.get_by_placeholder("Password").fill("wrong")
        page.get_by_role("button", name="Sign in", exact=True).click()
        says(page, "not-signed-in: The name or the password is wrong.")
        page.get_by_placeholder("Password").fill("correct horse")
        page.get_by_role("button", name="Sign in", exact=True).click()
        says(page, "signed in as " + uid)
        write_and_back_up(page, "Grüezi <b>Welt</b>")
        # A private picture is shown by its address alone, with the cookie; a cookie never writes.
        page.locator("[type=file]").set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": PNG})
        page.get_by_role("button", name="Save").click()
        says(page, f"sent {len(PNG)}, 1 wide")
        status = page.evaluate("async () => (await fetch(document.getElementById('picture').src, { method: 'PUT', body: 'x' })).status")
        assert status == 401
        mid, text = content_of(stand, uid)
        assert text == "Grüezi <b>Welt</b>"
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{address}/mimei/{mid}/cur/hello.txt")
        assert log.events == []


def test_a_page_signs_with_a_key_of_the_browser(chromium, tmp_path):
    with running_gateway(tmp_path) as (address, stand, log), notes(chromium, address) as page:
        page.get_by_role("button", name="Sign in with a key").click()
        uid = says(page, "signed in as").split()[-1]
        write_and_back_up(page, "Signed in the browser")
        assert content_of(stand, uid)[1] == "Signed in the browser"
        assert log.events == []


ALL_OF_IT = """async () => {
  const { Leither } = await import("/leither.js");
  const node = new Leither();
  const failing = (promise) => promise.then(() => "done", (error) => error.code);
  const seen = {};
  seen.guest = await failing(node.create());
  await node.signInWithKey(await Leither.newKey());
  const files = await node.create({ mark: "all", right: ["public"] });
  await files.put("a/b ü.bin", new Uint8Array([0, 255, 7]));
  seen.bytes = [...(await files.bytes("a/b ü.bin"))];
  seen.part = [...(await files.part("a/b ü.bin", 1, 2))];
  await files.makeFolder("empty");
  await files.rename("a/b ü.bin", "c.bin");
  seen.missing = await failing(files.bytes("a/b ü.bin"));
  seen.list = (await files.list()).map((entry) => [entry.fName, entry.fIsDir]);
  seen.behind = (await files.list("", 1, "a")).map((entry) => entry.fName);
  seen.backup = await files.backup("one");
  await files.remove("empty");
  seen.diff = (await files.diff(0)).map((change) => [change.kind, change.what]);
  await files.release("0");
  await files.restore("0");
  await files.setTags("x", "y");
  await files.setRight("guest", ["see"]);
  const info = await files.info();
  seen.info = [info.mark, info.release, info.tags, info.right, (await node.list()).length];
  const db = await (await node.create({ type: "database" })).database();
  seen.hset = await db.call("Hset", "h", "f", { deep: [1, null, new Uint8Array([255])] });
  const value = await db.call("Hget", "h", "f");
  seen.value = [value.deep[0], value.deep[1], [...value.deep[2]]];
  seen.redis = await db.redis("INCRBY", "n", 41);
  seen.wrong = await failing(db.redis("LPUSH", "h", "x"));
  const batch = [["Incr", db.handle, "n"], ["Nothing"], ["Get", db.handle, "n"]];
  seen.batch = (await node.batch(batch)).map((one) => one?.code ?? one);
  await node.connect();
  await node.connect();
  seen.many = (await Promise.all([...Array(50).keys()].map((i) => db.call("IncrBy", "n", i)))).length;
  seen.sum = await db.call("Get", "n");
  seen.described = (await node.call("rpc.discover")).openrpc;
  await db.close();
  seen.closed = await failing(db.call("Get", "n"));
  node.close();
  await node.signOut();
  seen.out = await failing(files.versions());
  return seen;
}"""


def test_all_that_the_client_does(chromium, tmp_path):
    with running_gateway(tmp_path) as (address, _, log), notes(chromium, address) as page:
        assert page.evaluate(ALL_OF_IT) == {
            "guest": "not-signed-in",
            "bytes": [0, 255, 7],
            "part": [255, 7],
            "missing": "not-found",
            "list": [["a", True], ["c.bin", False], ["empty", True]],
            "behind": ["c.bin"],
            "backup": "0",
            "diff": [["-", "empty"]],
            "info": ["all", 0, ["x", "y"], 1, 1],
            "hset": 1,
            "value": [1, None, [255]],
            "redis": 41,
            "wrong": "wrongtype",
            "batch": [42, "method", "42"],
            "many": 50,
            "sum": str(42 + sum(range(50))),
            "described": "1.3.2",
            "closed": "not-signed-in",
            "out": "not-signed-in",
        }
        assert log.events == []
