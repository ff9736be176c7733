"""The device's content: opened by whoever asks first, kept by its owner, closed with it."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from binascii import a2b_base64, b2a_base64

import pytest
import redis

from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei.ipld import cid
from tests.device_process import ROOT, Controller, DeviceProcess, child_pids

UNOWNED = 503
OWN_PATHS = ("/ipfs/bafkqaaa", "/mimei/x/cur/", "/rpc", "/leither.js")


def asked(port, method, path, body=None, **fields):
    """(status, fields, body) of a request; fields: its head's, with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Refused(Exception):
    """What a procedure answered: the word of its error."""


def rpc(port, method, *params, **fields):
    """The result of a procedure."""
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    status, _, body = asked(port, "POST", "/rpc", message, content_type="application/json", **fields)
    assert status == 200, (status, body)
    answer = json.loads(body)
    if "error" in answer:
        raise Refused(answer["error"]["data"]["code"])
    return answer["result"]


def binary(data):
    return {"$bytes": b2a_base64(data, newline=False).decode()}


def of_binary(value):
    return a2b_base64(value["$bytes"])


def signed_in(port, pair, granted=None):
    """The id of a session that a KeyPair began; granted: bytes of a pass."""
    said = rpc(port, "Challenge")
    more = () if granted is None else (binary(granted),)
    signature = binary(pair.sign(of_binary(said["message"])))
    return rpc(port, "LoginWithKey", binary(pair.public_key), said["challenge"], signature, *more)["sid"]


