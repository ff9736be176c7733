"""The verbs by which an owner has others' names renewed: what reaches the DHT's side, and what comes back."""

from appliance.commands.verbs import VerbFailed
from tests.commands.device import NOW, running

PACKET, KEY = bytes(200), bytes(32)


class Names:
    def __init__(self):
        self.kept = []

    async def keep(self, data):
        if data != PACKET:
            raise VerbFailed("bad-packet", "This is no signed packet of records.")
        self.kept.append(data)
        return {"stored": 8}

    async def forget(self, key):
        return {"kept": bool(self.kept)}


async def test_they_reach_the_dht_once(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        assert (await device.ask(owner, "name-keep", {"packet": PACKET})).error["code"] == "no-network"
        names = device.executor.names = Names()
        data = owner.signed("name-keep", {"packet": PACKET})
        answers = [device.opened(await device.executor.execute(data)) for _ in range(2)]
        assert answers[0] == answers[1] and answers[0].result == {"stored": 8} and len(names.kept) == 1
        failed = await device.ask(owner, "name-keep", {"packet": PACKET + b"x"})
        assert (failed.status, failed.error["code"]) == ("failed", "bad-packet")
        assert (await device.ask(owner, "name-forget", {"key": KEY})).result == {"kept": True}


async def test_who_may_and_what_is_taken(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        device.executor.names = Names()
        viewer = owner.give_pass(device.controller(4), role="viewer", not_after=NOW + 900)
        assert (await device.ask(viewer, "name-keep", {"packet": PACKET})).error["code"] == "not-allowed"
        for verb, arguments in (
            ("name-keep", {"packet": bytes(104)}), ("name-keep", {"packet": bytes(1105)}), ("name-keep", {}),
            ("name-forget", {"key": b"x"}),
        ):  # fmt: skip
            assert (await device.ask(owner, verb, arguments)).error["code"] == "bad-argument"
