"""A device in memory and on a real store, and controllers that command it."""

import os
from contextlib import asynccontextmanager
from itertools import count

import trio

from appliance.commands.claim import Claim
from appliance.commands.executor import Executor
from appliance.commands.keyset_store import KeysetStore
from appliance.commands.tables import TABLES
from leither_edge import profile as profiles
from leither_edge.core.command import Command, open_answer, sign_command
from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.core.keyset import first_keyset, sign_keyset
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import verify
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.storage import open_store

BUILD = 1_780_000_000
NOW = BUILD + 1_000_000
DAY = 86400
PROFILE = profiles.load("pi-zero")


class BoardError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class FakeBoard:
    """Records what it is asked; ``answers`` maps a verb to a value, an exception or an async function."""

    def __init__(self):
        self.asked = []
        self.answers = {
            "wifi_status": {"state": "joined", "ssid": "Home", "address": "192.168.1.7"},
            "temperature": 41.6,
            "info": {"board": "fake", "is_device": False},
            "supervisor_status": {"restarts": 2, "limits": {"memory_max_mib": 128}},
            "wifi_scan": [{"ssid": "Home", "signal_dbm": -50, "security": "wpa2", "channel": 6}],
            "logs": {"lines": [{"n": 1, "time": 1.5, "text": "info start"}]},
        }

    async def call(self, verb, **arguments):
        self.asked.append((verb, arguments))
        answer = self.answers.get(verb)
        if callable(answer):
            return await answer(**arguments)
        if isinstance(answer, Exception):
            raise answer
        return answer


class ProfileWith:
    """The profile with some limits replaced, given as section__key=value."""

    def __init__(self, **changed):
        self._changed = changed

    def __getattr__(self, section):
        changed = {name.partition("__")[2]: value for name, value in self._changed.items() if name.startswith(section + "__")}
        return _Section(getattr(PROFILE, section), changed)


class _Section:
    def __init__(self, base, changed):
        self._base = base
        self.__dict__.update(changed)

    def __getattr__(self, key):
        return getattr(self._base, key)


class Controller:
    """A key that signs commands to one device."""

    def __init__(self, seed, device_id, delegation=None):
        self.key = KeyPair(bytes([seed]) * 32)
        self.device_id = device_id
        self.delegation = delegation
        self.keyset_version = 1
        self.sequence = count(1)
        self.ids = count(1)

    def command(self, verb, arguments=None, **fields):
        command = Command(
            command_id=self.key.id[:8] + next(self.ids).to_bytes(8, "big"),
            device_id=self.device_id,
            issuer=self.key.id,
            keyset_version=self.keyset_version,
            sequence=fields["sequence"] if "sequence" in fields else next(self.sequence),
            issued=NOW,
            expires=None,
            challenge=None,
            verb=verb,
            arguments=arguments or {},
            delegation=self.delegation,
        )
        return command._replace(**fields)

    def signed(self, verb, arguments=None, **fields):
        return sign_command(self.command(verb, arguments, **fields), self.key.sign)

    def give_pass(self, controller, role="operator", verbs=None, not_before=0, not_after=NOW + 365 * DAY, device_id=None):
        """Give another controller a pass by this key."""
        given = Pass(self.key.id, controller.key.public_key, device_id, role, verbs, not_before, not_after, "phone")
        controller.delegation = sign_pass(given, self.key.sign)
        return controller


class Device:
    """One start of a device on a folder; ``crash`` ends it as a power cut would, but for what the store made durable."""

    def __init__(self, folder, profile=PROFILE, clock=NOW, board=None):
        self.folder = str(folder)
        self.profile = profile
        self.clock = clock
        self.key = KeyPair(b"\x07" * 32)
        self.board = board or FakeBoard()
        self.counters = Counters()
        self.lines = []
        self.log = Log(self.lines.append)
        self.store = open_store(os.path.join(self.folder, "db"), profile.storage.state_map_mib * 2**20, TABLES)
        self.floor = TimeFloor(BUILD)
        self.executor = Executor(
            self.store, self.key, self.floor, lambda: self.clock, self.board, self.counters, self.log, profile,
            versions={"leither": "0.1.0"},
        )  # fmt: skip

    def claim(self, window_s=600):
        return Claim(
            self.store, self.key.id, self.folder, window_s, self.profile.commands.audit_entries_max, self.floor, lambda: self.clock,
            self.counters, self.log,
        )  # fmt: skip

    def own(self, controller, **fields):
        """Install the first keyset without the ceremony."""
        keyset = first_keyset(self.key.id, controller.key.public_key)._replace(**fields)
        with self.store.write() as tx:
            KeysetStore().install(tx, keyset)
        return controller

    def controller(self, seed=1, **fields):
        return Controller(seed, self.key.id, **fields)

    async def ask(self, controller, verb, arguments=None, **fields):
        """The opened Answer to a fresh command."""
        return self.opened(await self.executor.execute(controller.signed(verb, arguments, **fields)))

    def opened(self, data):
        return open_answer(data, self.key.public_key, verify)

    def dump(self):
        """Every row of every table."""
        with self.store.read() as tx:
            return {table.name: list(tx.scan(table)) for table in TABLES}


@asynccontextmanager
async def running(folder, **arguments):
    """A Device whose executor runs; closed at the end, so that the folder can be opened again."""
    device = Device(folder, **arguments)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(device.executor.run)
            yield device
            nursery.cancel_scope.cancel()
    finally:
        device.store.close()


def rotation(old, signers, **changes):
    """A signed keyset that follows ``old``; signers: KeyPairs."""
    new = old._replace(**{"version": old.version + 1, **changes})
    return sign_keyset(new, [(key.id, key.sign) for key in signers])