def redis_port(owner):
    """Where the device answers Redis clients, once it does."""
    give_up = time.monotonic() + 20
    while True:
        content = owner.do("status").result["content"]
        if content and content["redis_port"]:
            return content["redis_port"]
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_content_from_the_claim_over_a_restart_to_the_end(tmp_path):
    phone = KeyPair(os.urandom(32))
    folder, data = tmp_path / "state", tmp_path / "data"
    with DeviceProcess(folder, arguments=("--data", str(data), "--redis-port", "0")) as device:
        port = device.port
        # Before there is an owner nothing is kept, and phones are led to the setup page as ever.
        assert {asked(port, "GET", path)[0] for path in OWN_PATHS} == {UNOWNED}
        assert asked(port, "GET", "/generate_204")[0] == 303
        assert asked(port, "GET", "/ipfs/bafkqaaa", host="connectivitycheck.example")[0] == 302
        assert not data.exists()
        owner = Controller(port)
        pair = KeyPair(owner.seed)
        assert owner.claim(device.token)[0] == 200
        assert asked(port, "GET", "/ipfs/bafkqaaa")[0] == 200
        # Names that are not the device's.
        assert asked(port, "GET", "/ipfs/bafkqaaa", host="rebound.example")[0] == 421
        assert asked(port, "POST", "/rpc", "{}", host="rebound.example", content_type="application/json")[0] == 421
        assert asked(port, "POST", "/rpc", "{}", origin="http://rebound.example", content_type="application/json")[0] == 403

        # The owner keeps a file, and a version of it, which he signs where his key is.
        sid = signed_in(port, pair)
        mid = rpc(port, "MMCreate", sid, "", "", "pictures", 2)
        status, _, body = asked(port, "PUT", f"/mimei/{mid}/cur/a/b.txt", b"x" * 300_000, authorization=f"Bearer {sid}")
        assert status == 201, body
        # Labels are for users, or for everybody where the owner wants a gateway.
        path = f"/ipfs/{cid.to_text(cid.of(cid.RAW, b'x' * 300_000))}?format=raw"
        assert asked(port, "GET", path)[0] == 401 and asked(port, "GET", path, authorization=f"Bearer {sid}")[2] == b"x" * 300_000
        assert owner.do("config-set", {"mimei_labels": "anyone"}).status == "done"
        assert asked(port, "GET", path)[2] == b"x" * 300_000
        ticket = rpc(port, "MMBackupPrepare", sid, mid, "first")
        assert rpc(port, "MMBackupFinish", sid, ticket["ticket"], binary(pair.sign(of_binary(ticket["message"])))) == "0"
        assert (data / "mimei" / "db" / "data.mdb").exists() and not (folder / "mimei").exists()

        # A pass of the owner's, who needs not have signed in here himself; strangers are guests.
        now = int(time.time())
        granted = sign_pass(Pass(owner.id, phone.public_key, owner.device_id, "operator", None, now - 60, now + 600, "phone"), pair.sign)
        by_pass = signed_in(port, phone, granted)
        assert asked(port, "GET", f"/mimei/{mid}/cur/a/b.txt", authorization=f"Bearer {by_pass}")[2] == b"x" * 300_000
        stranger = signed_in(port, phone)
        with pytest.raises(Refused, match="forbidden"):
            rpc(port, "MMCreate", stranger, "", "", "mine", 2)
        assert asked(port, "GET", f"/mimei/{mid}/cur/a/b.txt")[0] == 401

        # Users register where the owner lets them, and no longer.
        with pytest.raises(Refused, match="forbidden"):
            rpc(port, "Register", "anna", "correct horse")
        assert owner.do("config-set", {"mimei_users": "registered", "storage_share_mib": 64}).status == "done"
        rpc(port, "Register", "anna", "correct horse")
        client = redis.Redis("127.0.0.1", redis_port(owner), username="anna", password="correct horse", decode_responses=True)
        assert client.set("colour", "blue") and client.rpush("list", "a", "b") == 2
        told = subprocess.run(
            ["redis-cli", "-p", str(redis_port(owner)), "--no-auth-warning", "--user", "anna", "--pass", "correct horse", "GET", "colour"],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert told.stdout == "blue\n"
        client.close()
        found = owner.do("status").result["content"]
        assert found["max_kib"] == 64 * 1024 and found["mimei"] == 2 and found["versions"] == 1 and found["used_kib"] >= 290
        assert owner.do("mimei-collect").result["finished"]

        portal_session_opens_nothing(owner, port, mid)

        # What was kept is there after a stop.
        device.stop()
        device.start()
        port = device.port
        owner.connect(port)
        sid = signed_in(port, pair)
        assert asked(port, "GET", f"/mimei/{mid}/0/a/b.txt", authorization=f"Bearer {sid}")[2] == b"x" * 300_000
        client = redis.Redis("127.0.0.1", redis_port(owner), username="anna", password="correct horse", decode_responses=True)
        assert client.get("colour") == "blue" and client.lrange("list", 0, -1) == ["a", "b"]

        # Who no longer may keep content is a stranger from then on.
        assert owner.do("config-set", {"mimei_users": "owners"}).status == "done"
        anna = rpc(port, "Login", "anna", "correct horse")["sid"]
        with pytest.raises(Refused, match="forbidden"):
            rpc(port, "MMCreate", anna, "", "", "more", 2)
        assert owner.do("config-set", {"mimei": "off"}).status == "done"
        assert {asked(port, "GET", path)[0] for path in OWN_PATHS} == {404}
        give_up = time.monotonic() + 20
        with pytest.raises(redis.ConnectionError):
            while time.monotonic() < give_up:
                client.get("colour")
                time.sleep(0.05)
        assert owner.do("mimei-collect").error["code"] == "no-content"
        node = child_pids(device.process.pid)[0]
        device.stop()
        assert not os.path.exists(f"/proc/{node}")


def portal_session_opens_nothing(owner, port, mid):
    """A browser that is signed in to the device's page is a guest to its content."""
    page = asked(port, "GET", "/sign-in")
    cookie = page[1]["Set-Cookie"].partition(";")[0]
    code = re.search(rb"sign-in ([0-9A-Z-]+)", page[2])[1].decode()
    assert owner.do("sign-in", {"code": code}).status == "done"
    cookies = f"{cookie}; {asked(port, 'GET', '/sign-in', cookie=cookie)[1]['Set-Cookie'].partition(';')[0]}"
    assert asked(port, "GET", "/status", cookie=cookies.partition("; ")[2])[0] == 200
    assert asked(port, "GET", f"/mimei/{mid}/cur/a/b.txt", cookie=cookies)[0] == 401
    assert asked(port, "PUT", f"/mimei/{mid}/cur/c.txt", b"x", cookie=cookies)[0] == 401
    assert rpc(port, "GetVar", "", "session", cookie=cookies)["uid"] == ""


def test_a_store_that_cannot_be_opened_leaves_the_device_alive(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "mimei").write_text("no folder")
    with DeviceProcess(tmp_path / "state", arguments=(f"--data={data}", "--redis-port=0")) as device:
        owner = Controller(device.port)
        assert owner.claim(device.token)[0] == 200
        for _ in range(2):
            status, fields, body = asked(device.port, "GET", "/ipfs/bafkqaaa")
            assert status == 503 and fields["retry-after"] and b"mimei" in body and b"Traceback" not in body
        assert owner.do("status").result["content"] is None
        assert b"mimei_openings_failed_total" in asked(device.port, "GET", "/metrics")[2]
        assert owner.do("mimei-collect").error["code"] == "storage"


def test_nothing_of_it_is_loaded_before_somebody_asks():
    code = (
        "import sys, appliance.device.assembly; print([name for name in sys.modules if name.startswith(('leither_edge.mimei', "
        "'leither_edge.resp', 'leither_edge.gateway.', 'appliance.device.open_mimei', 'appliance.device.kept_redis'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
