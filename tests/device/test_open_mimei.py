"""Who may keep content on a device, and that what fails beside it does not end the device."""

import socket
from types import SimpleNamespace

import pytest
import trio
import trio.testing

from appliance.device import kept_redis, open_mimei
from appliance.device.kept_mimei import KeptMimei
from leither_edge import profile
from leither_edge.core.delegation import Pass
from leither_edge.core.ids import key_id
from leither_edge.core.keyset import Keyset
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.http import HttpError, Router
from leither_edge.mimei.errors import Forbidden, NotSignedIn
from leither_edge.observe.counters import Counters

OWNER, OPERATOR, VIEWER, GONE, ANNA, STRANGER = (KeyPair(bytes([number]) * 32) for number in range(1, 7))
LIMITS = profile.load("pi-zero")


KEYS = (("owner", OWNER.public_key), ("operator", OPERATOR.public_key), ("viewer", VIEWER.public_key), ("owner", GONE.public_key))
KEYSET = Keyset(b"d" * 20, 3, KEYS, (key_id(GONE.public_key),), ())


def granted(issuer, subject):
    return Pass(key_id(issuer.public_key), subject.public_key, None, "operator", None, 0, 2**40, "")


@pytest.mark.parametrize("users", ["owners", "registered"])
def test_who_may_keep_content(users):
    def joins(pair, a_pass=None, keys=KEYSET):
        return open_mimei.may_join(keys, users, lambda key: key == ANNA.public_key, pair and pair.public_key, a_pass)

    registers = users == "registered"
    assert [joins(pair) for pair in (OWNER, OPERATOR, VIEWER, GONE, STRANGER)] == [True, True, False, False, False]
    assert joins(None) is registers and joins(ANNA) is registers
    # Whom an owner gave a pass; one of an operator, a registered user or a revoked owner is worth nothing, nor one for a revoked key.
    assert joins(OWNER, granted(OWNER, STRANGER))
    assert not any(joins(issuer, granted(issuer, STRANGER)) for issuer in (OPERATOR, VIEWER, GONE, ANNA, STRANGER))
    assert not joins(OWNER, granted(OWNER, GONE))
    # Nobody before there is an owner.
    assert not any(joins(pair, keys=None) for pair in (None, OWNER, ANNA))


class Lines:
    """A log that keeps its lines."""

    def __init__(self):
        self.lines = []

    def info(self, event, **fields):
        self.lines.append(("info", event, fields))

    def warning(self, event, **fields):
        self.lines.append(("warning", event, fields))

    def error(self, event, **fields):
        self.lines.append(("error", event, fields))


def device(folder, port=None, **config):
    """(KeptMimei, its executor and claim) of a device with an owner."""
    node = SimpleNamespace(
        profile=LIMITS, folder=str(folder), key=KeyPair(b"n" * 32), counters=Counters(), log=Lines(), clock=lambda: 1_800_000_000.0
    )
    config = {"mimei": "on", "mimei_users": "owners", "mimei_labels": "users", "storage_share_mib": 64, **config}
    executor = SimpleNamespace(config=config, keyset=KEYSET, floor=TimeFloor(0), content=None)
    kept = KeptMimei(node, SimpleNamespace(data=None, redis_port=port, hosts=("127.0.0.1",)))
    return kept, executor, SimpleNamespace(claimed=True)


async def test_one_that_failed_is_tried_again_after_a_while(tmp_path, monkeypatch):
    kept, executor, claim = device(tmp_path)
    clock = SimpleNamespace(monotonic=lambda: clock.now, now=0.0)
    monkeypatch.setattr("appliance.device.kept_mimei.time", clock)
    (tmp_path / "mimei").write_text("")
    async with trio.open_nursery() as nursery:
        kept.begin(executor, claim, nursery, Router())
        for _ in range(2):
            with pytest.raises(HttpError, match="mimei") as refused:
                await trio.to_thread.run_sync(kept.open)
            assert refused.value.status == 503
        (tmp_path / "mimei").unlink()
        with pytest.raises(HttpError):
            await trio.to_thread.run_sync(kept.open)
        clock.now = 6.0
        library = await trio.to_thread.run_sync(kept.open)
        assert await trio.to_thread.run_sync(kept.open) is library is kept.library
        assert [level for level, *_ in kept.node.log.lines] == ["error", "info"]
        nursery.cancel_scope.cancel()
    kept.close()


