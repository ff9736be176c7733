"""What a controller may rely on: at most once, answered, audited, and refused for a reason."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from appliance.commands import executor
from appliance.commands.admission import Unauthentic
from leither_edge.core.audit import parse_entry, verify_chain

from .device import BUILD, DAY, NOW, BoardError, Device, ProfileWith, running

YEAR = 365 * DAY


async def test_a_command_is_done_answered_and_audited_in_one_transaction(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        commits = device.store.commits
        answer = await device.ask(owner, "config-set", {"name": "Attic", "language": "zh"})
        assert device.store.commits == commits + 1
        assert (answer.status, answer.error) == ("done", None)
        assert answer.result["config"]["name"] == "Attic"
        assert device.executor.config["language"] == "zh"
        (_, data), = device.dump()["audit"]
        entry = parse_entry(data)
        assert (entry.issuer, entry.sequence, entry.verb, entry.status) == (owner.key.id, 1, "config-set", "done")


async def test_the_same_bytes_get_the_same_answer_and_do_nothing(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        first, second = owner.signed("config-set", {"name": "A"}), owner.signed("config-set", {"name": "B"})
        answer = await device.executor.execute(first)
        await device.executor.execute(second)
        before = device.dump()
        device.clock += 100
        assert await device.executor.execute(first) == answer
        assert device.dump() == before
        assert device.executor.config["name"] == "B"
        assert device.counters.get("commands", verb="config-set", status="repeated") == 1


async def test_the_same_id_with_other_bytes_is_refused(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        first = owner.command("config-set", {"name": "A"})
        await device.ask(owner, "config-set", {"name": "A"}, command_id=first.command_id)
        answer = await device.ask(owner, "config-set", {"name": "B"}, command_id=first.command_id)
        assert (answer.status, answer.error["code"]) == ("refused", "id-reused")
        assert device.executor.config["name"] == "A"


async def test_a_lower_sequence_is_refused_without_a_trace(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        late = owner.signed("config-set", {"name": "late"})
        await device.ask(owner, "config-set", {"name": "now"})
        before = device.dump()
        answer = device.opened(await device.executor.execute(late))
        assert (answer.status, answer.error["code"]) == ("refused", "replay")
        assert device.dump() == before
        assert device.counters.get("commands_not_done", code="replay") == 1


async def test_junk_changes_nothing_and_raises_a_sentence(tmp_path):
    async with running(tmp_path) as device:
        stranger = device.controller(9)
        with pytest.raises(Unauthentic) as unclaimed:
            await device.executor.execute(stranger.signed("status"))
        assert unclaimed.value.code == "unclaimed"
        owner = device.own(device.controller())
        before, commits = device.dump(), device.store.commits
        good = owner.signed("status")
        for data, code in [
            (b"", "malformed"),
            (b"\xff" * 100, "malformed"),
            (bytes(device.profile.commands.command_max_bytes + 1), "too-large"),
            (stranger.signed("status"), "unknown-key"),
            (good[:-1] + bytes([good[-1] ^ 1]), "bad-signature"),
            (owner.signed("status", device_id=bytes(20)), "wrong-device"),
            (stranger.give_pass(device.controller(3)).signed("status"), "bad-pass"),
        ]:
            with pytest.raises(Unauthentic) as error:
                await device.executor.execute(data)
            assert error.value.code == code
            assert str(error.value).endswith(".") and str(error.value)[0].isupper()
            assert device.counters.get("commands_unauthentic", code=code) > 0
        assert device.dump() == before and device.store.commits == commits


@pytest.mark.parametrize(
    "verb, arguments, fields, code",
    [
        ("fly", {}, {}, "unknown-verb"),
        ("status", {"x": 1}, {}, "bad-argument"),
        ("config-set", {}, {}, "bad-argument"),
        ("config-set", {"name": "x" * 33}, {}, "bad-argument"),
        ("config-set", {"name": "a", "reach": "moon"}, {}, "bad-argument"),
        ("config-set", {"storage_share_mib": True}, {}, "bad-argument"),
        ("config-set", {"storage_share_mib": 2**60}, {}, "bad-argument"),
        ("wifi-set", {"ssid": "咖" * 11}, {}, "bad-argument"),
        ("wifi-set", {"ssid": "Home", "passphrase": "short"}, {}, "bad-argument"),
        ("wifi-set", {"ssid_hex": "486"}, {}, "bad-argument"),
        ("wifi-set", {"ssid_hex": "zz"}, {}, "bad-argument"),
        ("wifi-set", {"ssid_hex": "61" * 33}, {}, "bad-argument"),
        ("identify", {"seconds": 0}, {}, "bad-argument"),
        ("status", {}, {"issued": BUILD - 10, "expires": BUILD}, "expired"),
        ("status", {}, {"issued": NOW + 2 * DAY}, "future"),
        ("status", {}, {"keyset_version": 0}, "old-keyset"),
        ("status", {}, {"keyset_version": 7}, "old-keyset"),
        ("factory-reset", {}, {"challenge": bytes(16)}, "challenge-wrong"),
    ],
)
async def test_a_refusal_is_signed_audited_once_and_changes_nothing_else(tmp_path, verb, arguments, fields, code):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        config = device.executor.config
        data = owner.signed(verb, arguments, **fields)
        answer = await device.executor.execute(data)
        assert (device.opened(answer).status, device.opened(answer).error["code"]) == ("refused", code)
        assert device.opened(answer).error["message"].endswith(".")
        assert [parse_entry(entry).status for _, entry in device.dump()["audit"]] == ["refused"]
        assert device.executor.config == config and device.board.asked == []
        assert device.executor.floor.floor == BUILD
        before = device.dump()
        assert await device.executor.execute(data) == answer
        assert device.dump() == before


async def test_refusals_of_those_who_may_not_command_write_nothing(tmp_path):
    async with running(tmp_path) as device:
        owner = device.controller()
        lost = device.controller(2)
        device.own(owner, keys=(("owner", owner.key.public_key), ("operator", lost.key.public_key)), revoked=(lost.key.id,))
        expired = owner.give_pass(device.controller(3), not_after=BUILD - 1)
        answer = await device.ask(lost, "status")
        assert answer.error["code"] == "revoked"
        first = device.dump()
        assert [parse_entry(entry).status for _, entry in first["audit"]] == ["refused"]
        for _ in range(5):
            assert (await device.ask(lost, "status")).error["code"] == "revoked"
            assert (await device.ask(expired, "status")).error["code"] == "pass-expired"
            assert (await device.ask(expired, "status", keyset_version=5)).error["code"] == "old-keyset"
        assert device.dump() == first
        assert device.counters.get("commands_not_done", code="revoked") == 6


async def test_roles_and_passes(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        viewer = owner.give_pass(device.controller(2), role="viewer")
        assert (await device.ask(viewer, "status")).status == "done"
        assert (await device.ask(viewer, "config-set", {"name": "x"})).error["code"] == "not-allowed"
        narrow = owner.give_pass(device.controller(3), role="operator", verbs=("identify", "sign-in"))
        assert (await device.ask(narrow, "identify")).status == "done"
        assert (await device.ask(narrow, "status")).error["code"] == "not-allowed"
        deputy = owner.give_pass(device.controller(4), role="owner")
        assert (await device.ask(deputy, "factory-reset")).error["code"] == "challenge-required"
        other_device = owner.give_pass(device.controller(5), device_id=b"x" * 20)
        with pytest.raises(Unauthentic):
            await device.ask(other_device, "status")


async def test_a_limited_pass_cannot_sign_a_browser_in(tmp_path):
    """The session would have the whole role, not the few verbs of the pass."""
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        narrow = owner.give_pass(device.controller(3), verbs=("sign-in",))
        approved = []
        device.executor.sign_in = lambda *approval: approved.append(approval) or True
        assert (await device.ask(narrow, "sign-in", {"code": "ABCD-EFGH"})).error["code"] == "not-allowed"
        assert (await device.ask(owner, "sign-in", {"code": "ABCD-EFGH"})).result == {"role": "owner"}
        phone = owner.give_pass(device.controller(4), role="viewer", not_after=NOW + 900)
        assert (await device.ask(phone, "sign-in", {"code": "ABCD-EFGH"})).result == {"role": "viewer"}
        assert approved == [("ABCD-EFGH", owner.key.id, "owner", None), ("ABCD-EFGH", phone.key.id, "viewer", 900)]
        device.executor.sign_in = lambda *_: False
        assert (await device.ask(owner, "sign-in", {"code": "ABCD-EFGH"})).error["code"] == "wrong-code"


async def test_the_floor_is_durable_with_the_command_that_raised_it(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        answer = await device.ask(owner, "status")
        assert answer.floor == BUILD
        assert device.executor.floor.floor == NOW
    async with running(tmp_path) as device:
        assert device.executor.floor.floor == NOW


async def test_a_clock_of_1970(tmp_path):
    async with running(tmp_path, clock=0) as device:
        owner = device.own(device.controller())
        answer = await device.ask(owner, "status", issued=NOW, expires=NOW + 60)
        assert answer.status == "done"
        assert answer.result["time"] == {"now": BUILD, "clock": 0, "floor": BUILD, "clock_plausible": False}
        assert (await device.ask(owner, "status", issued=NOW)).device_time == NOW
        assert (await device.ask(owner, "status", issued=NOW - 100, expires=NOW)).error["code"] == "expired"
        assert (await device.ask(owner, "status", issued=NOW + 11 * YEAR)).error["code"] == "future"


async def test_a_clock_of_2040(tmp_path):
    async with running(tmp_path, clock=2_208_988_800) as device:
        owner = device.own(device.controller())
        answer = await device.ask(owner, "status", issued=NOW, expires=NOW + 60)
        assert (answer.status, answer.device_time, answer.result["time"]["clock_plausible"]) == ("done", 2_208_988_800, False)
        assert (await device.ask(owner, "config-set", {"name": "x"}, issued=NOW + 1, expires=NOW + 60)).status == "done"
        assert device.executor.floor.floor == NOW + 1


async def test_a_guest_s_far_date_holds_up_nobody(tmp_path):
    async with running(tmp_path, clock=0) as device:
        owner = device.own(device.controller())
        guest = owner.give_pass(device.controller(7), not_after=NOW + 9 * YEAR)
        assert (await device.ask(guest, "config-set", {"name": "mine"}, issued=NOW + 8 * YEAR, expires=None)).status == "done"
        assert device.executor.floor.floor < NOW
        answer = await device.ask(owner, "config-set", {"name": "ours"}, issued=NOW, expires=NOW + 60)
        assert answer.status == "done", answer
        assert device.executor.config["name"] == "ours"


async def test_an_outside_effect_waits_until_the_sequence_is_durable(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        seen = []

        async def identify(seconds):
            with device.store.read() as tx:
                seen.append((tx.get("sequences", owner.key.id)[0], [row[0] for row in tx.get("control", "running")]))

        device.board.answers["identify"] = identify
        command = owner.command("identify", {"seconds": 5})
        answer = await device.ask(owner, "identify", {"seconds": 5}, command_id=command.command_id, sequence=command.sequence)
        assert answer.status == "done"
        assert seen == [(1, [command.command_id])]
        assert dict(device.dump()["control"])["running"] == []
        assert [parse_entry(entry).status for _, entry in device.dump()["audit"]] == ["done"]


async def test_a_board_that_fails_makes_a_failed_answer(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        device.board.answers["wifi_join"] = BoardError("wrong-password", "The network refused the password")
        answer = await device.ask(owner, "wifi-set", {"ssid": "Home", "passphrase": "wrong password"})
        assert (answer.status, answer.error) == ("failed", {"code": "wrong-password", "message": "The network refused the password."})
        device.board.answers["identify"] = RuntimeError("a fault")
        assert (await device.ask(owner, "identify")).error["code"] == "internal"
        device.board.answers["logs"] = BoardError("timeout", "late")
        assert (await device.ask(owner, "logs")).error["code"] == "timeout"
        assert "wrong password" not in "".join(device.lines)


async def test_a_network_is_named_once_by_text_or_by_bytes(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        for arguments in ({}, {"ssid": "Home", "ssid_hex": "486f6d65"}):
            answer = await device.ask(owner, "wifi-set", arguments)
            assert (answer.status, answer.error["code"]) == ("failed", "bad-argument")
        assert device.board.asked == []
        assert (await device.ask(owner, "wifi-set", {"ssid_hex": "ff00"})).status == "done"
        assert device.board.asked == [("wifi_join", {"ssid_hex": "ff00", "passphrase": "", "hidden": False})]


async def test_a_client_that_hangs_up_does_not_stop_a_command(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        go = trio.Event()

        async def identify(seconds):
            await go.wait()

        device.board.answers["identify"] = identify
        data = owner.signed("identify")
        with trio.CancelScope() as hung_up:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(device.executor.execute, data)
                while not device.board.asked:
                    await trio.sleep(0.001)
                hung_up.cancel()
        answers = []

        async def retry():
            answers.append(await device.executor.execute(data))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(retry)
            nursery.start_soon(retry)
            await wait_all_tasks_blocked()
            go.set()
        assert answers[0] == answers[1] and device.opened(answers[0]).status == "done"
        assert len(device.board.asked) == 1


async def test_a_command_cut_short_is_answered_as_interrupted_and_never_runs_again(tmp_path):
    data = None
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        data = owner.signed("identify")

        async def identify(seconds):
            await trio.sleep_forever()

        device.board.answers["identify"] = identify
        with trio.move_on_after(0.2):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(device.executor.execute, data)
        assert len(device.board.asked) == 1
    async with running(tmp_path) as device:
        answer = await device.executor.execute(data)
        assert device.opened(answer).status == "interrupted"
        assert device.board.asked == []
        assert [parse_entry(entry).status for _, entry in device.dump()["audit"]] == ["interrupted"]
    async with running(tmp_path) as device:
        assert await device.executor.execute(data) == answer
        assert (await device.ask(owner, "status")).status == "done"


async def test_a_command_that_comes_while_the_device_goes_down_may_be_sent_again(tmp_path):
    device = Device(tmp_path)
    owner = device.own(device.controller())
    data = owner.signed("identify")
    async with trio.open_nursery() as nursery:
        await nursery.start(device.executor.run)
        nursery.cancel_scope.cancel()
    with pytest.raises(executor.TryAgain) as refused:
        await device.executor.execute(data)
    assert refused.value.code == "stopping" and device.board.asked == []
    device.store.close()
    async with running(tmp_path) as device:
        assert device.opened(await device.executor.execute(data)).status == "done"


async def test_outside_commands_run_one_at_a_time_and_are_bounded(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        controllers = [owner.give_pass(device.controller(10 + n)) for n in range(12)]
        now = most = 0
        go = trio.Event()

        async def identify(seconds):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await go.wait()
            now -= 1

        device.board.answers["identify"] = identify
        statuses = []

        async def ask(controller):
            try:
                statuses.append((await device.ask(controller, "identify")).status)
            except executor.TryAgain as error:
                # Unsigned: bytes that were signed off as refused must not be good for a later replay.
                statuses.append(error.code)

        async with trio.open_nursery() as nursery:
            for controller in controllers:
                nursery.start_soon(ask, controller)
            while statuses.count("busy") < 4:
                await trio.sleep(0.001)
            assert (await device.ask(owner, "status")).status == "done"
            go.set()
        assert most == 1 and statuses.count("done") == 8


async def test_reboot_is_answered_first(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "AFTER_ANSWER_S", 0.1)
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        answer = await device.ask(owner, "reboot")
        assert answer.status == "done" and device.board.asked == []
        with trio.fail_after(5):
            while not device.board.asked:
                await trio.sleep(0.01)
        assert device.board.asked == [("reboot", {})]


async def test_the_newest_configuration_wins_by_issue_time(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        phone = owner.give_pass(device.controller(2))
        heard = []
        device.executor.config_changed = heard.append
        await device.ask(owner, "config-set", {"name": "new"}, issued=NOW + 60)
        answer = await device.ask(phone, "config-set", {"name": "old", "language": "zh"}, issued=NOW)
        assert (answer.status, answer.error["code"]) == ("failed", "superseded")
        assert device.executor.config["name"] == "new" and device.executor.config["language"] == "en"
        assert (await device.ask(phone, "config-set", {"language": "zh"}, issued=NOW + 60)).status == "done"
        assert device.executor.config["name"] == "new"
        assert [document["language"] for document in heard] == ["en", "zh"]


async def test_status_tells_how_the_device_is(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        await device.ask(owner, "config-set", {"name": "Attic"})
        result = (await device.ask(owner, "status")).result
        assert result["name"] == "Attic" and len(result["device_id"]) == 27
        assert result["versions"] == {"leither": "0.1.0"}
        assert result["wifi"]["ssid"] == "Home" and result["temperature_c"] == 42 and result["restarts"] == 2
        assert result["keyset_version"] == 1 and result["audit"][0] == 1
        assert result["memory"]["rss_kib"] > 1000 and result["storage"]["state_max_kib"] > result["storage"]["state_used_kib"] > 0
        device.board.answers.update(wifi_status=BoardError("unsupported", "no"), info=None, supervisor_status=BoardError("gone", "no"))
        result = (await device.ask(owner, "status")).result
        assert result["wifi"] is None and result["restarts"] is None
        assert result["slots"] is None and result["trouble"] == []


async def test_status_tells_trial_and_trouble_the_same_to_a_key_and_to_the_page(tmp_path):
    slots = {"running": "a", "committed": "a", "is_trial": False, "last_trial": {"slot": "b", "outcome": "trial-failed:system-restarted"}}
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        cases = ([], []), (["DATA is damaged."], ["DATA is damaged."]), (["咖" * 900] * 40, ["咖" * 400] * 8), ("x", []), ([7], [])
        for trouble, told in cases:
            device.board.answers["supervisor_status"] = {"restarts": 0, "slots": slots, "trouble": trouble}
            signed = await device.ask(owner, "status")
            local = await device.executor.execute_local("status", {}, Session("viewer"))
            assert signed.status == local.status == "done"
            for answer in (signed, local):
                assert (answer.result["slots"], answer.result["trouble"]) == (slots, told)


def test_a_silent_board_does_not_hold_up_status(tmp_path):
    async def silent():
        await trio.sleep_forever()

    async def main():
        async with running(tmp_path) as device:
            owner = device.own(device.controller())
            device.board.answers["wifi_status"] = silent
            started = trio.current_time()
            answer = await device.ask(owner, "status")
            assert answer.status == "done" and answer.result["wifi"] is None
            assert trio.current_time() - started == pytest.approx(2, abs=0.1)

    trio.run(main, clock=MockClock(autojump_threshold=0.05))


async def test_logs_fit_an_answer_and_leave_nothing_out_between_pages(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        lines = [{"n": n, "time": 1.5, "text": "咖" * 100} for n in range(1, 301)]

        async def logs(limit, after=None):
            return {"lines": lines[-limit:] if after is None else [line for line in lines if line["n"] > after][:limit]}

        device.board.answers["logs"] = logs
        newest = (await device.ask(owner, "logs", {"limit": 1000})).result["lines"]
        assert newest[-1]["n"] == 300 and 10 < len(newest) < 300
        page = (await device.ask(owner, "logs", {"after": 10, "limit": 1000})).result["lines"]
        assert page[0]["n"] == 11 and 10 < len(page) < 290
        assert len(await device.executor.execute(owner.signed("logs"))) < device.profile.commands.answer_max_bytes


async def test_an_answer_that_is_too_large_becomes_a_failure(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        device.board.answers["wifi_scan"] = [{"ssid": "x" * 32, "n": n} for n in range(2000)]
        answer = await device.ask(owner, "wifi-scan")
        assert (answer.status, answer.error["code"]) == ("failed", "answer-unfit")
        assert "ask for less" in answer.error["message"]


async def test_the_audit_log_verifies_across_pruning_and_names_each_answer(tmp_path):
    profile = ProfileWith(commands__audit_entries_max=20)
    async with running(tmp_path, profile=profile) as device:
        owner = device.own(device.controller())
        heads = {}
        for n in range(30):
            answer = await device.ask(owner, "config-set", {"name": f"n{n}"})
            if answer.audit is not None:
                heads[answer.audit[0]] = answer.audit[1]
        result = (await device.ask(owner, "audit")).result
        assert len(device.dump()["audit"]) == 20
        assert result["start"] == [10, heads[10]]
        head = verify_chain(result["entries"], result["start"][1], result["start"][0])
        assert list(head) == result["head"]
        # Within a chain that was seen before, a page starts where the last one ended.
        page = (await device.ask(owner, "audit", {"after": 25, "limit": 3})).result
        assert page["start"] == [25, heads[25]]
        assert verify_chain(page["entries"], *reversed(page["start"])).hash == heads[28]
        beyond = (await device.ask(owner, "audit", {"after": 10**6})).result
        assert beyond["entries"] == [] and beyond["start"] == beyond["head"]


async def test_answers_are_bounded_in_number_and_bytes(tmp_path):
    profile = ProfileWith(commands__answers_kept=16)
    async with running(tmp_path, profile=profile) as device:
        owner = device.own(device.controller())
        oldest = owner.signed("config-set", {"name": "oldest"})
        await device.executor.execute(oldest)
        for _ in range(16):
            await device.ask(owner, "status")
        dump = device.dump()
        assert len(dump["answers"]) == len(dump["answer_order"]) == 16
        assert dict(dump["control"])["answers_bytes"] == sum(len(row[2]) for _, row in dump["answers"])
        # What fell out of the ring is refused by its sequence.
        assert device.opened(await device.executor.execute(oldest)).error["code"] == "replay"


async def test_large_answers_push_old_ones_out(tmp_path):
    profile = ProfileWith(storage__state_map_mib=1)
    async with running(tmp_path, profile=profile) as device:
        owner = device.own(device.controller())
        device.board.answers["logs"] = {"lines": [{"n": n, "text": "x" * 200} for n in range(60)]}
        for _ in range(60):
            assert (await device.ask(owner, "logs")).status == "done"
        control = dict(device.dump()["control"])
        assert control["answers_bytes"] <= 2**20 // 8
        assert len(device.dump()["answers"]) < 20


class Session:
    def __init__(self, role, via=None):
        self.role, self.via = role, via


async def test_a_browser_has_the_same_verbs_but_the_dangerous_ones(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        execute_local = device.executor.execute_local
        operator = Session("operator", owner.key.id)
        commits = device.store.commits
        assert (await execute_local("status", {}, Session("viewer"))).result["keyset_version"] == 1
        assert device.store.commits == commits
        assert (await execute_local("config-set", {"name": "Page"}, operator)).status == "done"
        assert (await execute_local("identify", {}, operator)).status == "done"
        assert (await execute_local("reboot", {}, operator)).status == "done"
        assert [(parse_entry(data).verb, parse_entry(data).issuer) for _, data in device.dump()["audit"]] == [
            ("config-set", owner.key.id),
            ("identify", owner.key.id),
            ("reboot", owner.key.id),
        ]
        for verb, arguments, session, code in [
            ("factory-reset", {}, Session("owner"), "not-allowed"),
            ("keyset-set", {"keyset": b"x"}, Session("owner"), "not-allowed"),
            ("sign-in", {"code": "ABCD"}, Session("owner"), "not-allowed"),
            ("config-set", {"name": "x"}, Session("viewer"), "not-allowed"),
            ("config-set", {"nmae": "x"}, operator, "bad-argument"),
            ("fly", {}, operator, "unknown-verb"),
        ]:
            answer = await execute_local(verb, arguments, session)
            assert (answer.status, answer.error["code"]) == ("refused", code)
        device.board.answers["wifi_join"] = BoardError("not-found", "No such network.")
        answer = await execute_local("wifi-set", {"ssid": "Ghost", "passphrase": "12345678"}, operator)
        assert (answer.status, answer.error["code"]) == ("failed", "not-found")
