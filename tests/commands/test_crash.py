"""SIGKILL at random moments: nothing acknowledged is lost, nothing is done twice."""

import multiprocessing
import random
import time
from contextlib import contextmanager

import pytest

from appliance.commands.tables import TABLES
from leither_edge.core.audit import parse_entry, verify_chain
from leither_edge.core.command import open_answer
from leither_edge.core.keyset import parse_keyset
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import verify
from leither_edge.storage import open_store

from . import crash_child
from .device import NOW, PROFILE, Controller

DEVICE = KeyPair(b"\x07" * 32)
LIFE_S = 0.08
START_LIMIT_S = 20

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload([crash_child.__name__])


@contextmanager
def child(folder, owner_seed=1):
    """A device process: yields (process, pipe, token); killed at the end."""
    ours, theirs = context.Pipe()
    process = context.Process(target=crash_child.serve, args=(str(folder), theirs, owner_seed), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(START_LIMIT_S), "the device did not start"
        yield process, ours, ours.recv_bytes().decode()
    finally:
        process.kill()
        process.join()
        ours.close()


class Owner:
    """Sends commands and remembers what was acknowledged."""

    def __init__(self, chance):
        self.controller = Controller(1, DEVICE.id)
        self.chance = chance
        self.number = 0
        self.unanswered = None
        self.answered = []
        self.name = None
        self.possible_names = set()

    def next_command(self):
        self.number += 1
        text = f"n{self.number}"
        if self.chance.random() < 0.5:
            self.possible_names.add(text)
            data = self.controller.signed("config-set", {"name": text}, issued=NOW + self.number)
            return "config-set", text, data
        return "wifi-set", text, self.controller.signed("wifi-set", {"ssid": text, "passphrase": ""}, issued=NOW + self.number)

    def send_until(self, process, pipe, deadline):
        """Command after command; the process is killed at ``deadline``, wherever it is then."""
        while True:
            if self.unanswered is None:
                self.unanswered = self.next_command()
            pipe.send_bytes(self.unanswered[2])
            if not pipe.poll(max(0, deadline - time.monotonic())):
                process.kill()
                process.join()
                return
            self.acknowledge(pipe.recv_bytes())

    def acknowledge(self, data):
        verb, text, command = self.unanswered
        answer = open_answer(data, DEVICE.public_key, verify)
        assert answer.status in ("done", "interrupted")
        if verb == "config-set":
            assert answer.status == "done" and answer.result["config"]["name"] == text
            self.name, self.possible_names = text, set()
        self.answered.append((verb, text, command, data, answer.status))
        self.unanswered = None


def kill_and_check(folder, kills, seed):
    chance = random.Random(seed)
    owner = Owner(chance)
    interrupted = 0
    for _ in range(kills):
        with child(folder) as (process, pipe, _):
            if owner.answered:
                # What was acknowledged last is answered again, byte for byte.
                pipe.send_bytes(owner.answered[-1][2])
                assert pipe.recv_bytes() == owner.answered[-1][3]
            owner.send_until(process, pipe, time.monotonic() + chance.random() * LIFE_S)
    with child(folder) as (_, pipe, _):
        if owner.unanswered:
            pipe.send_bytes(owner.unanswered[2])
            owner.acknowledge(pipe.recv_bytes())
        for _, _, command, data, _ in owner.answered[-50:]:
            pipe.send_bytes(command)
            assert pipe.recv_bytes() == data
    try:
        effects = (folder / crash_child.EFFECTS).read_text().split()
    except FileNotFoundError:
        effects = []
    assert len(effects) == len(set(effects)), "an effect happened twice"
    for verb, text, _, _, status in owner.answered:
        if verb == "wifi-set":
            interrupted += status == "interrupted"
            assert status == "interrupted" or text in effects, "an acknowledged effect is missing"
    known = {text for verb, text, *_ in owner.answered if verb == "wifi-set"}
    assert set(effects) <= known
    with open_store(folder / "db", PROFILE.storage.state_map_mib * 2**20, TABLES) as store, store.read() as tx:
        if owner.name:
            assert tx.get("control", "config")["keys"]["name"] == owner.name
        entries = [data for _, data in tx.scan("audit")]
        first = parse_entry(entries[0])
        verify_chain(entries, first.previous, first.index - 1)
        sequences = [parse_entry(data).sequence for data in entries]
        assert len(sequences) == len(set(sequences)), "a command was executed twice"
        assert tx.get("control", "running", []) == []
    return len(owner.answered), interrupted


def test_kills_between_and_during_commands(tmp_path):
    answered, _ = kill_and_check(tmp_path, 20, seed=1)
    assert answered >= 20


@pytest.mark.slow
def test_two_hundred_kills(tmp_path):
    answered, interrupted = kill_and_check(tmp_path, 200, seed=2)
    print(f"{answered} commands answered, {interrupted} of them interrupted")
    assert answered >= 200 and interrupted > 0


def test_kills_during_a_claim(tmp_path):
    chance = random.Random(3)
    for trial in range(8):
        folder = tmp_path / str(trial)
        folder.mkdir()
        key = KeyPair(bytes([50 + trial]) * 32)
        with child(folder, owner_seed=0) as (process, pipe, token):
            pipe.send_bytes(b"claim:" + key.public_key)
            acknowledged = pipe.poll(chance.random() * 0.015)
            process.kill()
            process.join()
        with child(folder, owner_seed=0) as (_, _, after):
            claimed = after == "claimed"
        assert claimed or not acknowledged
        assert (folder / "claim-token").exists() != claimed
        assert claimed or after == token
        with open_store(folder / "db", PROFILE.storage.state_map_mib * 2**20, TABLES) as store, store.read() as tx:
            keyset = tx.get("control", "keyset")
            assert (keyset is not None) == claimed
            assert not claimed or parse_keyset(keyset).keys == (("owner", key.public_key),)
