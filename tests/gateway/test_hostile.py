"""What nobody in his right mind sends: mutated frames, messages, addresses, and every procedure with arguments of all sorts."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.gateway.caller import Caller, Gateway
from leither_edge.gateway.header_fields import accepted, disposition, quoted
from leither_edge.gateway.ipfs import asked as asking
from leither_edge.gateway.media_types import sniff
from leither_edge.gateway.rpc.dispatch import Dispatcher
from leither_edge.gateway.rpc.json_text import JsonError, parse, to_text
from leither_edge.gateway.rpc.table import TABLE
from leither_edge.gateway.websocket.frames import FrameError, Reader, frame
from leither_edge.http import HttpError
from leither_edge.mimei.errors import BadInput
from leither_edge.observe.counters import Counters
from tests.gateway.standing import LIMITS, standing
from tests.http.serving import Lines

FRAME = frame(1, b"x" * 200)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 40), st.integers(1, 50))
def test_frames_break_with_a_close_code(noise, keep, piece):
    data = FRAME[:1] + bytes((FRAME[1] | 0x80,)) + FRAME[2:keep] + noise
    reader = Reader(500)
    try:
        for at in range(0, len(data), piece):
            reader.feed(data[at : at + piece])
            while reader.next() is not None:
                pass
    except FrameError as error:
        assert 1000 <= error.code < 1016


@settings(max_examples=80)
@given(st.text(alphabet='{}[]",:0123456789e-+. \\utfnalsre$bytes', max_size=60) | st.binary(max_size=40))
def test_messages_parse_or_are_refused(data):
    try:
        to_text(parse(data))
    except JsonError:
        pass


class Asked:
    """As much of a request as is read."""

    def __init__(self, cid, path, query, headers):
        self.params = {"cid": cid, "path": path}
        self.path, self.query, self.headers = f"/ipfs/{cid}/{path}", query, headers


WORDS = st.sampled_from(
    ["raw", "car", "tar", "all", "entity", "block", "0:5", "-5:*", "5:-5", "y", "n", "dfs", "x", "", "1", "ü", "*/*", "a/b;q=0.x", ";;,=,",
     "application/vnd.ipld.car;order=dfs;dups=y;version=1", "application/vnd.ipld.raw;q=0.1", "text/html", "only-if-cached"]
)  # fmt: skip


LABEL = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
PARAMETERS = ["format", "dag-scope", "entity-bytes", "car-dups", "car-order", "car-version", "filename"]


@settings(max_examples=80)
@given(
    st.sampled_from(["bafkqaaa", LABEL, "Qm", "b", "zQm", "ü", "k51"]) | st.text(max_size=9),
    st.text(max_size=9),
    st.dictionaries(st.sampled_from(PARAMETERS), WORDS, max_size=4),
    st.dictionaries(st.sampled_from(["accept", "cache-control", "service-worker"]), WORDS, max_size=2),
)
def test_addresses_are_read_or_refused(cid, path, query, headers):
    try:
        found = asking.read(Asked(cid, path, query, headers))
        if found.span is not None:
            offset, length = asking.span_of(found.span, 10)
            assert 0 <= offset and 0 <= length <= 10
        for field in (found.location or "", disposition("inline", found.filename), quoted(path)):
            field.encode("latin-1")
    except (HttpError, BadInput):
        pass
    assert accepted(headers.get("accept", "")) is not None


@settings(max_examples=40)
@given(st.binary(max_size=70))
def test_a_type_is_always_told(first):
    assert "/" in sniff(first)


# Every procedure, with arguments of all sorts. A password takes a third of a second each, and signed out there is little to ask.
LEFT_OUT = {"Login", "Register", "LoginWithPPT", "Logout"}
ODD = [
    None, True, -1, 0, 1, 3, 1 << 62, -(1 << 63), 1.5, "", "x", "ü" * 300, "\0", "cur", "../a", "a//b", "0", "*", [], {}, [1, [2]],
    {"$bytes": "AAEC"}, {"$bytes": "?"}, {"score": 1, "member": "m"}, {"field": "f", "value": [1]}, "inf", "-inf", "nan", "\ud800",
]  # fmt: skip
CALLS = 500


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("library")) as made:
        yield made


@pytest.mark.parametrize("seed", [6, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20))])
async def test_no_arguments_are_an_internal_error(stand, seed):
    chance, log, counters = random.Random(seed), Lines(), Counters()
    at = Caller(Gateway(stand.library, LIMITS, counters, log, "1"), "")
    dispatcher = Dispatcher(TABLE, counters, log)

    async def ask(method, params):
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return json.loads(await dispatcher.answer(message, at))

    mids = {}

    async def anew(turn):
        """New content, opened in a new session: what came before may have locked its author out, and opened all that may be open."""
        stand.library.sign_out(at.bearer)
        at.bearer = stand.library.local_session(stand.key).sid
        for kind in (1, 2, 3, 4):
            mids[kind] = (await ask("MMCreate", ["", "", "", f"{seed} {turn} {kind}", kind]))["result"]
        found = [(await ask("MMOpen", ["", mid]))["result"] for mid in mids.values()]
        found.append((await ask("MFOpenByPath", ["", mids[2], "a/file", 0x42]))["result"])
        return found + [(await ask("MFOpenTempFile", [""]))["result"]]

    opened, names = await anew(0), sorted(set(TABLE) - LEFT_OUT)
    label = (await ask("MMSum", ["", mids[2]]))["result"]

    def argument(kind):
        if chance.random() < 0.25:
            return chance.choice(ODD)
        if kind == "session":
            return chance.choice(("", "", at.bearer, "x"))
        if kind in ("opened", "file", "handle"):
            return chance.choice(opened)
        if kind in ("id", "content"):
            return chance.choice([*mids.values(), *opened])
        if kind == "label":
            return label
        if kind == "int":
            return chance.randrange(-3, 9)
        return chance.choice(ODD)

    for turn in range(CALLS):
        if turn % 100 == 99:
            opened = await anew(turn)
        method = chance.choice(names)
        params = []
        for parameter in TABLE[method].parameters:
            params += [argument(parameter.type) for _ in range(chance.randrange(4) if parameter.takes_rest else 1)]
        answer = await ask(method, params[: chance.choice((None, None, None, 1, 2))])
        assert answer.get("error", {}).get("code") != -32603, (method, params, log.events)
    assert await anew("end")
