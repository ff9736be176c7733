"""What takes the place of library modules in the image behaves as they do, as far as the node's libraries use them."""

import importlib.util
import json
import marshal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
import trio

PACKAGE = Path(__file__).resolve().parents[2] / "image" / "package" / "leither-edge"
STAND_IN = PACKAGE / "stand_in"
# Tasks, cancelling, groups of errors, threads, channels, locks and signals of trio, and an exchange of h11, on the stand-ins.
PROGRAM = """
import attrs, dataclasses, json, logging, ctypes.util, outcome
assert all("stand_in" in module.__file__ for module in (attrs, dataclasses, json, logging, ctypes.util)), "not the stand-ins"
import signal, trio, h11

async def fails():
    raise ValueError("wanted")

async def main():
    with trio.move_on_after(0.01) as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(fails)
    except* ValueError as group:
        assert len(group.exceptions) == 1
    assert await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(trio.current_time)) > 0
    send, receive = trio.open_memory_channel(1)
    async with send, receive:
        await send.send(5)
        assert await receive.receive() == 5
    lock, limit, event = trio.Lock(), trio.CapacityLimiter(1), trio.Event()
    async with lock, limit:
        assert lock.statistics().locked and limit.borrowed_tokens == 1 and lock.statistics() == lock.statistics()
    event.set()
    await event.wait()
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        signal.raise_signal(signal.SIGTERM)
        async for number in signals:
            assert number == signal.SIGTERM
            break
    assert trio.lowlevel.current_statistics().tasks_living > 0 and "Task" in repr(trio.lowlevel.current_task())
    left, right = trio.socket.socketpair()
    await left.send(b"x")
    assert await right.recv(1) == b"x"

trio.run(main)
assert outcome.capture(int, "7") == outcome.Value(7) and outcome.Value(7).unwrap() == 7
assert "ValueError" in repr(outcome.capture(int, "x"))
try:
    outcome.Error("no exception")
except TypeError:
    pass
else:
    raise AssertionError("the validator did not look")

client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
asked = h11.Request(method="GET", target="/", headers=[("Host", "here")])
server.receive_data(client.send(asked) + client.send(h11.EndOfMessage()))
heard = server.next_event()
assert heard == asked and heard != h11.EndOfMessage() and "target=b'/'" in repr(heard)
try:
    heard.target = b"/else"
except AttributeError:
    pass
else:
    raise AssertionError("an event was changed")
print("all well")
"""


