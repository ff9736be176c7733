"""Groups: one command to each device at once, a table of answers, and carrying on after a break."""

import pytest

from tests.cli.fake_device import TOKEN, FakeDevice


@pytest.fixture
def fleet(run):
    """Three claimed devices, d0 to d2, in the group ``home``."""
    devices = [FakeDevice(f"Leither-{n}") for n in range(3)]
    run("key", "new", "--json")
    for n, device in enumerate(devices):
        assert run("remote", "claim", f"d{n}", device.address, "--token", TOKEN).code == 0
    assert run("remote", "group", "add", "home", "d0", "d1", "d2").code == 0
    yield devices
    for device in devices:
        device.close()


def test_every_device_answers(run, fleet):
    ran = run("remote", "@home", "status", "--json")
    assert ran.code == 0 and ran.json["done"] == 3
    assert [row["device"] for row in ran.json["devices"]] == ["d0", "d1", "d2"]
    table = run("remote", "--group", "home", "status")
    assert table.code == 0 and table.out.count("✓ done") == 3 and "2 h 1 min" in table.out


def test_settings_reach_all(run, fleet):
    assert run("remote", "@home", "config", "set", "language=zh").code == 0
    assert {device.config["language"] for device in fleet} == {"zh"}


def test_resume_runs_nothing_twice(run, fleet):
    fleet[1].faults = ["drop-answer"] * 9
    fleet[2].faults = ["drop"] * 9
    ran = run("remote", "@home", "identify", "--timeout", "0.3", "--json")
    assert ran.code == 4 and ran.json["unreachable"] == ["d1", "d2"]
    for device in fleet:
        device.faults = []
    ran = run("remote", "@home", "identify", "--resume", "--json")
    assert ran.code == 0 and ran.json["done"] == 3
    assert [[verb for verb, _ in device.executed] for device in fleet] == [["identify"]] * 3
    assert run("remote", "@home", "identify", "--json").code == 0
    assert [len(device.executed) for device in fleet] == [2, 2, 2]


def test_what_never_left_is_made_anew_by_a_resume(run, fleet, monkeypatch):
    from leither_edge.cli import transport

    # The keysets of all are known, so the command is made, and kept, before the connection is tried.
    request, address = transport.request, fleet[1].address
    off = True

    def no_way(to, *args, **kwargs):
        if off and str(to) == address:
            raise transport.unreachable(to, ConnectionRefusedError(), 1, False)
        return request(to, *args, **kwargs)

    monkeypatch.setattr(transport, "request", no_way)
    assert run("remote", "@home", "identify", "--timeout", "0.3").code == 4
    off = False
    assert run("remote", "d1", "status").code == 0
    ran = run("remote", "@home", "identify", "--resume", "--json")
    assert ran.code == 0, ran.out
    assert [[verb for verb, _ in device.executed] for device in fleet] == [["identify"], ["status", "identify"], ["identify"]]


def test_a_broken_off_run_is_told_of(run, fleet):
    fleet[0].faults = ["drop"] * 9
    assert run("remote", "@home", "status", "--timeout", "0.3").code == 4
    fleet[0].faults = []
    assert "--resume" in run("remote", "@home", "status").err


def test_mixed_failures(run, fleet):
    fleet[0].faults = ["forge"]
    fleet[1].keyset = None
    ran = run("remote", "@home", "status", "--json")
    assert ran.code == 1 and ran.json["done"] == 1
    assert [row["status"] for row in ran.json["devices"]] == ["untrusted", "unclaimed", "done"]
    assert run("remote", "@home", "status").out.count("✗") == 1


def test_revoking_a_lost_key_everywhere(run, fleet):
    assert run("remote", "@home", "keyset", "revoke", "this-computer", "--yes").code == 0
    assert run("remote", "@home", "status", "--json").code == 3


def test_groups_are_kept(run, fleet):
    run("remote", "rename", "d0", "attic")
    run("remote", "remove", "d1", "--yes")
    assert run("remote", "group", "list", "--json").json["groups"] == [{"group": "home", "names": ["attic", "d2"]}]
    assert run("remote", "group", "remove", "home").code == 0
    assert run("remote", "@home", "status").code == 2


@pytest.mark.parametrize("words", [["factory-reset", "--yes"], ["sign-in", "1234"], ["logs", "--follow"], ["wifi", "forget"], ["reboot"]])
def test_what_a_group_cannot_do_unasked(run, fleet, words):
    assert run("remote", "@home", *words).code == 2
    assert not any(device.executed for device in fleet)
