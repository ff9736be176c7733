"""A system on trial: the rule, what is kept of it, and what the loop does about it."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.board import BoardError
from appliance.power_on.trouble import Trouble
from appliance.slots import SlotError
from appliance.supervisor import loop, slot_trial, trial_record
from appliance.supervisor.loop import DOWN, RUNNING, STOPPING, WAITING, Supervisor
from appliance.supervisor.slot_trial import NoTrial, SlotTrial, open_trial
from appliance.supervisor.trial import ASKED, COMMITTED, FAILURES_MAX, GIVE_UP, GIVE_UP_S, HEALTHY_S, KEEP, RETRY_S, Record, Trial, settled
from appliance.supervisor.trial import RUNNING as TRIAL_RUNNING
from tests.supervisor.test_loop import DeviceBoard, end, start, supervisor  # noqa: F401

BOOT, EARLIER = "boot-now", "boot-before"


def test_a_healthy_node_is_kept_after_its_minute():
    trial = Trial()
    assert trial.verdict(100) is None and trial.deadline_s() == GIVE_UP_S
    trial.ready(100)
    assert trial.deadline_s() == 100 + HEALTHY_S
    assert trial.verdict(100 + HEALTHY_S - 1) is None and trial.verdict(100 + HEALTHY_S) == KEEP


def test_a_node_that_ends_begins_anew():
    trial = Trial()
    trial.ready(100)
    trial.ended()
    assert trial.verdict(100 + HEALTHY_S) is None
    trial.ready(200)
    assert trial.verdict(200 + HEALTHY_S) == KEEP


def test_a_node_that_never_is_ready_is_given_up():
    trial = Trial()
    assert trial.verdict(GIVE_UP_S - 1) is None and trial.verdict(GIVE_UP_S) == GIVE_UP and trial.reason == "node-never-ready"


def test_ready_at_the_last_moment_it_still_gets_its_minute():
    trial = Trial()
    trial.ready(GIVE_UP_S - 1)
    assert trial.verdict(GIVE_UP_S + 1) is None and trial.verdict(GIVE_UP_S - 1 + HEALTHY_S) == KEEP


def test_one_that_keeps_failing_is_given_up_early():
    trial = Trial()
    for number in range(FAILURES_MAX):
        assert trial.verdict(10 + number) is None
        trial.ready(10 + number)
        trial.ended()
    assert trial.verdict(50) == GIVE_UP and trial.reason == "node-not-healthy"


def test_a_commit_that_is_refused_is_tried_again_until_the_end():
    trial = Trial()
    trial.ready(10)
    now_s, tries = 10 + HEALTHY_S, 0
    while trial.verdict(now_s) == KEEP:
        tries += 1
        trial.refused(now_s, commit=True)
        assert trial.verdict(now_s) is None
        now_s = trial.deadline_s()
    assert trial.verdict(now_s) == GIVE_UP and trial.reason == "commit-refused" and tries > 5


EVENTS = st.lists(st.tuples(st.integers(1, 120), st.sampled_from(["ready", "ended", "refuse", ""])), max_size=60)


@given(EVENTS)
def test_there_is_a_verdict_in_the_end_and_never_for_an_unhealthy_node(events):
    trial, now_s, ready_s = Trial(), 0, None
    for wait_s, event in events:
        now_s += wait_s
        verdict = trial.verdict(now_s)
        if verdict == KEEP:
            assert ready_s is not None and now_s - ready_s >= HEALTHY_S
            if event != "refuse":
                return
            trial.refused(now_s, commit=True)
        elif verdict == GIVE_UP:
            return
        elif event == "ready":
            trial.ready(now_s)
            ready_s = now_s if ready_s is None else ready_s
        elif event == "ended":
            trial.ended()
            ready_s = None
    later_s = max(now_s + RETRY_S, GIVE_UP_S + HEALTHY_S)
    assert trial.verdict(later_s) in (KEEP, GIVE_UP) and trial.deadline_s() <= later_s


@pytest.mark.parametrize(
    "record, running, is_trial, expected",
    [
        (None, "a", False, None),
        (None, "b", True, ("b", TRIAL_RUNNING)),
        (("b", ASKED, EARLIER), "b", True, ("b", TRIAL_RUNNING)),
        (("b", ASKED, EARLIER), "a", False, ("b", "trial-failed:system-never-started")),
        (("b", ASKED, BOOT), "a", False, ("b", ASKED)),
        (("b", TRIAL_RUNNING, EARLIER), "a", False, ("b", "trial-failed:system-restarted")),
        (("b", TRIAL_RUNNING, EARLIER), "b", False, ("b", COMMITTED)),
        (("b", TRIAL_RUNNING, EARLIER), "b", True, ("b", TRIAL_RUNNING)),
        (("b", "trial-failed:node-never-ready", EARLIER), "a", False, ("b", "trial-failed:node-never-ready")),
        (("b", "trial-failed:node-never-ready", BOOT), "b", True, ("b", "trial-failed:node-never-ready")),
        (("a", COMMITTED, EARLIER), "a", False, ("a", COMMITTED)),
    ],
)
def test_what_a_start_concludes_from_the_record(record, running, is_trial, expected):
    found = settled(Record(*record) if record else None, running, is_trial, BOOT)
    assert (found and (found.slot, found.outcome)) == expected


@pytest.fixture
def folder_fd(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_a_record_is_kept(folder_fd, tmp_path):
    assert trial_record.load(folder_fd) is None
    trial_record.save(folder_fd, Record("a", ASKED, "x"))
    trial_record.save(folder_fd, Record("b", COMMITTED, BOOT))
    found = trial_record.load(folder_fd)
    assert (found.slot, found.outcome, found.boot) == ("b", COMMITTED, BOOT) and os.listdir(tmp_path) == [trial_record.FILE]
    assert len(trial_record.boot_id()) == 36 and trial_record.boot_id("/nowhere") == ""


def test_the_node_cannot_lead_the_record_elsewhere(folder_fd, tmp_path):
    (tmp_path / "victim").write_text("kept")
    for name in (trial_record.FILE, f"{trial_record.FILE}.new"):
        (tmp_path / name).symlink_to("victim")
    assert trial_record.load(folder_fd) is None
    trial_record.save(folder_fd, Record("a", ASKED, BOOT))
    assert (tmp_path / "victim").read_text() == "kept" and trial_record.load(folder_fd).slot == "a"
    os.unlink(tmp_path / trial_record.FILE)
    os.mkfifo(tmp_path / trial_record.FILE)
    os.mkfifo(tmp_path / f"{trial_record.FILE}.new")
    assert trial_record.load(folder_fd) is None
    trial_record.save(folder_fd, Record("a", ASKED, BOOT))
    assert trial_record.load(folder_fd).outcome == ASKED


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["slot", "outcome", "boot"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=600), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_record_is_read_or_ignored(data):
    found = trial_record.parse(data)
    assert found is None or (found.slot in ("a", "b") and found.outcome.isprintable() and len(found.outcome) <= trial_record.TEXT_MAX)


class SlottedBoard(DeviceBoard):
    """A device with slots."""

    def __init__(self, running="b", committed="a"):
        self.running, self.committed = running, committed
        self.commit_error = None

    def info(self):
        return {"board": "test", "is_device": True, "slot": self.running, "committed_slot": self.committed,
                "is_trial": self.running != self.committed}  # fmt: skip

    def switch_slot(self, slot, trial):
        if self.commit_error:
            raise self.commit_error
        if not trial:
            self.committed = slot
        return {"running": self.running, "next": slot, "trial": trial}


class Clock:
    """Seconds since the machine started, as the test sets them."""

    now_s = 10.0

    def monotonic(self):
        return self.now_s

    def time(self):
        return 0.0


@pytest.fixture
def slotted(supervisor, tmp_path, monkeypatch):  # noqa: F811
    """Function of a SlottedBoard: a supervisor on it, ten seconds after the machine started."""
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    monkeypatch.setattr(slot_trial, "time", clock)

    def on(board):
        supervisor._board = supervisor._worker._board = board
        supervisor.mark, supervisor.clock = tmp_path / "kept", clock
        supervisor._trial = open_trial(board, supervisor.folder_fd, str(supervisor.mark))
        supervisor.begin = supervisor._started_s = supervisor._due_s = supervisor._next_kick_s = clock.now_s
        return supervisor

    return on


@pytest.fixture
def tried(slotted):
    """A supervisor on a system that is on trial."""
    return slotted(SlottedBoard())


def at(made, now_s):
    """Judge at a moment at which the node has just beaten."""
    made.clock.now_s = now_s
    made._heartbeat.deadline_s = now_s + 5
    made._judge(now_s)


def say_ready(made, node):
    node.say(b'{"ready":{"text":"up"}}')
    made._hear(0)


def until_answered(made, condition):
    for _ in range(200):
        if condition():
            return
        made._hear(0.05)
    raise AssertionError("the worker did not answer")


def outcome(made):
    return trial_record.load(made.folder_fd).outcome


def lines(made):
    return [line for line in made._ring.newest(10_000) if "supervisor-trial" in line]


def test_a_node_that_stays_healthy_commits_its_system(tried):
    assert outcome(tried) == TRIAL_RUNNING and not tried.mark.exists()
    last = {"slot": "b", "outcome": TRIAL_RUNNING}
    assert tried._status()["slots"] == {"running": "b", "committed": "a", "is_trial": True, "last_trial": last}
    node, _ = start(tried)
    say_ready(tried, node)
    ready_s = tried._trial._trial._ready_s
    at(tried, ready_s + HEALTHY_S - 1)
    assert tried._board.committed == "a"
    assert tried._patience_s(ready_s + HEALTHY_S - 1) <= 1.1
    at(tried, ready_s + HEALTHY_S)
    until_answered(tried, lambda: outcome(tried) == COMMITTED)
    assert tried._board.committed == "b" and tried.mark.exists() and tried._board.reboots == 0
    last = {"slot": "b", "outcome": COMMITTED}
    assert tried._status()["slots"] == {"running": "b", "committed": "b", "is_trial": False, "last_trial": last} and lines(tried)
    at(tried, GIVE_UP_S + 10_000)
    assert tried._board.reboots == 0


def test_a_node_that_is_never_ready_brings_the_old_system_back(tried):
    node, _ = start(tried)
    at(tried, GIVE_UP_S)  # it beats, but serves nothing
    assert tried._phase == STOPPING and outcome(tried) == "trial-failed:node-never-ready"
    end(tried, node, 0)
    assert tried._board.reboots == 1 and tried._phase == DOWN and tried._board.committed == "a"
    tried._judge(GIVE_UP_S + 1000)
    assert tried._board.reboots == 1 and not tried.mark.exists()
    # The old system says so.
    old = SlotTrial("a", False, tried.folder_fd, str(tried.mark), EARLIER)
    assert old.said() == {"slot": "b", "outcome": "trial-failed:node-never-ready"} and tried.mark.exists()


def test_a_node_that_keeps_ending_brings_it_back_during_the_back_off(tried):
    for _ in range(FAILURES_MAX):
        tried.clock.now_s = tried._due_s
        tried._judge(tried._due_s)
        end(tried, tried._launch.nodes[-1], 1 << 8)
    assert tried._phase == WAITING
    tried._judge(tried.clock.now_s)
    assert tried._phase == DOWN and tried._board.reboots == 1


def test_a_restart_that_is_refused_is_asked_for_again(tried):
    tried._board.error = BoardError("failed", "No.")
    node, _ = start(tried)
    at(tried, GIVE_UP_S)
    end(tried, node, 0)
    assert tried._phase == WAITING and tried._board.reboots == 1
    at(tried, GIVE_UP_S + 1)
    assert tried._phase == RUNNING, "meanwhile the node runs"
    tried._board.error = None
    at(tried, GIVE_UP_S + RETRY_S)
    end(tried, tried._launch.nodes[-1], 0)
    assert tried._phase == DOWN


def test_a_commit_that_is_refused_keeps_the_trial_open(tried):
    tried._board.commit_error = BoardError("failed", "The disk did not keep what was written.")
    node, _ = start(tried)
    say_ready(tried, node)
    now_s = tried._trial._trial._ready_s + HEALTHY_S
    at(tried, now_s)
    assert tried._trial.deadline_s is None, "one at a time"
    until_answered(tried, lambda: lines(tried) and "commit=failed" in lines(tried)[-1])
    assert outcome(tried) == TRIAL_RUNNING and tried._trial.deadline_s is not None and not tried.mark.exists()


def test_an_asked_trial_is_kept_and_info_tells_of_it(slotted):
    made = slotted(SlottedBoard("a", "a"))
    assert made._trial.said() is None and made.mark.exists()
    node, _ = start(made)
    node.say(b'{"id":1,"verb":"switch_slot","args":{"slot":"b"}}')
    until_answered(made, lambda: trial_record.load(made.folder_fd) is not None)
    assert outcome(made) == ASKED
    node.say(b'{"id":2,"verb":"info","args":{}}')
    node.socket.setblocking(False)
    answers = []

    def answered():
        try:
            answers.append(json.loads(node.socket.recv(65536)))
        except BlockingIOError:
            pass
        return len(answers) == 2

    until_answered(made, answered)
    assert answers[1]["result"]["trial"] == {"slot": "b", "outcome": ASKED} and answers[1]["result"]["slot"] == "a"
    again = open_trial(made._board, made.folder_fd, str(made.mark))
    assert again.said()["outcome"] == ASKED, "the restart is still to come"
    later = SlotTrial("a", False, made.folder_fd, str(made.mark), EARLIER)
    assert later.said()["outcome"] == "trial-failed:system-never-started"


def test_a_board_without_slots_has_no_trial(folder_fd, tmp_path):
    class Bare(DeviceBoard):
        pass

    mark = tmp_path / "kept"
    assert isinstance(open_trial(Bare(), folder_fd, str(mark)), NoTrial) and mark.exists()


@pytest.mark.parametrize(
    ("settings", "seen", "is_kept"),
    [
        ({"slots": "uboot", "disk": "root"}, True, False),
        ({"slots": "uboot", "disk": "root"}, False, True),
        ({"slots": "uboot", "disk": "root"}, SlotError("damaged", "No."), True),
        ({"slots": "uboot"}, True, True),
        ({"slots": "none of ours"}, True, True),
    ],
)
def test_without_state_a_system_stays_unless_it_is_on_trial(tmp_path, settings, seen, is_kept):
    class Slots:
        is_trial = seen

    def opened(kind, disk):
        assert (kind, disk) == ("uboot", "root")
        if isinstance(seen, Exception):
            raise seen
        return Slots

    (tmp_path / "board.json").write_text(json.dumps(settings))
    slot_trial.keep_without_state(str(tmp_path / "board.json"), str(tmp_path / "kept"), opened)
    assert (tmp_path / "kept").exists() == is_kept


def test_a_state_folder_that_cannot_be_written_stops_no_trial(folder_fd, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(slot_trial, "save", refuse)
    tried = SlotTrial("b", True, folder_fd, str(tmp_path / "none/kept"), BOOT)
    assert tried.gives_up(GIVE_UP_S, None, lambda level, event, **values: None)


def test_trouble_of_the_start_is_in_log_and_status(supervisor):  # noqa: F811
    made = Supervisor(
        supervisor._profile, supervisor._board, supervisor._launch, supervisor._limits, supervisor.folder_fd, supervisor._console,
        supervisor._watchdog, None, [Trouble("data", "DATA is damaged.", False)],
    )  # fmt: skip
    assert made._status()["trouble"] == ["DATA is damaged."]
    assert made._ring.newest(1000) == ["error supervisor-trouble step=data DATA is damaged."]