def load(name, folder=STAND_IN):
    """A stand-in as a module of its own, beside the real one."""
    spec = importlib.util.spec_from_file_location(f"stand_in_{name}", folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    kept = {key: value for key, value in sys.modules.items() if key.startswith("json")}
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    sys.modules.update(kept)
    return module


def test_trio_and_h11_work_on_the_stand_ins(tmp_path):
    # Beside ssl's, which the tests of this machine need not do without; ctypes is a package here, of which util is replaced.
    path = tmp_path / "stand_in"
    path.mkdir()
    for name in ("attr", "attrs", "dataclasses", "json", "logging"):
        (path / f"{name}.py").write_text((STAND_IN / f"{name}.py").read_text())
    util = STAND_IN / "ctypes" / "util.py"
    before = (
        f"import sys; sys.path.insert(0, {str(path)!r}); import ctypes, importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('ctypes.util', {str(util)!r})\n"
        "ctypes.util = sys.modules['ctypes.util'] = importlib.util.module_from_spec(spec); spec.loader.exec_module(ctypes.util)\n"
        "sys.modules.pop('logging', None)\n"
    )
    done = subprocess.run([sys.executable, "-c", before + PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stdout == "all well\n", done.stderr


def classes(kit):
    """The kinds of classes that trio and outcome make, by the real attrs or its stand-in."""

    @kit.define(eq=False)
    class Base:
        name: str
        _parent: object = kit.field(default=None, repr=False, alias="parent")

    @kit.define
    class Plain(Base):
        children: list = kit.field(factory=list)
        count: int = kit.field(default=3, init=False)
        later: int = kit.field(init=False)
        shield: bool = kit.field(default=False, kw_only=True)

        def __attrs_post_init__(self):
            self.count += 1

    @kit.frozen(slots=False)
    class Frozen:
        first: int
        second: str = kit.field(default="b", repr=lambda value: f"<{value}>")

    @kit.define(eq=False, kw_only=True)
    class Error(BaseException):
        source: str
        reason: str = None

    return Plain, Frozen, Error


def told(kit):
    """What instances of those classes do."""
    plain, frozen, error = classes(kit)
    one, other = plain("n", "p", shield=True), plain("n", "p", shield=True)
    one.later = other.later = 1
    facts = [repr(one), one == other, one != other, one == "n", one.count, one._parent, one.children is other.children, one.shield]
    facts += [plain.__hash__, plain.__match_args__, frozen.__match_args__]
    still, twin = frozen(1), frozen(1)
    facts += [still, repr(frozen(1, "c")), still == twin, hash(still) == hash(twin), still in {twin}]
    failed = error(source="s", reason="r")
    facts += [str(failed), repr(failed), failed == error(source="s", reason="r")]
    wrongs = [plain, lambda: plain("n", count=1), lambda: error("s")]
    wrongs += [lambda: setattr(still, "first", 2), lambda: delattr(still, "first")]
    for wrong in wrongs:
        try:
            wrong()
        except Exception as failure:
            facts.append(type(failure).__mro__[-4].__name__ if isinstance(failure, AttributeError) else type(failure).__name__)
        else:
            facts.append("nothing wrong")
    return [repr(fact) for fact in facts]


def test_the_attrs_stand_in_does_as_attrs():
    assert told(load("attrs")) == told(attrs)


def test_the_attrs_stand_in_refuses_what_it_does_not_know():
    with pytest.raises(TypeError):
        load("attrs").define(order=True)


TEXTS = ['{"a": [1, 2.5, "\\u00e9", null, true, -0.0, 1e9]}', " [ ] ", '"x"', "7", "NaN"]
TEXTS += ["", "{", '{"a": 1,}', "[1] 2", "nul", '"\n"', "[1"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_json_stand_in_reads_as_json(text, monkeypatch):
    ours = load("json")

    def read(kit):
        monkeypatch.setitem(sys.modules, "json.decoder", kit.decoder if kit is json else kit)
        try:
            return repr(kit.loads(text))
        except kit.JSONDecodeError as error:
            return str(error), error.pos

    assert read(ours) == read(json)


def test_the_json_stand_in_writes_as_json():
    ours = load("json")
    for value in ({"b": [1, 2.5, None, True, "é\n"], "a": {}}, [], "text", 5, float("inf")):
        for options in ({}, {"sort_keys": True}, {"separators": (",", ":")}, {"allow_nan": False}, {"ensure_ascii": False}):
            try:
                wanted = json.dumps(value, **options)
            except ValueError:
                with pytest.raises(ValueError, match="not JSON compliant"):
                    ours.dumps(value, **options)
            else:
                assert ours.dumps(value, **options) == wanted
    with pytest.raises(TypeError, match="not JSON serializable"):
        ours.dumps(object())
    pairs = ours.JSONDecoder(object_pairs_hook=list).decode('{"a": 1, "a": 2}')
    assert pairs == [("a", 1), ("a", 2)]


ASKED = [b'{"a": [1, -2.5e3, "\\u00e9\\ud83d\\ude00", null, true], "b": {"$bytes": "AAE="}}', b'[1, {"a": 1, "a": 2}]', b" 7 ", b'"x"']
ASKED += [b"NaN", b"[-Infinity]", b"{", b'{"a": 1,}', b"[1] 2", b"", b"\xff", b"[" * 40 + b"]" * 40, b"[" * 60000, b"\xef\xbb\xbf1", b"01"]
TOLD = [
    {"a": [1, 2.5, None, True, "é\n\x00\u2028"], 2: {}}, [2**60, -(2**53), 1e300, float("inf"), float("nan")], b"\xff\x00", "\ud800", (),
]  # fmt: skip


def test_the_gateway_reads_and_writes_the_same_on_the_json_stand_in(monkeypatch):
    ours = load("json")

    def told():
        name = "leither_edge.gateway.rpc.json_text"
        spec = importlib.util.find_spec(name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for data in ASKED:
            try:
                yield module.parse(data)
            except module.JsonError as error:
                yield str(error)
        for thing in TOLD:
            yield module.to_text(thing)

    wanted = list(told())
    assert wanted[1][1] == {"a": 2} and "deeper" in wanted[11]
    monkeypatch.setitem(sys.modules, "json", ours)
    monkeypatch.setitem(sys.modules, "json.decoder", ours)
    assert list(told()) == wanted


def test_host_names_in_ascii_are_encoded_as_before_and_others_refused():
    ours, codec = load("idna"), load("idna", STAND_IN / "encodings")
    for name in ("example.org", "localhost", "127.0.0.1", "xn--bcher-kva.example", "a.b.", ""):
        assert codec.encode(name) == (name.encode("idna"), len(name)) and ours.encode(name, uts46=True) == name.encode()
        assert codec.decode(name.encode()) == (name, len(name))
    for name in ("a..b", ".a", "x" * 64 + ".org"):
        with pytest.raises(UnicodeError):
            name.encode("idna")
        with pytest.raises(UnicodeError, match="label empty or too long"):
            codec.encode(name)
    for encode in (codec.encode, ours.encode):
        with pytest.raises(UnicodeError, match="xn--"):
            encode("b\u00fccher.example")


LOOK_UP = """
import codecs, encodings, importlib.util, sys
for name, path in zip(("idna", "encodings.idna"), sys.argv[1:]):
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
encodings.idna = sys.modules["encodings.idna"]
import socket, trio
# The real attrs, which has a stand-in of its own, wanted it until here.
sys.modules["unicodedata"] = sys.modules["stringprep"] = None

async def main():
    assert await trio.socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    found = await trio.socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    assert found and found == socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    try:
        await trio.socket.getaddrinfo("b\u00fccher.example", 80)
    except UnicodeError as error:
        assert "xn--" in str(error)
    else:
        raise AssertionError("looked up")

trio.run(main)
print("all well")
"""


def test_names_are_looked_up_without_tables_of_unicode():
    paths = (STAND_IN / "idna.py", STAND_IN / "encodings" / "idna.py")
    done = subprocess.run([sys.executable, "-c", LOOK_UP, *paths], capture_output=True, text=True, timeout=60)
    assert done.stdout == "all well\n", done.stderr


def test_the_logging_stand_in_shows_warnings_and_worse(capsys):
    logger = load("logging").getLogger("trio.abc.Instrument")
    logger.info("unseen")
    logger.warning("seen %s", "once")
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("an instrument failed")
    said = capsys.readouterr().err
    assert "unseen" not in said and said.startswith("seen once\nan instrument failed\n") and "KeyError: 'lost'" in said


def test_every_name_of_trio_is_still_there_and_loaded_at_its_first_use():
    first_use = load("first_use", PACKAGE)
    source = Path(trio.__file__).read_text()
    table = first_use.parts(compile(source, "trio/__init__.py", "exec"))
    public = {name for name in dir(trio) if not name.startswith("_")} - {"testing", "annotations", "TYPE_CHECKING", "fixup_module_metadata"}
    assert public <= set(table) | {"abc"}, public - set(table)
    names = {"__name__": "trio"}
    exec(first_use.lazy_code(compile(source, "trio/__init__.py", "exec"), "trio", "trio"), names)
    assert "run" not in names
    for name in table:
        if not name.startswith("_"):
            assert names["__getattr__"](name) is getattr(trio, name), name
    assert names["run"] is trio.run
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        names["__getattr__"]("nothing")


def test_a_module_that_gathers_nothing_is_refused():
    with pytest.raises(SystemExit, match="look at both"):
        load("first_use", PACKAGE).lazy_code(compile("import os", "x.py", "exec"), "x", "x")


def test_a_build_that_is_gone_on_with_finds_the_same_imports(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(PACKAGE)
    first_use, prune = load("first_use", PACKAGE), load("prune", PACKAGE)
    path = tmp_path / "__init__.pyc"
    code = compile(Path(trio.__file__).read_text(), "trio/__init__.py", "exec")
    path.write_bytes(bytes(first_use.HEADER_BYTES) + marshal.dumps(code))
    first_use.rewrite(path, "trio", "trio")
    once = path.read_bytes()
    first_use.rewrite(path, "trio", "trio")
    assert path.read_bytes() == once
    followed = set(prune.imports(marshal.loads(once[first_use.HEADER_BYTES :]), "trio"))
    # Of _util it takes a function that it deletes again; the others import it too.
    assert {name for name in prune.imports(code, "trio") if name.startswith("trio._") and "_util" not in name} <= followed
