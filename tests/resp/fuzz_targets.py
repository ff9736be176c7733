"""What the fuzzer (fuzz.py) throws at the Redis edge: the parser, and every command behind it."""

import atexit
import contextlib
import random
import tempfile

from leither_edge.mimei.database.layout import TABLES
from leither_edge.observe.counters import Counters
from leither_edge.resp.answers import write
from leither_edge.resp.connection import Client, Later
from leither_edge.resp.protocol import Parser, ProtocolError
from leither_edge.resp.shared import Limits, Shared
from leither_edge.storage import open_store
from leither_edge.storage.held import HeldWriter
from tests.mimei.redis_grammar import FORMS, Grammar
from tests.mimei.resp_client import packed

from .bare_places import BarePlaces

LIMITS = Limits(4, 4096)
EDGE = ("HELLO 3", "CLIENT SETINFO lib-name x", "COMMAND GETKEYS MSET a 1", "CONFIG GET *", "ACL CAT read", "BLPOP k4 0", "INFO")
START_AGAIN_AFTER = 3000


def parse(data):
    """Whole and in pieces the same."""
    outcomes = []
    for step in (len(data) or 1, 3):
        parser, found = Parser(4096), []
        try:
            for at in range(0, len(data), step):
                parser.feed(data[at : at + step])
                while (words := parser.next()) is not None:
                    assert words
                    found.append(words)
        except ProtocolError as error:
            found.append(str(error))
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    return f"{len(outcomes[0])} {outcomes[0][-1] if outcomes[0] and type(outcomes[0][-1]) is str else ''}"


class Commands:
    """A client whose every command is executed and answered."""

    def __init__(self):
        self._runs = 0
        self._open = None
        atexit.register(self._close)

    def __call__(self, data):
        if self._runs % START_AGAIN_AFTER == 0:
            self._close()
            self._begin()
        self._runs += 1
        out, client = [], self._client
        parser = Parser(4096)
        parser.feed(data)
        with self._held.quick() as tx:
            self._shared.tx = tx
            client.use(tx, self._shared.now_ms())
            try:
                while (words := parser.next()) is not None:
                    reply = client.execute(words)
                    while type(reply) is Later and reply.work == client.open_place:
                        reply = reply.then(reply.work())
                    if type(reply) is not Later:
                        write(out, reply, client.resp3)
            except ProtocolError:
                return "protocol"
        return " ".join(sorted({piece[:12].decode("latin-1") for piece in out}))

    def _begin(self):
        self._open = contextlib.ExitStack()
        store = open_store(self._open.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")), 64 << 20, TABLES)
        self._open.callback(store.close)
        self._held = HeldWriter(store)
        self._open.callback(self._held.close)
        self._shared = Shared(BarePlaces(4096), self._held, LIMITS, Counters(), lambda: 1_800_000_000.0 + self._runs / 100, False, None)
        self._shared.close = lambda place: None
        self._client = Client(self._shared, 1, "fuzz")

    def _close(self):
        if self._open is not None:
            self._open.close()
            self._open = None


def as_line(words):
    """A command as people type it: a byte more or less leaves it a command."""
    quoted = ("".join(chr(byte) if 0x21 <= byte < 0x7F and byte not in b"\"\\'" else f"\\x{byte:02x}" for byte in word) for word in words)
    return " ".join(word if word and "\\" not in word else f'"{word}"' for word in quoted).encode() + b"\n"


def targets():
    """{name: (work, seeds)}"""
    names = [line.split()[0] for line in FORMS.split("\n") if line and line.split()[0] not in ("MULTI", "EXEC", "DISCARD")]
    chance = random.Random(5)
    commands = [Grammar(chance, lambda name, wanted=wanted: name == wanted).command() for wanted in dict.fromkeys(names)]
    commands += [line.encode().split() for line in EDGE]
    lines = [as_line(words) for words in commands]
    lines += [b"MULTI\n" + b"".join(chance.sample(lines, 3)) + b"EXEC\n" for _ in range(10)]
    return {"resp": (parse, [*map(packed, commands[:40]), *lines[-10:]]), "redis commands": (Commands(), lines)}
