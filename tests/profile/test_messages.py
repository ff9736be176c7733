"""What a person reads who wrote something wrong: file, line, what, and what is allowed."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge import profile
from leither_edge.profile.reading import read_plain

with open(profile.find("pi-zero"), encoding="utf-8") as file:
    GOOD = file.read()


def problems(text):
    with pytest.raises(profile.ProfileError) as caught:
        profile.from_bytes(text.encode(), "my.toml")
    return str(caught.value).split("\n")


def replaced(line, by):
    """The good profile with one line replaced, and that line's number."""
    lines = GOOD.split("\n")
    number = lines.index(line)
    lines[number] = by
    return "\n".join(lines), number + 1


@pytest.mark.parametrize(
    "line, by, message",
    [
        ("node_max_mib = 192", "node_max_mb = 192", "memory.node_max_mb has the wrong unit; did you mean node_max_mib, in MiB?"),
        ("node_max_mib = 192", "node_max = 192", "did you mean node_max_mib, in MiB?"),
        ("idle_timeout_s = 15", "idle_timeout_ms = 15000", "did you mean idle_timeout_s, in seconds?"),
        ("bandwidth_up_kib_per_s = 256", "bandwidth_up_kbps = 2000", "did you mean bandwidth_up_kib_per_s, in KiB per second?"),
        ("pids_max = 48", "pids_max_mib = 48", "did you mean pids_max, in threads?"),
        ("pids_max = 48", "pid_max = 48", "unknown key process.pid_max; did you mean pids_max? (allowed in [process]: pids_max,"),
        ("pids_max = 48", "node_weight = 48", "it belongs in [cpu]"),
        ("pids_max = 48", "sideways = 48", "unknown key process.sideways (allowed in [process]"),
        ("[process]", "[proces]", "unknown section [proces]; did you mean [process]? (allowed sections: board,"),
        ("node_max_mib = 192", 'node_max_mib = "192"', 'memory.node_max_mib is the text "192" (allowed: a whole number from 32 to'),
        ("node_max_mib = 192", "node_max_mib = 192.5", "is the fraction 192.5 (allowed: a whole number"),
        ("node_max_mib = 192", "node_max_mib = true", "is true or false (allowed: a whole number"),
        ("node_max_mib = 192", "node_max_mib = [192]", "is a list (allowed"),
        ("node_max_mib = 192", "node_max_mib = 1979-05-27", "is a date or time (allowed"),
        ("node_max_mib = 192", "node_max_mib = 7", "node_max_mib = 7 is out of range (allowed: a whole number from 32 to 65536 MiB)"),
        ("node_max_mib = 192", "node_max_mib = -1", "out of range"),
        ("node_max_mib = 192", "node_max_mib = 192 MiB", "not valid TOML"),
        ("node_max_mib = 192", "node_max_mib = 192\nnode_max_mib = 192", "not valid TOML"),
        ('commit_fsync = "always"', 'commit_fsync = "never"', '"never" is not possible (allowed: one of "always")'),
        ('name = "pi-zero"', 'name = ""', "is not possible (allowed: text of 1 to 32 characters"),
        ('name = "pi-zero"', 'name = "a\\nb"', "is not possible"),
        # What does not fit together.
        ("node_high_mib = 160", "node_high_mib = 192", "must be below node_max_mib = 192"),
        ("node_max_mib = 192", "node_max_mib = 400", "more than board.ram_mib (allowed: 480 in all)"),
        ("zram_mib = 160", "zram_mib = 481", "more than the board's memory (allowed: up to 480)"),
        ("block_kib = 4096", "block_kib = 65536", "over a quarter of memory.node_high_mib"),
        ("body_max_bytes = 65536", "body_max_bytes = 16777216", "over half of memory.node_high_mib"),
        ("connections_per_address_max = 12", "connections_per_address_max = 33", "(allowed: up to 32)"),
        ("open_files_max = 256", "open_files_max = 64", "(allowed: 88 or more)"),
        ("body_max_bytes = 65536", "body_max_bytes = 8192", "(allowed: up to 8192)"),
        ("state_map_mib = 16", "state_map_mib = 49", "(allowed: up to 48)"),
        ("answers_kept = 128", "answers_kept = 65536", "over half of storage.state_map_mib (allowed: 8 MiB in all)"),
        ("upload_max_mib = 4096", "upload_max_mib = 4097", "(allowed: up to 4096)"),
        ("crash_kib = 16", "crash_kib = 512", "above log.ring_kib (allowed: up to 256)"),
        ("ring_kib = 256", "ring_kib = 16\n#", None),
        ("heartbeat_timeout_s = 30", "heartbeat_timeout_s = 5", "(allowed: more than 5)"),
        ("backoff_min_s = 1", "backoff_min_s = 600", "is below backoff_min_s (allowed: 600 or more)"),
        ("card_mib = 1024", "card_mib = 128", "(allowed: 524 or more)"),
    ],
)  # fmt: skip
def test_message(line, by, message):
    text, _ = replaced(line, by)
    if message is None:
        profile.from_bytes(text.encode())
        return
    assert any(message in problem for problem in problems(text)), problems(text)


