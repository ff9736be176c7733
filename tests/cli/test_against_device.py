"""The command line against the real supervisor and device: claim, command, reboot, reset."""

import os
import socket
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import PASSPHRASE

START_S = 30


@pytest.fixture(scope="module")
def appliance(tmp_path_factory):
    """A running device on a free port: (address, its state folder, folder of the tool, claim token)."""
    state = tmp_path_factory.mktemp("device")
    with socket.socket() as probe:
        # A fixed port of this run's own: a restarted device must come back where it was.
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "appliance.supervisor", "--profile", "pi-zero", "--state", str(state), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until(lambda: (state / "address").exists() or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(process.stderr.read().decode())
        token = next(state.rglob("claim-token")).read_text().strip()
        yield f"127.0.0.1:{port}", state, tmp_path_factory.mktemp("home"), token
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


def until(condition):
    end = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < end, "the device did not come up"
        time.sleep(0.05)


@pytest.fixture
def ask(appliance, monkeypatch, run):
    """Run ``leither remote attic ...`` with the module's home; returns the result map."""
    monkeypatch.setenv("LEITHER_HOME", str(appliance[2]))

    def ask(*words, code=0):
        ran = run("remote", "attic", *words, "--json")
        assert ran.code == code, ran.out
        return ran.json["result"] if code == 0 else ran.json["error"]

    return ask


def test_claim_then_command(appliance, run, ask):
    address, state, _, token = appliance
    assert os.environ["LEITHER_PASSPHRASE"] == PASSPHRASE
    assert run("key", "new", "--json").code == 0
    assert run("remote", "add", "attic", address).code == 0
    assert run("remote", "claim", "attic", "--token", "WRONG-WRONG-WRONG-WRONG").code == 3
    assert run("remote", "claim", "attic", "--token", token.lower()).code == 0
    assert ask("status")["keyset_version"] == 1
    assert ask("config", "set", "name=Attic", "language=zh", "storage_share_mib=100")["config"]["name"] == "Attic"
    assert ask("config", "get", "language")["value"] == "zh"
    error = ask("config", "set", "language=klingon", code=3)
    assert error["code"] == "bad-argument" and error["why"] == "Language must be one of: en, zh."
    assert "another value" in error["fix"]
    assert ask("identify", "--seconds", "1") == {}
    assert {network["ssid"] for network in ask("wifi", "scan")["networks"]} >= {"Home", "咖啡馆 Wi‑Fi"}
    assert ask("sign-in", "no-such-code", code=1)["code"] == "wrong-code"
    assert run("status", "--state", state, "--json").json["status"]["name"] == "Attic"
    assert run("remote", "list", "--check", "--json").json["remotes"][0]["state"] == "there"


def test_commands_over_a_channel(run, ask):
    reach = ask("status")["reach"]
    assert reach["peer_port"] and reach["channels"] == 0, "nothing of channels is loaded before somebody comes"
    ran = run("remote", "attic", "status", "--via", "peer", "--json")
    assert ran.code == 0 and ran.json["via"] == "peer", ran.out
    assert ran.json["peer"]["address"] == f"127.0.0.1:{reach['peer_port']}" and ran.json["result"]["reach"]["channels"] == 1
    assert ask("config", "set", "peers=off")["config"]["peers"] == "off"
    until(lambda: "peer_port" not in ask("status")["reach"])
    error = ask("status", "--via", "peer", "--timeout", "3", code=4)
    assert error["code"] == "unreachable" and "tunnel" in error["fix"]
    ask("config", "set", "peers=on")



def test_newest_log_lines_come(ask):
    lines = ask("logs", "-n", "2")["lines"]
    assert len(lines) == 2
    ask("identify", "--seconds", "1")
    assert any("identify" in line["text"] for line in ask("logs", "-n", "3")["lines"])


def test_audit_is_whole(ask):
    ask("audit", "--verify")
    checked = ask("audit", "--verify")["verified"]
    assert checked["first"] == 1 and checked["known_head"]


def test_keys_are_revoked_and_the_pass_with_them(run, ask):
    key = run("key", "show", "this-computer", "--json").json
    assert run("remote", "attic", "keyset", "revoke", "this-computer", "--yes").code == 0
    assert ask("status", code=3)["code"] == "revoked"
    assert ask("keyset", "show", "--key", "owner")["revoked"] == [key["key_id"]]


def test_reboot_then_reset(appliance, run, ask):
    def now(*words):
        return run("remote", "attic", *words, "--key", "owner", "--timeout", "1", "--json").json

    ask("reboot", "--key", "owner")
    until(lambda: any("reason=reboot" in line["text"] for line in now("logs").get("result", {}).get("lines", [])))
    assert ask("factory-reset", "--key", "this-computer", "--yes", code=3)["code"] == "revoked"
    ask("factory-reset", "--yes")
    until(lambda: now("status").get("error", {}).get("code") == "wrong-device")
    met = run("remote", "add", "fresh", appliance[0], "--json")
    assert met.code == 0 and met.json["claimed"] is False, met.out
