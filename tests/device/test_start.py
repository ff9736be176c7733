"""Starting the device where it cannot start: a sentence, exit code 1, nothing lost, no traceback."""

import os
import socket
import subprocess
import sys
import time

import pytest

from tests.device_process import ROOT, Controller, DeviceProcess


def start(*arguments, module="appliance.supervisor"):
    """Run until it ends by itself: (exit code, what it said)."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr


def claimed_folder(folder):
    """A state folder with an owner in it; the owner."""
    with DeviceProcess(folder) as device:
        owner = Controller(device.port)
        assert owner.claim(device.token)[0] == 200
    return owner


def test_a_second_device_on_the_same_folder(tmp_path):
    with DeviceProcess(tmp_path) as device:
        code, said = start("--state", str(tmp_path), "--port", "0")
        assert code == 1
        assert "Another node" in said and str(tmp_path) in said
        assert Controller(device.port).meet()[4] is False


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = start("--state", str(tmp_path), "--port", str(port))
    assert code == 1 and f"Port {port}" in said and "choose another" in said


def test_a_damaged_state_is_told_and_kept(tmp_path):
    claimed_folder(tmp_path)
    data = tmp_path / "db" / "data.mdb"
    whole = data.read_bytes()
    data.write_bytes(b"\xff" * len(whole))
    code, said = start("--state", str(tmp_path), "--port", "0")
    assert code == 1 and "damaged" in said
    assert data.read_bytes() == b"\xff" * len(whole), "a damaged state must not be overwritten"
    data.write_bytes(whole)
    with DeviceProcess(tmp_path) as device:
        assert Controller(device.port).meet()[4] is True


def test_a_damaged_node_key_is_told_and_kept(tmp_path):
    claimed_folder(tmp_path)
    key = tmp_path / "node.key"
    assert key.stat().st_mode & 0o777 == 0o600
    damaged = bytes(byte ^ 1 for byte in key.read_bytes())
    key.write_bytes(damaged)
    code, said = start("--state", str(tmp_path), "--port", "0")
    assert code == 1 and "key" in said and "damaged" in said
    assert key.read_bytes() == damaged


@pytest.mark.parametrize("module", ["appliance.supervisor", "appliance.device"])
def test_a_profile_that_is_not_there(tmp_path, module):
    code, said = start("--profile", "toaster", "--state", str(tmp_path), module=module)
    assert code == 1 and "toaster" in said and "pi-zero" in said


def test_a_state_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    code, said = start("--state", str(tmp_path / "file" / "state"), "--port", "0")
    assert code == 1 and "state folder" in said


def test_an_option_that_is_none(tmp_path):
    code, said = start("--colour", "red", "--state", str(tmp_path))
    assert code != 0 and "--colour" in said and "usage" in said


@pytest.mark.parametrize(("option", "value"), [("--listen", "here"), ("--listen", "127.0.0.1,"), ("--port", "99999"), ("--port", "http")])
def test_an_address_that_is_none(tmp_path, option, value):
    code, said = start(option, value, "--state", str(tmp_path))
    assert code == 2 and f"{option} ({option[2:].upper()}= with make) takes" in said


def test_a_node_that_dies_comes_back(tmp_path):
    with DeviceProcess(tmp_path) as device:
        owner = Controller(device.port)
        owner.claim(device.token)
        answer = owner.do("config-set", {"name": "kept"})
        assert answer.status == "done"
        os.kill(device.node_pid, 9)
        # A port that was taken freely is another one after the restart; the address file says which.
        address = tmp_path / "address"
        before = address.read_text()
        give_up = time.monotonic() + 30
        while address.read_text() == before:
            assert time.monotonic() < give_up, "the node did not come back"
            time.sleep(0.05)
        owner.connect(int(address.read_text().rsplit(":", 1)[1].strip("/\n")))
        assert owner.do("config-get").result["config"]["name"] == "kept"

