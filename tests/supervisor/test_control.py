"""Our end of the socket, against a node that says anything."""

import json
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.board import BoardError
from appliance.board.messages import MESSAGE_MAX_BYTES
from appliance.board.verbs import VERBS
from appliance.supervisor.control import Control

SAMPLES = [
    b'{"id":1,"verb":"wifi_join","args":{"ssid":"Home","passphrase":"correct horse","hidden":false}}',
    b'{"id":2,"verb":"logs","args":{"after":5,"limit":10}}',
    b'{"id":3,"verb":"identify","args":{"seconds":5}}',
    b'{"beat":17}',
    b'{"ready":{"text":"http://127.0.0.1:8080/"}}',
]


class Node:
    """The node's end by hand, and what the supervisor's end made of it."""

    def __init__(self):
        ours, self.socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self.socket.setblocking(False)
        self.beats, self.texts, self.requests, self.counters = [], [], [], {}
        self.control = Control(ours, self.beats.append, self.texts.append, self._on_request, self._count)

    def _on_request(self, verb, arguments, reply):
        assert verb in VERBS
        self.requests.append((verb, arguments, reply))

    def _count(self, name):
        self.counters[name] = self.counters.get(name, 0) + 1

    def say(self, packet, **how):
        self.socket.send(packet)
        self.control.receive(**how)

    def answers(self):
        found = []
        while True:
            try:
                packet = self.socket.recv(65536)
            except BlockingIOError:
                return found
            if not packet:
                return found
            found.append(json.loads(packet))

    def close(self):
        self.socket.close()
        self.control.close()


@pytest.fixture
def node():
    node = Node()
    yield node
    node.close()


def test_requests_beats_and_ready(node):
    for packet in SAMPLES:
        node.say(packet)
    assert node.beats == [17] and node.texts == ["http://127.0.0.1:8080/"]
    assert [verb for verb, _arguments, _reply in node.requests] == ["wifi_join", "logs", "identify"]
    node.requests[1][2]({"lines": []}, None)
    node.requests[0][2](None, BoardError("busy", "Wait."))
    assert node.answers() == [
        {"id": 2, "ok": True, "result": {"lines": []}},
        {"id": 1, "ok": False, "error": {"code": "busy", "message": "Wait."}},
    ]


@pytest.mark.parametrize(
    ("packet", "code", "number"),
    [
        (b"", "malformed", None),
        (b"x" * (MESSAGE_MAX_BYTES + 1), "oversized", None),
        (b"x" * (2 * MESSAGE_MAX_BYTES), "oversized", None),
        (b'{"id":1}', "malformed", 1),
        (b'{"id":true,"verb":"info","args":{}}', "malformed", None),
        (b'{"id":-1,"verb":"info","args":{}}', "malformed", None),
        (b'{"id":1,"verb":"info","args":{},"more":1}', "malformed", 1),
        (b'{"id":1,"verb":"sudo","args":{}}', "unknown-verb", 1),
        (b'{"id":1,"verb":"info","args":{"a":1}}', "bad-arguments", 1),
        (b'{"beat":true}', "malformed", None),
        (b'{"beat":-1}', "malformed", None),
        (b'{"beat":1,"id":4}', "malformed", 4),
        (b'{"ready":"text"}', "malformed", None),
        (b'{"ready":{"text":"a","more":1}}', "malformed", None),
        (b'{"ready":{"text":"' + b"x" * 40_000 + b'"}}', "malformed", None),
    ],
)
def test_bad_input_gets_a_typed_error_and_a_counter_and_nothing_else(node, packet, code, number):
    node.say(packet)
    [answer] = node.answers()
    assert answer["id"] == number and answer["error"]["code"] == code
    assert answer["error"]["message"].endswith(".")
    assert sum(node.counters.values()) == 1
    assert not (node.beats or node.texts or node.requests)


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6), st.integers(0, 200))
@settings(max_examples=400, deadline=None)
def test_mutated_packets_never_do_harm(sample, changes, length):
    packet = bytearray(sample[: length or None])
    for place, byte in changes:
        if packet:
            packet[place % len(packet)] = byte
    node = Node()
    try:
        node.say(bytes(packet))
        refused = sum(not answer["ok"] for answer in node.answers())
        assert refused + len(node.beats) + len(node.texts) + len(node.requests) == 1
        assert refused == sum(node.counters.values())
        node.say(b'{"id":9,"verb":"info","args":{}}')
        assert node.requests[-1][0] == "info"
    finally:
        node.close()


def test_an_answer_too_large_says_so(node):
    node.say(b'{"id":1,"verb":"info","args":{}}')
    node.requests[0][2]("x" * MESSAGE_MAX_BYTES, None)
    assert node.answers()[0]["error"]["code"] == "too-large"
    assert node.counters == {"answers_too_large": 1}


def test_a_node_that_reads_no_answers_is_not_heard_until_it_does(node):
    node.say(b'{"id":1,"verb":"info","args":{}}')
    reply = node.requests[0][2]
    sent = 0
    while not node.control.is_backed_up:
        reply("x" * 50_000, None)
        sent += 1
    node.say(b'{"beat":1}')
    assert node.beats == []
    received = len(node.answers())
    node.control.flush()
    received += len(node.answers())
    assert received == sent and not node.control.is_backed_up
    node.control.receive()
    assert node.beats == [1]


def test_an_empty_packet_is_no_end_but_a_closed_socket_is(node):
    node.say(b"")
    assert node.control.is_open
    node.socket.close()
    node.control.receive(hung_up=True)
    assert not node.control.is_open


def test_late_replies_go_nowhere(node):
    node.say(b'{"id":1,"verb":"info","args":{}}')
    node.control.close()
    node.requests[0][2]({}, None)
    node.control.receive()


def test_a_reply_to_a_node_that_has_just_died_is_dropped(node):
    node.say(b'{"id":1,"verb":"info","args":{}}')
    node.socket.close()
    node.requests[0][2]({}, None)
    assert not node.control.is_backed_up
