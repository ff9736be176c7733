"""The HTTP face: statuses, types, and nothing for strangers."""

import json

import pytest

from appliance.commands.routes import COSE_TYPE, device_card, refusal, routes
from leither_edge.core import cose
from leither_edge.core.cbor import decode, encode
from leither_edge.crypto.sodium import verify
from leither_edge.http import HttpError, Router
from leither_edge.storage import DiskFull

from .device import BUILD, NOW, running
from .test_claim import OWNER, claim_of


class Request:
    """What a handler needs of a request."""

    def __init__(self, method, path, body=b"", query=None, is_loopback=True):
        self.method, self.path, self.query, self.is_loopback = method, path, query or {}, is_loopback
        self.params, self.headers, self._body = {}, {}, body

    async def body(self, max_bytes=None):
        if max_bytes is not None and len(self._body) > max_bytes:
            raise HttpError(413, "Too large.")
        return self._body


def router_of(device, claim):
    router = Router()
    for method, path, handler in routes(device.executor, claim, device.key, device.profile, device.counters):
        router.add(method, path, handler)
    return router


def card_of(device, response):
    assert response.status == 200 and response.content_type == COSE_TYPE
    message = cose.parse_sign1(response.body, cose.CT_DEVICE)
    cose.verify1(message, device.key.public_key, verify)
    return decode(message.payload)


async def test_the_card_of_a_device_before_and_after_its_claim(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        router = router_of(device, claim)
        card = card_of(device, await router(Request("GET", "/device", query={"nonce": "00ff"})))
        assert card == {
            1: device.key.id, 2: device.key.public_key, 3: device.executor.config["name"], 4: False, 5: b"\x00\xff",
            6: {"leither": "0.1.0"}, 7: NOW, 8: BUILD, 9: 0,
        }  # fmt: skip
        body = claim_of(OWNER, device, claim.token)
        assert (await router(Request("POST", "/claim/check", body))).status == 204 and not claim.claimed
        card = card_of(device, await router(Request("POST", "/claim", body)))
        assert (card[4], card[5], card[9]) == (True, b"", 1)
        # The owner whose answer was lost asks again.
        assert (await router(Request("POST", "/claim", body))).status == 200
        owner = device.controller(0x21)
        response = await router(Request("POST", "/command", owner.signed("status")))
        assert response.status == 200 and response.content_type == COSE_TYPE
        assert device.opened(response.body).status == "done"
        assert ("cache-control", "no-store") in response.headers


@pytest.mark.parametrize("nonce", ["zz", "0", "00" * 33, "é"])
async def test_a_bad_nonce(tmp_path, nonce):
    async with running(tmp_path) as device:
        with pytest.raises(HttpError) as error:
            await router_of(device, device.claim())(Request("GET", "/device", query={"nonce": nonce}))
        assert error.value.status == 400


async def test_what_is_no_command_gets_400_and_a_sentence(tmp_path):
    async with running(tmp_path) as device:
        device.own(device.controller())
        router = router_of(device, device.claim())
        response = await router(Request("POST", "/command", b"GET me"))
        assert (response.status, response.content_type) == (400, "application/json")
        error = json.loads(response.body)["error"]
        assert error["code"] and error["message"].endswith(".")


async def test_a_command_that_cannot_be_written_down_gets_507_and_no_signature(tmp_path, monkeypatch):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())

        async def commit(fn, reserve=False):
            raise DiskFull("The disk is full.")

        monkeypatch.setattr(device.store, "commit", commit)
        response = await router_of(device, device.claim())(Request("POST", "/command", owner.signed("identify")))
        assert (response.status, response.content_type) == (507, "application/json")
        assert json.loads(response.body)["error"] == {"code": "storage", "message": "The disk is full."}


async def test_claims_that_fail_say_why(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        router = router_of(device, claim)

        async def code_of(body, path="/claim"):
            response = await router(Request("POST", path, body))
            return response.status, json.loads(response.body)["error"]["code"]

        wrong = claim_of(OWNER, device, "wrong")
        for path in ("/claim", "/claim/check"):
            for body in [b"", b"\xff", encode([1]), cose.sign1(encode([]), cose.CT_CLAIM, OWNER.id, OWNER.sign)]:
                assert await code_of(body, path) == (400, "bad-claim")
        for n in range(10):
            assert await code_of(wrong, ("/claim", "/claim/check")[n % 2]) == (403, "wrong-token")
        for path in ("/claim", "/claim/check"):
            assert await code_of(wrong, path) == (429, "too-many-tries")


async def test_metrics_are_for_this_machine_unless_the_owner_says_so(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        router = router_of(device, device.claim())
        await device.ask(owner, "status")
        body = (await router(Request("GET", "/metrics"))).body.decode()
        assert 'leither_commands_total{status="done",verb="status"} 1' in body and body.endswith("# EOF\n")
        with pytest.raises(HttpError) as error:
            await router(Request("GET", "/metrics", is_loopback=False))
        assert error.value.status == 404
        await device.ask(owner, "config-set", {"metrics_remote": True})
        assert (await router(Request("GET", "/metrics", is_loopback=False))).status == 200


def test_a_refusal_is_json_whatever_its_text():
    text = 'a "quoted" \\ \n\x00\x7f\ud800 咖'
    assert json.loads(refusal(400, "code", text).body) == {"error": {"code": "code", "message": text}}


async def test_the_card_names_the_present_owner_state(tmp_path):
    async with running(tmp_path) as device:
        claim = device.claim()
        await claim.preset_owner(OWNER.public_key)
        card = decode(cose.parse_sign1(device_card(device.executor, claim, device.key, b""), cose.CT_DEVICE).payload)
        assert (card[4], card[9]) == (True, 1)