@pytest.mark.parametrize(
    "line, by",
    [
        ("node_max_mib = 192", "node_max_mb = 192"),
        ("node_max_mib = 192", "  node_max_mib =    7 # comment"),
        ("node_max_mib = 192", '"node_max_mib" = "x"'),
        ("node_max_mib = 192", "node_max_mib = 192 MiB"),
        ("idle_timeout_s = 15", "idle_timeout_s = 0"),
        ("connections_max = 24", "connections_max = 0"),
        ("heartbeat_timeout_s = 30", "heartbeat_timeout_s = 5"),
    ],
)
def test_the_line_is_right(line, by):
    text, number = replaced(line, by)
    assert any(problem.startswith(f"my.toml:{number}: ") for problem in problems(text)), problems(text)
    # Also in a file from Windows.
    assert any(problem.startswith(f"my.toml:{number}: ") for problem in problems(text.replace("\n", "\r\n")))


def test_a_missing_key_points_to_its_section():
    text, _ = replaced("pids_max = 48", "")
    number = GOOD.split("\n").index("[process]") + 1
    expected = f"my.toml:{number}: process.pids_max is missing: threads and processes of the node (allowed: a whole number from 8"
    [problem] = problems(text)
    assert problem.startswith(expected)


def test_all_problems_come_at_once_in_the_order_of_lines():
    text = GOOD.replace("node_max_mib = 192", "node_max_mib = 1").replace("ring_kib = 256", "ring_kb = 1")
    found = problems(text)
    lines = [int(problem.split(":")[1]) for problem in found]
    assert len(found) == 3 and lines == sorted(lines)


def test_a_section_that_is_a_value():
    text = "cache = 5\n" + GOOD[: GOOD.index("\n[cache]")] + GOOD[GOOD.index("\n[http]") :]
    assert problems(text)[0].startswith("my.toml:1: cache is a section, not a value (allowed: a line [cache])")


def test_a_missing_section():
    text = GOOD[: GOOD.index("\n[cache]")] + GOOD[GOOD.index("\n[http]") :]
    assert problems(text) == ["my.toml:1: section [cache] is missing (allowed: a section with static_kib, block_kib)"]


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "section [board] is missing"), (b"\xff\xfe", "not valid text (allowed: UTF-8)"), (b"a" * 70000, "too large"),
        (b"a = " + b"[" * 5000, "not valid TOML"), (b"[[board]]\nname = 1\n", "board is a section, not a value"),
        (b"a = 0x" + b"f" * 60000, ""), (b"[board]\nname = '\x1b[2J'", "not valid TOML"),
    ],
)  # fmt: skip
def test_files_that_are_no_profile(data, message):
    with pytest.raises(profile.ProfileError) as caught:
        profile.from_bytes(data, "my.toml")
    assert message in str(caught.value) and "\x1b" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 30),
    st.text(max_size=12) | st.sampled_from(["[", "]", "=", '"', "'''", "\n", "-", "9" * 30]),
)
def test_any_change_is_accepted_or_explained(start, length, piece):
    text = GOOD[:start] + piece + GOOD[start + length :]
    document, _ = read_plain(text)
    if document is not None:
        assert document == tomllib.loads(text)
    try:
        data = text.encode()
        profile.from_bytes(data, "my.toml")
    except UnicodeEncodeError:
        pass
    except profile.ProfileError as error:
        last_line = text.count("\n") + 1
        assert error.problems and all(1 <= line <= last_line + 1 for line, _ in error.problems)
        assert str(error).isprintable() or "\n" in str(error)


@pytest.mark.parametrize(
    "line, by", [("pids_max = 48", "pids_max = 0x30"), ("[process]", '["process"]'), ("pids_max = 48", "pids_max = +4_8\t# why")]
)
def test_any_toml_will_do(line, by):
    text, _ = replaced(line, by)
    assert read_plain(text) == (None, None)
    assert profile.from_bytes(text.encode()).process.pids_max == 48
