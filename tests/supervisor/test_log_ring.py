"""Log lines in memory."""

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.board.messages import success
from appliance.supervisor.log_ring import ENTRY_OVERHEAD_BYTES, LineSplitter, LogRing, newest_that_fit, printable


def texts(lines):
    return [line["text"] for line in lines]


def test_lines_across_reads():
    splitter = LineSplitter(100)
    assert splitter.feed(b"on") == []
    assert splitter.feed(b"e\ntwo\nthr") == ["one", "two"]
    assert splitter.finish() == ["thr"]
    assert splitter.finish() == []


def test_a_long_line_is_cut_and_marked_however_it_arrives():
    whole = LineSplitter(4).feed(b"123456789\nok\n")
    splitter = LineSplitter(4)
    piecewise = [line for byte in b"123456789\nok\n" for line in splitter.feed(bytes([byte]))]
    assert whole == piecewise == ["1234 [cut]", "ok"]


def test_nothing_a_terminal_acts_on():
    assert printable(b"\x1b[2Jhi\x07\x00\tthere\r") == "\\x1b[2Jhi\\x07\\x00\tthere"
    assert printable("\x9b31m".encode()) == "\\x9b31m"
    assert printable(b"\xff\xfe") == "\\xff\\xfe"
    assert printable("咖啡".encode()) == "咖啡"


@given(st.binary(max_size=300), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_bounded_clean_lines(data, cut):
    splitter = LineSplitter(32)
    lines = splitter.feed(data[:cut]) + splitter.feed(data[cut:]) + splitter.finish()
    for line in lines:
        # Four characters stand for one byte at most.
        assert len(line) <= 4 * 32 + 6
        assert all(character == "\t" or character.isprintable() or ord(character) > 0x9F for character in line)


def test_the_ring_is_bounded_in_bytes_and_counts_what_it_drops():
    ring = LogRing(10 * (ENTRY_OVERHEAD_BYTES + 10))
    for number in range(25):
        ring.append(number, f"line {number:05d}")
    lines = ring.lines(limit=500)
    assert [line["n"] for line in lines] == list(range(16, 26))
    assert ring.dropped == 15


def test_paging():
    ring = LogRing(100_000)
    for number in range(1, 11):
        ring.append(0, str(number))
    assert texts(ring.lines(limit=3)) == ["8", "9", "10"]
    assert texts(ring.lines(after=0, limit=3)) == ["1", "2", "3"]
    assert texts(ring.lines(after=3, limit=3)) == ["4", "5", "6"]
    assert ring.lines(after=10) == []
    assert ring.lines(after=10**9) == []


@given(st.lists(st.text(max_size=400), max_size=120), st.integers(1, 500), st.none() | st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_every_answer_fits_a_message(lines, limit, after):
    ring = LogRing(10**6)
    for line in lines:
        # The longest of what a message can carry: escapes and characters outside the basic plane.
        ring.append(2**40, printable((line + '"\\\t😀' * 60).encode(errors="replace")))
    success(2**53 - 1, {"lines": ring.lines(after, limit), "dropped": ring.dropped})
    success(2**53 - 1, {"reason": "x" * 100, "lines": newest_that_fit(ring.newest(10**6))})


def test_one_line_too_long_for_a_message_does_not_block_the_others():
    ring = LogRing(10**6)
    ring.append(0, "x" * 10_000)
    ring.append(0, "y")
    assert texts(ring.lines(after=0, limit=1, max_bytes=100)) == ["x" * 10_000]
    assert texts(ring.lines(after=1, max_bytes=100)) == ["y"]


def test_the_newest_for_a_crash():
    ring = LogRing(100_000)
    for number in range(10):
        ring.append(0, f"line {number}")
    assert ring.newest(14) == ["line 8", "line 9"]
    assert ring.newest(0) == []
