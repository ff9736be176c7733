"""JSON-RPC 2.0: the standard's own examples, bounds, and how arguments are read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.gateway.rpc import json_text
from leither_edge.gateway.rpc.declared import calls
from leither_edge.gateway.rpc.dispatch import Dispatcher
from leither_edge.gateway.rpc.openrpc import describe
from leither_edge.gateway.rpc.table import TABLE
from leither_edge.gateway.rpc.values import from_object, from_value, to_object, to_value
from leither_edge.mimei.errors import Forbidden, NotFound, NotSignedIn
from leither_edge.observe.counters import Counters
from tests.http.serving import Lines

EXAMPLES = {}
call = calls(EXAMPLES)


@call("subtract", "minuend:int subtrahend:int", "int", "Subtracts.")
def subtract(at, minuend, subtrahend):
    return minuend - subtrahend


@call("update", "*numbers:int", "null", "Takes numbers.")
def update(at, *numbers):
    at.seen.append(numbers)


@call("get_data", "", "any", "Two things.")
async def get_data(at):
    return ["hello", 5]


@call("fail", "how:text", "null", "Fails.")
def fail(at, how):
    raise {"missing": NotFound("There is none."), "guest": NotSignedIn("Sign in."), "no": Forbidden("No.")}.get(how) or ValueError(
        "the secret is swordfish"
    )


@call("echo", 'thing:any other:text="x" maybe:id?', "any", "Gives back.")
def echo(at, thing, other, maybe):
    return thing, other, maybe


@call("write", "data:bytes value:value mask:mask flag:bool=false", "any", "Reads types.")
def write(at, data, value, mask, flag):
    return [json_text.Binary(data), json_text.Binary(value), mask, flag]


@call("strange", "", "any", "Answers what JSON has not.")
async def strange(at):
    return object()


@call("large", "", "any", "Answers a lot.")
async def large(at):
    return "x" * 3_000_000


class At:
    def __init__(self):
        self.seen = []

    async def in_thread(self, function, *arguments):
        return function(*arguments)

    def session(self, sid=""):
        return sid


class Asked:
    def __init__(self):
        self.counters, self.log, self.at = Counters(), Lines(), At()
        self._dispatcher = Dispatcher(EXAMPLES, self.counters, self.log)

    async def __call__(self, message):
        text = message if isinstance(message, (str, bytes)) else json.dumps(message)
        answer = await self._dispatcher.answer(text, self.at)
        return None if answer is None else json.loads(answer)


@pytest.fixture
def asked():
    return Asked()


def request(method, params=None, number=1):
    return {"jsonrpc": "2.0", "method": method, "id": number} | ({} if params is None else {"params": params})


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ({"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}, {"jsonrpc": "2.0", "result": 19, "id": 1}),
        (
            {"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3},
            {"jsonrpc": "2.0", "result": 19, "id": 3},
        ),
        ({"jsonrpc": "2.0", "method": "update", "params": [1, 2, 3, 4, 5]}, None),
        ({"jsonrpc": "2.0", "method": "foobar"}, None),
        ({"jsonrpc": "2.0", "method": "foobar", "id": "1"}, (-32601, "1")),
        ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', (-32700, None)),
        ({"jsonrpc": "2.0", "method": 1, "params": "bar"}, (-32600, None)),
        ('[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]', (-32700, None)),
        ([], (-32600, None)),
        ([1, 2, 3], [(-32600, None)] * 3),
        ([{"jsonrpc": "2.0", "method": "update", "params": [7]}] * 2, None),
        (
            [request("subtract", [42, 23], "2"), {"foo": "boo"}, request("foo.get", {"name": "me"}, "5"), request("get_data", None, "9")],
            [
                {"jsonrpc": "2.0", "result": 19, "id": "2"},
                (-32600, None),
                (-32601, "5"),
                {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"},
            ],
        ),
        # Ours.
        ({"jsonrpc": "1.0", "method": "update", "id": 1}, (-32600, None)),
        (request("update", None, True), (-32600, None)),
        (request("update", None, {}), (-32600, None)),
        (request("update", "bar"), (-32602, 1)),
        (request("subtract", [1]), (-32602, 1)),
        ('{"jsonrpc": "2.0", "method": "subtract", "params": [1e400, 1], "id": 1}', (-32602, 1)),
        (request("subtract", [1, 2, 3]), (-32602, 1)),
        (request("subtract", {"minuend": 1, "subtrahend": 2, "x": 3}), (-32602, 1)),
        (request("subtract", ["a", "b"]), (-32602, 1)),
        (request("subtract", [1.5, 1]), (-32602, 1)),
        (request("subtract", [True, 1]), (-32602, 1)),
        (request("subtract", ["9007199254740993", 1.0]), {"jsonrpc": "2.0", "result": "9007199254740992", "id": 1}),
        (request("fail", ["missing"]), (-32004, 1)),
        (request("fail", ["guest"]), (-32001, 1)),
        (request("fail", ["no"]), (-32003, 1)),
        (request("echo", [{"a": [None, 1.5]}]), {"jsonrpc": "2.0", "result": [{"a": [None, 1.5]}, "x", None], "id": 1}),
        (request("echo", [1, "\ud800"]), (-32602, 1)),
        (request("echo", [1, "y", "short"]), (-32602, 1)),
        (
            request("write", [{"$bytes": "/w=="}, 7, "0xff", True]),
            {"jsonrpc": "2.0", "result": [{"$bytes": "/w=="}, {"$bytes": "Nw=="}, 255, True], "id": 1},
        ),
        (request("write", [{"$bytes": "/w"}, 7, 1]), (-32602, 1)),
        (request("write", ["x", 7, -(1 << 70)]), (-32602, 1)),
    ],
)
async def test_answers(asked, sent, answered):
    found = await asked(sent)

    def matches(found, wanted):
        return (found["error"]["code"], found["id"]) == wanted if isinstance(wanted, tuple) else found == wanted

    if isinstance(answered, list):
        assert len(found) == len(answered) and all(map(matches, found, answered)), found
    else:
        assert found is answered if answered is None else matches(found, answered), found


async def test_arguments_of_one_list_are_those_of_many(asked):
    for params in ([1, 2], [[1, 2]], {"numbers": [1, 2]}):
        await asked(request("update", params))
    assert asked.at.seen == [(1, 2)] * 3


async def test_an_internal_error_tells_nothing(asked):
    found = await asked(request("fail", ["?"]))
    assert found["error"]["code"] == -32603 and "swordfish" not in json.dumps(found) + repr(asked.log.events)
    assert (await asked(request("strange")))["error"]["code"] == -32603
    assert asked.counters.get("rpc_refusals", code="internal") == 2


@pytest.mark.parametrize("text", [
    "[" * 40 + "]" * 40, "[" * 5000 + "]" * 5000, "[" * 60000 + "]" * 60000, '{"a":' * 40 + "1" + "}" * 40,
    "[NaN]", "[Infinity]", "[1" + "0" * 5000 + "]",
    b"\xff", b"\xef\xbb\xbf[]", "[[]" + ",[]" * 70000 + "]", "",
])  # fmt: skip
async def test_what_is_no_json_or_too_much_of_it(asked, text):
    assert (await asked(text))["error"]["code"] == -32700


async def test_a_batch_is_bounded_in_number_and_in_what_it_answers(asked):
    assert (await asked([request("get_data")] * 101))["error"]["code"] == -32600
    found = await asked([request("large"), request("large"), request("update", [1])])
    assert ["result" in one for one in found] == [True, True, False] and asked.at.seen == []


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53) + 1, (1 << 53) - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def told(thing):
    return json.loads(json_text.to_text(thing))


@settings(max_examples=25)
@given(JSONS)
def test_objects_come_back_as_they_were(thing):
    assert told(from_object(to_object(thing))) == thing


@settings(max_examples=25)
@given(st.text() | st.lists(JSONS, max_size=3) | st.booleans() | st.none())
def test_values_come_back_as_they_were(thing):
    assert told(from_value(to_value(thing))) == thing


@settings(max_examples=50)
@given(st.binary())
def test_bytes_come_back_as_they_were(data):
    sent = told(json_text.Binary(data))
    assert to_value(sent) == data and json_text.bytes_of(sent) == data
    shown = told(from_value(data))
    assert shown == sent or json_text.bytes_of(shown) == data or data.startswith(b"\xd9\xd9\xf7")


def test_numbers_are_kept_as_redis_keeps_them():
    assert (
        to_value(-5) == b"-5"
        and to_value(1.5) == b"1.5"
        and from_value(b"17") == b"17"
        and told([float("inf"), 1 << 60])
        == [
            "inf",
            str(1 << 60),
        ]
    )


def test_every_procedure_is_described_and_takes_what_it_declares():
    document = describe(TABLE, "0")
    assert {method["name"] for method in document["methods"]} == set(TABLE)
    assert json.loads(json_text.to_text(document)) == document
    for procedure in TABLE.values():
        code = procedure.function.__code__
        takes_rest = bool(code.co_flags & 4)
        needed = [parameter.is_required for parameter in procedure.parameters]
        assert needed == sorted(needed, reverse=True), procedure.name
        assert takes_rest or code.co_argcount == len(procedure.parameters) + 1, procedure.name
        assert not procedure.summary.endswith("..") and procedure.summary.endswith("."), procedure.name
        assert [parameter.takes_rest for parameter in procedure.parameters].count(True) <= 1
