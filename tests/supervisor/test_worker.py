"""Board verbs on their thread."""

import _thread
import select
import signal
import threading
import time

import pytest

from appliance.board import Board, BoardError
from appliance.supervisor.worker import QUEUE_MAX, Worker


class SlowBoard(Board):
    """Scans only when released."""

    def __init__(self):
        self.release = threading.Semaphore(0)
        self.began = threading.Semaphore(0)
        self.done = 0

    def wifi_scan(self):
        self.began.release()
        self.release.acquire()
        self.done += 1
        return []

    def wifi_forget(self):
        raise ZeroDivisionError("a defect with a secret in it")

    def wifi_status(self):
        raise SystemExit(3)


@pytest.fixture
def board():
    board = SlowBoard()
    yield board
    for _ in range(100):
        board.release.release()


@pytest.fixture
def worker(board):
    return Worker(board, limit_of=lambda verb: 10)


def collect(worker, answers, count):
    """Collect until there are so many answers."""
    while len(answers) < count:
        assert select.select([worker], [], [], 10)[0]
        worker.collect()


def into(answers):
    return lambda result, error: answers.append(error.code if error else result)


def test_results_and_errors_come_back(board, worker):
    answers = []
    for verb in ("info", "ap_stop", "wifi_forget", "wifi_status", "temperature"):
        worker.submit(verb, {}, into(answers), 0)
        collect(worker, answers, len(answers) + 1)
    assert answers == [{"board": "none", "is_device": False}, "unsupported", "failed", "failed", None]
    assert worker.deadline_s() is None


def test_a_defect_is_named_but_not_quoted(board, worker):
    errors = []
    worker.submit("wifi_forget", {}, lambda result, error: errors.append(error.message), 0)
    collect(worker, errors, 1)
    assert "ZeroDivisionError" in errors[0] and "secret" not in errors[0]


def test_the_queue_is_bounded(board, worker):
    answers = []
    worker.submit("wifi_scan", {}, into(answers), 0)
    board.began.acquire()
    for _ in range(QUEUE_MAX):
        worker.submit("info", {}, into(answers), 0)
    with pytest.raises(BoardError) as caught:
        worker.submit("info", {}, into(answers), 0)
    assert caught.value.code == "busy"
    board.release.release()
    collect(worker, answers, QUEUE_MAX + 1)
    assert answers[0] == [] and answers[1]["board"] == "none"


def test_a_hung_verb_is_answered_and_the_board_is_busy_until_it_returns(board, worker):
    answers = []
    worker.submit("wifi_scan", {}, into(answers), 0)
    board.began.acquire()
    worker.submit("info", {}, into(answers), 5)
    assert worker.deadline_s() == 10
    worker.expire(9.9)
    assert answers == []
    worker.expire(10)
    assert answers == ["timeout"] and worker.stuck
    with pytest.raises(BoardError) as caught:
        worker.submit("info", {}, into(answers), 10)
    assert caught.value.code == "busy"
    worker.expire(15)
    assert answers == ["timeout", "timeout"]
    assert worker.deadline_s() is None

    board.release.release()
    assert select.select([worker], [], [], 10)[0]
    worker.collect()
    assert not worker.stuck and len(answers) == 2
    worker.submit("info", {}, into(answers), 20)
    collect(worker, answers, 3)
    assert answers[2]["board"] == "none" and board.done == 1


def test_expired_while_waiting_is_never_run(board, worker):
    answers = []
    worker.submit("wifi_scan", {}, into(answers), 8)
    board.began.acquire()
    worker.submit("wifi_scan", {}, into(answers), 0)
    worker.expire(10)
    assert answers == ["timeout"]
    board.release.release()
    collect(worker, answers, 2)
    assert answers == ["timeout", []] and board.done == 1


def test_a_signal_to_its_thread_does_not_end_it(board, worker, monkeypatch):
    """Programs of the board end with SIGCHLD, and the kernel may give that to any thread."""
    threads = []
    start = _thread.start_new_thread
    monkeypatch.setattr(_thread, "start_new_thread", lambda *arguments: threads.append(start(*arguments)))
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        answers = []
        worker.submit("info", {}, into(answers), 0)
        collect(worker, answers, 1)
        for _ in range(5):
            time.sleep(0.02)  # so that it waits for work again
            signal.pthread_kill(threads[0], signal.SIGUSR1)
        time.sleep(0.02)
        worker.submit("info", {}, into(answers), 0)
        collect(worker, answers, 2)
    finally:
        signal.signal(signal.SIGUSR1, before)
