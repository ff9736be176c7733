"""One thread for the verbs that may block, so that the loop never does.

The thread only ever runs a job and hands it back; answers, time limits and bounds are the loop's. A verb that hangs
is answered with a time-out while its thread stays stuck: later verbs are refused as busy instead of being run beside
it, since two at once on one radio is how drivers are wedged.
"""

import _thread  # the thin layer below threading, which alone costs 0.8 MB
import os
from collections import deque

from appliance.board import BoardError
from appliance.board.verbs import VERBS, carry_out

QUEUE_MAX = 4
STACK_BYTES = 512 * 1024


class Job:
    """A verb in hand. ``reply(result, error)`` is called exactly once, on the loop."""

    __slots__ = ("verb", "arguments", "reply", "deadline_s", "answered", "result", "error")

    def __init__(self, verb, arguments, reply, deadline_s):
        self.verb = verb
        self.arguments = arguments
        self.reply = reply
        self.deadline_s = deadline_s
        self.answered = False
        self.result = None
        self.error = None


class Worker:
    """Runs board verbs one after the other.

    Args:
        board: Board.
        limit_of: seconds a verb may take from being asked, by name.
    """

    def __init__(self, board, limit_of=lambda verb: VERBS[verb].time_limit_s):
        self._board = board
        self._limit_of = limit_of
        self._waiting = deque()
        self._finished = deque()
        self._running = None
        self._open = []
        self._work_fd = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self._done_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._has_thread = False

    def fileno(self):
        """Readable when a job has finished."""
        return self._done_fd

    def submit(self, verb, arguments, reply, now_s):
        """Take a checked verb. Raises BoardError busy."""
        if self.stuck or len(self._waiting) >= QUEUE_MAX:
            raise BoardError("busy", "The board is still busy with what it was asked before.")
        job = Job(verb, arguments, reply, now_s + self._limit_of(verb))
        self._open.append(job)
        self._waiting.append(job)
        if not self._has_thread:
            _thread.stack_size(STACK_BYTES)
            _thread.start_new_thread(self._run, ())
            self._has_thread = True
        os.eventfd_write(self._work_fd, 1)

    @property
    def stuck(self):
        """Whether the thread is still in a verb that has already been answered with a time-out."""
        running = self._running
        return running is not None and running.answered

    def collect(self):
        """Answer what has finished."""
        try:
            os.eventfd_read(self._done_fd)
        except BlockingIOError:
            pass
        while self._finished:
            job = self._finished.popleft()
            if not job.answered:
                self._answer(job, job.result, job.error)

    def expire(self, now_s):
        """Answer what has taken too long."""
        for job in [job for job in self._open if job.deadline_s <= now_s]:
            try:
                self._waiting.remove(job)
            except ValueError:
                pass  # the thread has it
            limit_s = self._limit_of(job.verb)
            self._answer(job, None, BoardError("timeout", f"The board did not finish {job.verb} within {limit_s} seconds."))

    def deadline_s(self):
        """When ``expire`` has something to do, or None."""
        return min((job.deadline_s for job in self._open), default=None)

    def _answer(self, job, result, error):
        job.answered = True
        self._open.remove(job)
        job.reply(result, error)

    def _run(self):
        while True:
            try:
                os.eventfd_read(self._work_fd)
            except InterruptedError:
                continue  # one of the board's programs has ended: unlike other calls this one is not begun again by itself
            try:
                job = self._running = self._waiting.popleft()
            except IndexError:
                continue  # it expired while waiting
            try:
                job.result = carry_out(self._board, job.verb, job.arguments)
            except BoardError as error:
                job.error = error
            except BaseException as error:  # a defect of one board must not end the supervisor
                job.error = BoardError("failed", f"The board failed at {job.verb} ({type(error).__name__}).")
            self._running = None
            self._finished.append(job)
            os.eventfd_write(self._done_fd, 1)