async def test_the_owners_settings_hold_at_once(tmp_path):
    kept, executor, claim = device(tmp_path, mimei_users="registered")
    async with trio.open_nursery() as nursery:
        kept.begin(executor, claim, nursery, Router())
        library = await trio.to_thread.run_sync(kept.open)
        assert library.blocks.stat()["quota_bytes"] == 64 << 20
        await trio.to_thread.run_sync(library.register, "anna", "correct horse")
        session = await trio.to_thread.run_sync(library.sign_in_with_password, "anna", "correct horse")
        assert session.may_keep and library.accounts.has_key(session.public_key) and not library.accounts.has_key(OWNER.public_key)

        executor.config = {**executor.config, "storage_share_mib": 1}
        kept.config_changed(executor.config)
        assert library.blocks.stat()["quota_bytes"] == 1 << 20 and library.session(session.sid).may_keep

        executor.config = {**executor.config, "mimei_users": "owners"}
        kept.config_changed(executor.config)
        with trio.fail_after(10):
            while True:
                try:
                    library.session(session.sid)
                except NotSignedIn:
                    break
                await trio.sleep(0)
        again = await trio.to_thread.run_sync(library.sign_in_with_password, "anna", "correct horse")
        assert not again.may_keep
        with pytest.raises(Forbidden):
            await trio.to_thread.run_sync(library.register, "ben", "correct horse")

        # Owner of the keyset: may, at once; and no more when there is none.
        assert library.local_session(OWNER).may_keep
        executor.keyset = None
        assert not library.local_session(OWNER).may_keep
        assert (await kept.figures())["mimei"] == 0 and (await kept.collect())["finished"]
        nursery.cancel_scope.cancel()
    kept.close()


async def test_a_device_that_ends_while_its_store_opens_lets_it_go(tmp_path):
    kept, executor, claim = device(tmp_path)
    async with trio.open_nursery() as nursery:
        kept.begin(executor, claim, nursery, Router())
        nursery.start_soon(trio.to_thread.run_sync, kept.open)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    kept.close()
    # Nobody holds the folder.
    async with trio.open_nursery() as nursery:
        again, executor, claim = device(tmp_path)
        again.begin(executor, claim, nursery, Router())
        await trio.to_thread.run_sync(again.open)
        nursery.cancel_scope.cancel()
    again.close()


async def test_who_asked_first_may_leave_before_it_is_open(tmp_path):
    kept, executor, claim = device(tmp_path)
    async with trio.open_nursery() as nursery:
        kept.begin(executor, claim, nursery, Router())
        asking = trio.CancelScope()

        async def ask():
            with asking:
                await trio.to_thread.run_sync(kept.open)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        asking.cancel()
        assert await trio.to_thread.run_sync(kept.open) is kept.library
        assert len(kept.node.log.lines) == 1
        nursery.cancel_scope.cancel()
    kept.close()


async def test_a_port_of_redis_clients_that_is_taken_is_told_once_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_redis, "LOOK_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        kept, executor, claim = device(tmp_path, port=port)
        async with trio.open_nursery() as nursery:
            kept.begin(executor, claim, nursery, Router())
            with trio.fail_after(20):
                while not [line for line in kept.node.log.lines if line[0] == "warning"]:
                    await trio.sleep(0.01)
                await trio.sleep(0.1)
                assert len([line for line in kept.node.log.lines if line[0] == "warning"]) == 1 and kept.redis_port is None
                taken.close()
                while kept.redis_port != port:
                    await trio.sleep(0.01)
                async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                    await stream.send_all(b"PING\r\n")
                    assert await stream.receive_some(100) == b"+PONG\r\n"
                # Switched off, nobody is answered; switched on again, they are.
                for word, there in (("off", None), ("on", port)):
                    executor.config = {**executor.config, "mimei": word}
                    kept.config_changed(executor.config)
                    while kept.redis_port != there:
                        await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    kept.close()


def test_a_fault_beside_is_told_and_does_not_end_the_device():
    node, tries = SimpleNamespace(log=Lines(), counters=Counters()), []

    async def run():
        tries.append(None)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep(1)
            raise ValueError("what somebody sent")

    async def test():
        with trio.move_on_after(open_mimei.REST_S + 1.5):
            await open_mimei.run_beside(SimpleNamespace(run=run), node)

    trio.run(test, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(tries) == 2
    assert node.log.lines == [("error", "content store", {"kind": "ValueError", "why": ""})]
