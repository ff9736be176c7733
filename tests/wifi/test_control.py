"""The control socket against a daemon of our own."""

import os
import socket
import threading

import pytest

from appliance.wifi.control import EVENTS_MAX, Control, ControlError


class Daemon:
    """Answers each request with the packets that ``answers`` gives for it."""

    def __init__(self, folder, answers):
        self.path = str(folder / "daemon")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.answers = answers
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            data, address = self.sock.recvfrom(4096)
            if address is None:
                return
            for packet in self.answers(data.decode()):
                self.sock.sendto(packet, address)


def connected(folder, answers, hears=False):
    return Control(Daemon(folder, answers).path, str(folder / "own"), hears)


def test_answers_and_events_are_kept_apart(tmp_path):
    control = connected(tmp_path, lambda asked: [b"<3>CTRL-EVENT-SCAN-STARTED ", b"<2>X y=1", b"OK\n"], hears=True)
    assert control.ask("PING")
    assert [event.name for event in control.events()] == ["CTRL-EVENT-SCAN-STARTED", "X"] * 2
    assert control.events(0.01) == []
    control.close()
    control.close()
    assert os.listdir(tmp_path) == ["daemon"]


def test_silence_is_an_error_that_repeats_no_password(tmp_path):
    control = connected(tmp_path, lambda asked: [])
    with pytest.raises(ControlError, match="did not answer SET_NETWORK within") as error:
        control.request('SET_NETWORK 0 psk "correct horse"', limit_s=0.05)
    assert "horse" not in str(error.value)
    with pytest.raises(ControlError):
        control.request("PING")


def test_a_flood_of_events_is_bounded(tmp_path):
    control = connected(tmp_path, lambda asked: [*(b"<3>E%d" % number for number in range(2 * EVENTS_MAX)), b"OK\n"])
    assert control.ask("PING")
    assert len(control.events()) <= EVENTS_MAX


def test_no_daemon(tmp_path):
    with pytest.raises(ControlError, match="cannot be reached"):
        Control(str(tmp_path / "none"), str(tmp_path / "own"))
    assert os.listdir(tmp_path) == []


def test_a_daemon_that_goes_away(tmp_path):
    daemon = Daemon(tmp_path, lambda asked: [b"OK\n"])
    control = Control(daemon.path, str(tmp_path / "own"))
    os.unlink(daemon.path)
    daemon.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ControlError):
        control.request("PING", limit_s=0.5)
