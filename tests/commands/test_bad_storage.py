"""A full or failing disk: the sender is told so, nothing half done, nothing done twice."""

import gc

import pytest

from appliance.commands.admission import Unauthentic
from appliance.commands.executor import TryAgain
from leither_edge.storage import DiskFull, MapFull
from leither_edge.storage.transaction import ReadTransaction

from .device import ProfileWith, running

FULL = DiskFull("The disk is full. Make room, then try again.")


def fail_commits(device, monkeypatch, after=0):
    commits, left = device.store.commit, [after]

    async def commit(fn, reserve=False):
        if left[0] == 0:
            raise FULL
        left[0] -= 1
        return await commits(fn, reserve)

    monkeypatch.setattr(device.store, "commit", commit)


async def test_a_command_that_cannot_be_recorded_is_not_done_and_may_be_sent_again(tmp_path, monkeypatch):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        change, blink = owner.signed("config-set", {"name": "A"}), owner.signed("identify")
        before = device.dump()
        with monkeypatch.context() as broken:
            fail_commits(device, broken)
            for data in (change, blink):
                # Nothing signed: that would be final, and these bytes may still be obeyed.
                with pytest.raises(TryAgain) as error:
                    await device.executor.execute(data)
                assert (error.value.code, str(error.value)) == ("storage", str(FULL))
        assert device.counters.get("commands_not_done", code="storage") == 2
        assert device.dump() == before and device.board.asked == []
        assert device.opened(await device.executor.execute(change)).status == "done"
        assert device.opened(await device.executor.execute(blink)).status == "done"


async def test_an_effect_whose_answer_cannot_be_recorded_is_interrupted_and_not_tried_again(tmp_path, monkeypatch):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        data = owner.signed("identify")
        with monkeypatch.context() as broken:
            fail_commits(device, broken, after=1)
            assert device.opened(await device.executor.execute(data)).status == "interrupted"
        assert device.opened(await device.executor.execute(data)).status == "interrupted"
        assert len(device.board.asked) == 1
    async with running(tmp_path) as device:
        answer = await device.executor.execute(data)
        assert device.opened(answer).status == "interrupted" and device.board.asked == []
        assert await device.executor.execute(data) == answer


async def test_a_browser_is_told(tmp_path, monkeypatch):
    class Session:
        role, via = "owner", None

    async with running(tmp_path) as device:
        device.own(device.controller())
        with monkeypatch.context() as broken:
            fail_commits(device, broken)
            answer = await device.executor.execute_local("config-set", {"name": "A"}, Session)
        assert (answer.status, answer.error["code"]) == ("failed", "storage")
        assert device.executor.config["name"] != "A"


async def test_a_device_with_unrecorded_interruptions_starts_on_a_full_disk(tmp_path, monkeypatch):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        data = owner.signed("identify")
        with monkeypatch.context() as broken:
            fail_commits(device, broken, after=1)
            await device.executor.execute(data)

    def write(self, reserve=False):
        raise FULL

    with monkeypatch.context() as broken:
        broken.setattr("leither_edge.storage.store.Store.write", write)
        async with running(tmp_path) as device:
            assert device.opened(await device.executor.execute(data)).status == "interrupted"
            assert device.board.asked == []


async def test_commands_of_every_outcome_give_their_reader_slot_back(tmp_path):
    """LMDB has 126, and a slot is taken as long as its transaction object lives: a traceback in a cycle would keep it."""
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        stranger = device.controller(9)
        kinds = [
            lambda: owner.signed("status"),
            lambda: owner.signed("fly"),
            lambda: owner.signed("identify", {"seconds": 0}),
            lambda: owner.signed("status", sequence=1),
            lambda: owner.signed("status", keyset_version=9),
            lambda: owner.signed("status", delegation=b"x"),
            lambda: stranger.signed("status"),
        ]
        gc.collect()
        before = snapshots()
        gc.disable()
        try:
            for kind in kinds:
                for _ in range(20):
                    try:
                        await device.executor.execute(kind())
                    except Unauthentic:
                        pass
        finally:
            gc.enable()
        assert snapshots() <= before + 1


def snapshots():
    return sum(type(thing) is ReadTransaction for thing in gc.get_objects())


async def test_an_owner_resets_a_device_whose_state_is_full(tmp_path):
    async with running(tmp_path, profile=ProfileWith(storage__state_map_mib=1)) as device:
        owner = device.own(device.controller())
        with pytest.raises(MapFull):
            for n in range(10**6):
                with device.store.write() as tx:
                    tx.put("control", f"filler{n}", b"x" * 2000)
        with pytest.raises(TryAgain):
            await device.ask(owner, "config-set", {"name": "x" * 32})
        first = await device.ask(owner, "factory-reset")
        assert (await device.ask(owner, "factory-reset", challenge=first.result["challenge"])).status == "done"
