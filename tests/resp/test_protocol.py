"""The parser of commands: whole, in pieces, inline, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.resp.protocol import LINE_MAX_BYTES, Parser, ProtocolError, split_words

BYTES_MAX = 65536


def packed(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def read(*pieces, bytes_max=BYTES_MAX):
    """Every command in the pieces."""
    parser, found = Parser(bytes_max), []
    for piece in pieces:
        parser.feed(piece)
        while (words := parser.next()) is not None:
            found.append(words)
    return found


def error_of(data, bytes_max=BYTES_MAX):
    with pytest.raises(ProtocolError) as caught:
        read(data, bytes_max=bytes_max)
    return str(caught.value)


COMMANDS = st.lists(st.lists(st.binary(max_size=130) | st.just(b"\r\n") | st.just(b"$3\r\n"), min_size=1, max_size=5), max_size=5)


@given(COMMANDS, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_commands_in_any_pieces(commands, sizes):
    data = b"".join(map(packed, commands))
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    assert read(data) == commands
    assert read(*pieces) == commands


def test_a_large_word_in_pieces_costs_no_more_than_its_length():
    word = bytes(60000)
    data = packed([b"SET", b"k", word])
    assert read(*(data[at : at + 7] for at in range(0, len(data), 7))) == [[b"SET", b"k", word]]


def test_inline_commands():
    assert read(b"PING\r\n") == [[b"PING"]]
    assert read(b"\r\n\n  set a  \"b \\x41\\n\\\"\" 'it\\'s \\n'\n*1\r\n$4\r\nPING\r\n") == [
        [b"set", b"a", b'b A\n"', b"it's \\n"], [b"PING"],
    ]  # fmt: skip
    assert read(b"PI", b"NG", b"\r\n") == [[b"PING"]]


@pytest.mark.parametrize("line", [b'a "b', b"a 'b", b'a "b"c', b"a 'b'c", b'a "b\\'])
def test_quotes_that_do_not_close(line):
    assert split_words(line) is None
    assert error_of(line + b"\r\n") == "Protocol error: unbalanced quotes in request"


def test_empty_commands_are_passed_over():
    assert read(b"*0\r\n*-1\r\n*1\r\n$0\r\n\r\n") == [[b""]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"*x\r\n", "invalid multibulk length"),
        (b"*1\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*9999999\r\n", "invalid multibulk length"),
        (b"*99999999999999999999\r\n", "invalid multibulk length"),
        (b"*" + b"1" * 40, "too big mbulk count string"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n\0", "expected '$', got '?'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$+1\r\n", "invalid bulk length"),
        (b"*1\r\n$1_0\r\n", "invalid bulk length"),
        (b"*1\r\n$70000\r\n", "invalid bulk length"),
        (b"*1\r\n$" + b"1" * 40, "too big bulk count string"),
        (b"*1\r\n$1\r\nabc", "a bulk string is longer than it says"),
        (b"x" * (LINE_MAX_BYTES + 1), "too big inline request"),
        (b"x " * (LINE_MAX_BYTES // 2) + b"\n", "too big inline request"),
    ],
)
def test_what_is_no_command(data, message):
    assert error_of(data) == "Protocol error: " + message


def test_one_command_is_bounded_in_all():
    word = bytes(20000)
    assert len(read(packed([word] * 3), bytes_max=70000)) == 1
    assert error_of(packed([word] * 4), bytes_max=70000) == "Protocol error: invalid bulk length"
    small = bytes(90)
    assert error_of(packed([small] * 1000), bytes_max=70000) == "Protocol error: invalid bulk length"


PARTS = st.lists(st.sampled_from([b"*", b"$", b"\r\n", b"1", b"3", b"abc", b"-", b'"', b"\n"]), max_size=40)


@given(st.binary(max_size=200) | PARTS.map(b"".join))
def test_no_bytes_do_more_than_raise(data):
    whole = outcome(data)
    assert outcome(*(data[at : at + 1] for at in range(len(data)))) == whole


def outcome(*pieces):
    parser, found = Parser(4096), []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (words := parser.next()) is not None:
                found.append(words)
    except ProtocolError:
        return found, True
    return found, False
