"""Devices: meeting, claiming, commanding, and what can go wrong on the way."""

import re
import time

import pytest

from tests.cli.fake_device import TOKEN, FakeDevice


def test_add_pins_the_key_and_tells_who_it_is(run, device):
    ran = run("remote", "add", "attic", device.address, "--json")
    assert ran.code == 0
    assert ran.json["claimed"] is False and ran.json["device_name"] == "Leither-Test"
    listed = run("remote", "list", "--json").json["remotes"]
    assert [entry["device_id"] for entry in listed] == [ran.json["device_id"]]


def test_add_refuses_another_device_than_the_expected(run, device):
    ran = run("remote", "add", "attic", device.address, "--device", "A" * 27)
    assert ran.code == 1 and "another device" in ran.err
    assert run("remote", "list", "--json").json["remotes"] == []


def test_add_refuses_a_second_name_for_the_same_device(run, device):
    run("remote", "add", "attic", device.address)
    ran = run("remote", "add", "loft", device.address)
    assert ran.code == 1 and "attic" in ran.err


@pytest.mark.parametrize("name", ["add", "List", "-x", "", "a" * 33, "a b", "@home", "ev/il"])
def test_names_that_cannot_be(run, device, name):
    assert run("remote", "add", "--", name, device.address).code == 2


def test_names_in_any_script(run, device):
    assert run("remote", "add", "阁楼", device.address).code == 0
    assert run("remote", "remove", "阁楼", "--yes").code == 0


def test_claim_gives_this_computer_a_pass(run, device):
    run("key", "new", "--json")
    ran = run("remote", "claim", "attic", device.address, "--token", TOKEN, "--json")
    assert ran.code == 0 and ran.json["claimed"] is True and ran.json["owner"] == "owner"
    kinds = {key["name"]: key["kind"] for key in run("key", "list", "--json").json["keys"]}
    assert kinds == {"owner": "owner", "this-computer": "controller"}
    assert run("remote", "pass", "list", "--json").json["passes"][0]["role"] == "operator"


