"""Power cuts at random moments: what the device acknowledged is there afterwards, and nothing was done twice.

A killed process leaves the kernel's cache as it is, so this does not see a missing fsync; the storage tests look at those.
"""

import os
import random
import signal
import threading
from collections import Counter
from http.client import HTTPException

import pytest

from leither_edge.core.audit import NO_ENTRY, parse_entry, verify_chain
from leither_edge.core.sha256 import sha256
from tests.device_process import Controller, DeviceProcess

# Long enough for a few dozen commands, short enough that most cuts come while one is under way.
LONGEST_S = 0.12
# The device keeps a bounded log: read along before the oldest entries go.
AUDITED_EVERY = 10


@pytest.mark.parametrize("cuts", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_power_cuts_lose_and_repeat_nothing(tmp_path, cuts):
    chance = random.Random(20261121 + cuts)
    diary = tmp_path / "diary"
    diary.touch()
    device = DeviceProcess(tmp_path / "state", environment={"LEITHER_FAKE_DIARY": str(diary)})
    try:
        owner = Controller(device.port)
        assert owner.claim(device.token)[0] == 200
        history = History()
        for turn in range(cuts):
            cut = threading.Timer(chance.uniform(0, LONGEST_S), power_cut, [device, chance.random() < 0.5])
            cut.start()
            in_flight = command_until_silence(owner, history, chance)
            cut.join()
            device.kill()
            device.start()
            owner.connect(device.port)
            judge(owner, history, in_flight)
            history.check_effects(diary)
            if turn % AUDITED_EVERY == 0:
                history.check_audit(owner)
        history.check_audit(owner)
    finally:
        device.stop()


def power_cut(device, whole):
    """Kill the node alone, or the supervisor and with it the node."""
    try:
        os.kill(device.process.pid if whole else device.node_pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class History:
    """What was acknowledged: command -> answer, the newest name, and the audit log as far as it was read."""

    def __init__(self):
        self.acknowledged = {}
        self.name = None
        self.done = Counter()
        self.head = (0, NO_ENTRY)
        self.last = None

    def check_effects(self, diary):
        """What the board did: once for each command that is done, at most once for each that was interrupted."""
        fates = Counter(status for verb, status in self.acknowledged.values() if verb == "identify")
        effects = len(diary.read_bytes().splitlines())
        assert fates["done"] <= effects <= fates["done"] + fates["interrupted"]

    def check_audit(self, owner):
        """Read the audit log to its end: an unbroken chain, and no command in it as done more than once."""
        while True:
            entries = owner.do("audit", {"after": self.head[0]}).result["entries"]
            if not entries:
                break
            self.head = verify_chain(entries, self.head[1], self.head[0])
            for entry in map(parse_entry, entries):
                if entry.status == "done" and entry.command_hash is not None:
                    self.done[entry.command_hash] += 1
            if len(entries) == 1:
                break  # reading is a command too, and adds an entry each time
        assert max(self.done.values()) == 1
        for data, (verb, status) in self.acknowledged.items():
            if status == "done":
                assert self.done[sha256(data).digest()] == 1, verb


def command_until_silence(owner, history, chance):
    """Send commands until the device is gone; the one that got no answer."""
    while True:
        if chance.random() < 0.7:
            verb, arguments = "config-set", {"name": f"n{owner.sequence}"}
        else:
            verb, arguments = "identify", {"seconds": 1}
        data = owner.command(verb, arguments)
        try:
            answer = owner.send(data)
        except (OSError, HTTPException):
            return data, verb, arguments
        history.acknowledged[data] = (verb, answer.status)
        history.last = data, answer
        if verb == "config-set":
            assert answer.status == "done"
            history.name = arguments["name"]


def judge(owner, history, in_flight):
    """After the restart: what was acknowledged is in force, and repetitions get their recorded answer and do nothing."""
    data, verb, arguments = in_flight
    # First the one in flight, as a client that lost its answer does: it is done now, or its recorded fate is told.
    answer = owner.send(data)
    history.acknowledged[data] = (verb, answer.status)
    assert answer.status in ("done", "interrupted"), answer
    assert owner.send(data) == answer, "a repeated command must get the recorded answer"
    if verb == "config-set":
        assert answer.status == "done", "a change of our own tables is whole or not there"
        history.name = arguments["name"]
    if history.last:
        last, answer = history.last
        assert owner.send(last) == answer
    name = owner.do("config-get").result["config"]["name"]
    assert history.name in (None, name)