def test_claim_with_a_wrong_token_is_refused(run, device):
    run("key", "new", "--json")
    ran = run("remote", "claim", "attic", device.address, "--token", "WRONG", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "wrong-token" and ran.json["error"]["fix"]


def test_claim_of_a_claimed_device_is_refused(run, owned):
    error = run("remote", "claim", "attic", "--token", TOKEN, "--json").json["error"]
    assert error["code"] == "claimed" and "pass create --this-computer --only attic" in error["fix"]


def test_an_impossible_pass_is_refused_before_the_claim(run, device):
    run("key", "new", "--json")
    ran = run("remote", "claim", "attic", device.address, "--token", TOKEN, "--days", "0")
    assert ran.code == 2 and "1 to" in ran.err and device.keyset is None
    assert run("remote", "list", "--json").json["remotes"] == []
    assert run("remote", "claim", "attic", device.address, "--token", TOKEN, "--days", "0", "--no-controller").code == 0


def test_daily_commands_need_no_passphrase(run, owned, monkeypatch):
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    ran = run("remote", "attic", "status", "--json")
    assert ran.code == 0 and ran.json["result"]["uptime_s"] == 7260
    assert run("remote", "attic", "config", "set", "language=zh", "storage_share_mib=64", "metrics_remote=true").code == 0
    assert owned.config["language"] == "zh" and owned.config["storage_share_mib"] == 64 and owned.config["metrics_remote"] is True
    assert run("remote", "attic", "config", "get", "language").out == "zh\n"
    assert run("remote", "attic", "config", "get", "metrics_remote").out == "true\n"


def test_content_is_shown_and_collected(run, owned):
    assert "Content" not in run("remote", "attic", "status").out
    owned.more_status = {"content": {"used_kib": 512 * 1024, "max_kib": 2048 * 1024, "redis_port": None}}
    assert re.search(r"Content .* 25%  512 MiB of 2.0 GiB", run("remote", "attic", "status").out)
    assert run("remote", "attic", "collect").out.endswith("attic gave back 5.0 MiB.\n")
    assert run("remote", "attic", "config", "set", "name=Slow").code == 0
    assert "so far" in run("remote", "attic", "collect").out


def test_owner_verbs_want_the_owner_key(run, owned, monkeypatch):
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    ran = run("remote", "attic", "factory-reset", "--yes")
    assert ran.code == 2 and "passphrase" in ran.err
    assert ("factory-reset", {}) not in owned.executed


def test_factory_reset_answers_the_challenge(run, owned):
    assert run("remote", "attic", "factory-reset").code == 2
    assert run("remote", "attic", "factory-reset", "--yes").code == 0
    assert owned.executed[-1] == ("factory-reset", {})


def test_factory_reset_asks_for_the_name(run, owned, screen):
    screen.typed = ["attik"]
    assert run("remote", "attic", "factory-reset").code == 1
    screen.typed = ["attic"]
    assert run("remote", "attic", "factory-reset").code == 0


@pytest.mark.parametrize(
    "verb",
    [["status"], ["logs"], ["reboot"], ["identify", "--seconds", "3"], ["wifi", "scan"], ["audit"], ["keyset", "show"], ["config", "get"]],
)
@pytest.mark.parametrize("json", [False, True])
def test_every_verb_in_both_forms(run, owned, verb, json):
    ran = run("remote", "attic", *verb, *(["--json"] if json else []))
    assert ran.code == 0, ran.err
    assert (ran.json is not None and ran.json["status"] == "done") if json else ran.out


TRIAL = {"running": "a", "committed": "a", "is_trial": False, "last_trial": {"slot": "b", "outcome": "trial-failed:node-never-ready"}}


def test_status_says_what_went_wrong_and_how_a_trial_went(run, owned):
    said = run("remote", "attic", "status").out
    assert "!" not in said and "System" not in said, "an older device, or a laptop, says nothing of it"
    owned.more_status = {"slots": TRIAL, "trouble": ["DATA is damaged.\x1b[2J Run e2fsck."]}
    said = run("remote", "attic", "status").out
    assert "! DATA is damaged.\N{REPLACEMENT CHARACTER}[2J Run e2fsck." in said and "\x1b" not in said
    assert "slot b was given up, and slot a runs on" in said and "did not become ready in seven minutes" in said and "slot a\n" in said
    assert run("remote", "attic", "status", "--json").json["result"]["slots"] == TRIAL
    assert run("remote", "group", "add", "home", "attic").code == 0
    assert "trouble" in run("remote", "@home", "status").out
    owned.more_status = {"slots": {"running": "b", "committed": "a", "is_trial": True, "last_trial": None}, "trouble": []}
    said = run("remote", "attic", "status").out
    assert "slot b, on trial" in said and "Leave the device switched on" in said
    owned.more_status = {"slots": TRIAL | {"last_trial": {"slot": "b", "outcome": "trial-asked"}}}
    assert "next start tries the new system in slot b" in run("remote", "attic", "status").out


@pytest.mark.parametrize(
    "slots", [7, {}, {"running": 7, "last_trial": []}, {"running": "a", "last_trial": {"outcome": "trial-failed:\x07"}}]
)
@pytest.mark.parametrize("trouble", [None, 7, [7, {}], ["x" * 900] * 50])
def test_any_slots_and_trouble_are_shown_or_left_out(run, owned, slots, trouble):
    owned.more_status = {"slots": slots, "trouble": trouble}
    ran = run("remote", "attic", "status")
    assert ran.code == 0 and "\x07" not in ran.out and len(ran.out) < 20_000


def test_wifi_join_sends_the_passphrase_from_a_file(run, owned, tmp_path):
    file = tmp_path / "wifi"
    file.write_text("correct horse\n")
    assert run("remote", "attic", "wifi", "join", "Home", "--wifi-passphrase-file", file).code == 0
    assert owned.executed[-1] == ("wifi-set", {"ssid": "Home", "passphrase": "correct horse", "hidden": False})


def test_generic_call(run, owned):
    assert run("remote", "attic", "call", "identify", "seconds:=4").code == 0
    assert owned.executed[-1] == ("identify", {"seconds": 4})
    assert run("remote", "attic", "call", "identify", "seconds:=[").code == 2


def test_a_dropped_answer_is_fetched_without_a_second_execution(run, owned):
    owned.faults = ["drop-answer"]
    assert run("remote", "attic", "identify").code == 0
    assert [verb for verb, _ in owned.executed] == ["identify"]
    assert owned.received[-1] == owned.received[-2]


def test_drop_and_busy_are_tried_again(run, owned):
    owned.faults = ["drop", "busy"]
    assert run("remote", "attic", "status").code == 0
    assert len(owned.executed) == 1


def test_resume_asks_for_the_answer_of_the_same_bytes(run, owned):
    owned.faults = ["drop-answer"] * 9
    ran = run("remote", "attic", "reboot", "--timeout", "0.3")
    assert ran.code == 4 and "--resume" in ran.err
    owned.faults = []
    assert run("remote", "attic", "reboot", "--resume").code == 0
    assert [verb for verb, _ in owned.executed] == ["reboot"]
    assert run("remote", "attic", "reboot", "--resume").code == 0
    assert [verb for verb, _ in owned.executed] == ["reboot", "reboot"]


def test_time_out(run, owned):
    owned.faults = ["slow"] * 9
    ran = run("remote", "attic", "status", "--timeout", "0.3", "--json")
    assert ran.code == 4 and ran.json["exit_code"] == 4


def test_unreachable(run, owned):
    owned.close()
    ran = run("remote", "attic", "status", "--timeout", "0.3", "--json")
    assert ran.code == 4 and ran.json["error"]["code"] == "unreachable"


@pytest.mark.parametrize("fault", ["forge", "huge"])
def test_answers_that_are_not_believed(run, owned, fault):
    owned.faults = [fault]
    ran = run("remote", "attic", "status", "--json")
    assert ran.code == 1 and "result" not in ran.json


def test_another_device_at_the_address(run, owned):
    other = FakeDevice()
    try:
        assert run("remote", "move", "attic", other.address).code == 1
        book = run("remote", "list", "--json").json["remotes"][0]
        assert book["address"] == owned.address
    finally:
        other.close()


def test_refused_by_the_device(run, owned):
    ran = run("remote", "attic", "call", "dance", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "unknown-verb"


def test_failed_at_the_device(run, owned):
    ran = run("remote", "attic", "config", "set", "colour=red")
    assert ran.code == 1 and "no such setting" in ran.err


def test_unclaimed(run, device):
    run("key", "new", "--json")
    run("remote", "add", "attic", device.address)
    ran = run("remote", "attic", "status", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "unclaimed"
    assert ran.json["error"]["message"] == "attic has no owner yet." and "remote claim attic" in ran.json["error"]["fix"]


def test_a_device_that_cannot_write(run, owned):
    owned.faults = ["full"]
    ran = run("remote", "attic", "identify", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "storage"
    assert ran.json["error"]["why"] == "The disk is full." and "reboot" in ran.json["error"]["fix"]
    assert owned.executed == []
    assert run("remote", "attic", "identify").code == 0


def test_no_key(run, device):
    run("remote", "add", "attic", device.address)
    ran = run("remote", "attic", "status")
    assert ran.code == 2 and "key new" in ran.err


def test_a_device_in_1970_is_commanded_and_warned_about(run, device):
    device.clock = lambda: 60
    run("key", "new", "--json")
    assert run("remote", "claim", "attic", device.address, "--token", TOKEN).code == 0
    # The floor moves with our first accepted command, so only the statement and answers before it show the old time.
    assert run("remote", "attic", "status").code == 0


def test_a_device_in_2040_is_commanded_and_warned_about(run, device):
    device.clock = lambda: 2_208_988_800
    run("key", "new", "--json")
    assert run("remote", "claim", "attic", device.address, "--token", TOKEN).code == 0
    ran = run("remote", "attic", "status")
    assert ran.code == 0 and "ahead" in ran.err and "2040" in ran.err


def test_a_floor_ahead_of_this_computer_is_warned_about_and_survived(run, owned):
    owned.floor.observe(int(time.time()) + 20 * 86400)
    ran = run("remote", "attic", "status")
    assert ran.code == 0 and "this computer is behind" in ran.err


def test_keys_changed_elsewhere_are_noticed(run, owned):
    owned.keyset = owned.keyset._replace(version=5)
    assert run("remote", "attic", "status").code == 0
    assert len(owned.executed) == 1


def test_sequence_continues_above_a_copy_that_ran_ahead(run, owned):
    assert run("remote", "attic", "status").code == 0
    issuer = next(iter(owned.sequences))
    owned.sequences[issuer] = int((time.time() + 3600) * 1000)
    owned.clock = lambda: time.time() + 7200
    assert run("remote", "attic", "status").code == 0


def test_keyset_revoke_shuts_the_controller_out(run, owned):
    shown = run("remote", "attic", "keyset", "show", "--json").json["result"]
    assert shown["version"] == 1 and shown["keys"][0]["yours"] == "owner"
    assert run("remote", "attic", "keyset", "revoke", "this-computer", "--yes").code == 0
    ran = run("remote", "attic", "status", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "revoked"
    assert run("remote", "attic", "status", "--key", "owner").code == 0


def test_the_only_owner_is_not_revoked(run, owned):
    ran = run("remote", "attic", "keyset", "revoke", "owner", "--yes")
    assert ran.code == 2 and owned.keyset.version == 1


def test_a_revoked_key_does_not_come_back(run, owned):
    public_key = next(key for key in run("key", "list", "--json").json["keys"] if key["name"] == "this-computer")["public_key"]
    assert run("remote", "attic", "keyset", "revoke", "this-computer", "--yes").code == 0
    ran = run("remote", "attic", "keyset", "rotate", "--add", "operator", public_key, "--json")
    assert ran.code == 2 and ran.json["error"]["code"] == "revoked-key" and owned.keyset.version == 2


def test_hand_over_to_a_new_owner_key(run, owned):
    run("key", "new", "--name", "family", "--json")
    assert run("remote", "attic", "keyset", "rotate", "--new-owner", "family", "--yes").code == 0
    assert run("remote", "attic", "status", "--key", "family").code == 0
    assert run("remote", "attic", "status", "--key", "owner").code == 3


def test_a_hand_over_is_noted_in_the_book(run, owned):
    run("key", "new", "--name", "family", "--json")
    assert run("remote", "attic", "keyset", "rotate", "--new-owner", "family", "--yes").code == 0
    assert run("remote", "list", "--json").json["remotes"][0]["owner"] == "family"
    assert run("remote", "pass", "list", "--json").json["passes"] == []
    assert run("remote", "attic", "status").code == 0


def test_a_hand_over_is_noted_after_a_resume_too(run, owned):
    run("key", "new", "--name", "family", "--json")
    hand_over = ("remote", "attic", "keyset", "rotate", "--new-owner", "family", "--yes")
    # Past the reading of the keyset and the challenge, the answer to the change itself is lost.
    owned.faults = ["", "", *["drop-answer"] * 9]
    assert run(*hand_over, "--timeout", "0.3").code == 4
    owned.faults = []
    assert run(*hand_over, "--resume").code == 0
    assert run("remote", "attic", "status").code == 0


def test_two_root_keys_put_in_a_new_owner(run, owned, tmp_path):
    roots = [run("key", "new", "--name", f"root-{n}", "--out", tmp_path / f"root-{n}", "--json").json["public_key"] for n in (1, 2, 3)]
    rotate = ("remote", "attic", "keyset", "rotate", "--key", "owner")
    assert run(*rotate, "--roots", roots[0], roots[0], roots[1]).code == 2
    assert run(*rotate, "--roots", *roots).code == 0
    assert run(*rotate, "--roots", *roots, "--json").json["result"]["changed"] is False and owned.keyset.version == 2
    run("key", "new", "--name", "family", "--json")
    assert run(*rotate, "--roots", *roots[:2], run("key", "show", "family", "--json").json["public_key"]).code == 2
    run("key", "delete", "owner", "--yes")
    hand_over = ("remote", "attic", "keyset", "rotate", "--new-owner", "family", "--yes", "--with-roots")
    assert run(*hand_over, "root-1", "family").code == 2
    ran = run(*hand_over, "root-1", tmp_path / "root-3")
    assert ran.code == 0, ran.err
    family = run("key", "show", "family", "--json").json["public_key"]
    shown = run("remote", "attic", "keyset", "show", "--key", "family", "--json").json["result"]
    assert [(key["role"], key["public_key"]) for key in shown["keys"]] == [("owner", family)] and shown["roots"] == roots
    assert run("remote", "list", "--json").json["remotes"][0]["owner"] == "family"


def test_a_hand_over_takes_passphrases_from_files(run, owned, tmp_path, monkeypatch):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("a good passphrase\n")
    new.write_text("another good passphrase\n")
    run("key", "new", "--name", "family", "--passphrase-file", new, "--json")
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    words = ("remote", "attic", "keyset", "rotate", "--new-owner", "family", "--yes", "--passphrase-file", old)
    assert run(*words).code == 1
    assert run(*words, "--new-owner-passphrase-file", new).code == 0


def test_audit_is_fetched_in_pages_and_verified(run, owned):
    for _ in range(8):
        run("remote", "attic", "status")
    ran = run("remote", "attic", "audit", "--verify", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["result"]["verified"]["first"] == 1 and ran.json["result"]["verified"]["last"] >= 8


def test_audit_finds_what_was_rewritten(run, owned):
    for _ in range(5):
        run("remote", "attic", "status")
    from leither_edge.core import audit

    head, entries = audit.EMPTY, []
    for data in owned.entries:
        entry = audit.parse_entry(data)
        data, head = audit.append(head, entry.time + 1, entry.issuer, entry.sequence, entry.verb, None, None, entry.status)
        entries.append(data)
    owned.entries, owned.head = entries, head
    ran = run("remote", "attic", "audit", "--verify", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "audit-broken"


def test_following_a_log_survives_a_restart(run, owned, monkeypatch):
    from leither_edge.cli import verb_runs

    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 1:
            owned.lines.append({"n": 6, "time": 1_760_000_006, "text": "warning sixth"})
        elif len(naps) == 2:
            owned.faults = ["drop"] * 9
        elif len(naps) == 3:
            owned.faults = []
            owned.lines = [{"n": 1, "time": 1_760_000_100, "text": "info born again"}]
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(verb_runs.time, "sleep", nap)
    monkeypatch.setattr("leither_edge.cli.transport.PAUSES_S", ())
    ran = run("remote", "attic", "logs", "-n", "2", "--follow", "--timeout", "5")
    lines = [line.split("  ", 1)[1] for line in ran.out.splitlines()]
    assert ran.code == 0 and lines == ["info started part=4", "info started part=5", "warning sixth", "info born again"]
    assert "Waiting until it is back" in ran.err
