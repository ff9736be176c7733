"""The supervisor's loop: one node at a time, watched until somebody ends it.

Order in a turn: hear everything first (signals, log, messages, finished verbs), judge the time afterwards. A supervisor
that was itself held up, by a stopped terminal or a busy machine, then finds the beats that came meanwhile before it
looks at the clock, and never kills a healthy node.
"""

import _signal as signal  # as in the supervisor's __main__
import os
import select
import time

from appliance.board import BoardError
from appliance.board.verbs import BOARD, VERBS
from appliance.supervisor.backoff import Backoff
from appliance.supervisor.child import EXEC_FAILED
from appliance.supervisor.control import Control
from appliance.supervisor.heartbeat import Heartbeat
from appliance.supervisor.log_ring import LineSplitter, LogRing, newest_that_fit
from appliance.supervisor.signals import Signals
from appliance.supervisor.slot_trial import NoTrial
from appliance.supervisor.state_folder import complete_reset, forget_content, is_reset_requested, request_reset
from appliance.supervisor.status import flattened, own_memory_kib
from appliance.supervisor.worker import Worker

KIB = 1024
# From SIGTERM to SIGKILL: finish the requests in hand and close the store.
STOP_S = 10.0
# From SIGABRT to SIGKILL: write where it hangs (faulthandler) to the log.
ABORT_S = 2.0
# Hardware watchdogs of small boards bite after 15 s or more.
WATCHDOG_KICK_S = 5.0
STDERR_READ_BYTES = 65_536
DRAIN_TURNS = 64

# How a node asks to be started again at once (sysexits.h: EX_TEMPFAIL), and the ends that no restart mends.
EXIT_RESTART = 75
EXITS_FINAL = (0, 1, 2, EXEC_FAILED)

# Verbs that only look: a page asks for them every second, and the log ring has better to keep.
LOOKING = ("wifi_status", "temperature", "info", "logs", "crash", "supervisor_status")

# What is going on, and what happens once the node has ended.
RUNNING, STOPPING, WAITING, DOWN = "running", "stopping", "waiting", "down"
LEAVE, RESTART, REBOOT, RESET, RECOVER = "leave", "restart", "reboot", "factory-reset", "recover"


class Supervisor:
    """Keeps a node running.

    Args:
        profile: hardware profile.
        board: Board.
        launch: Launch.
        limits: Limits, for reporting.
        folder_fd: locked state folder.
        console: Console.
        watchdog: NoWatchdog or HardwareWatchdog.
        trial: SlotTrial, or None where there are no slots.
        troubles: what went wrong when the machine started, list of Trouble.
    """

    def __init__(self, profile, board, launch, limits, folder_fd, console, watchdog, trial=None, troubles=(), data=None):
        self._profile = profile
        self._board = board
        self._launch = launch
        self._limits = limits
        self._folder_fd = folder_fd
        self._console = console
        self._watchdog = watchdog
        self._trial = trial or NoTrial()
        self._troubles = troubles
        self._data = data
        self._signals = Signals()
        self._worker = Worker(board)
        self._heartbeat = Heartbeat(profile.supervisor.heartbeat_timeout_s)
        self._backoff = Backoff(profile.supervisor.backoff_min_s, profile.supervisor.backoff_max_s)
        self._ring = LogRing(profile.log.ring_kib * KIB)
        self._crash = None
        self._counters = {}
        self._started_s = time.monotonic()
        self._phase = WAITING
        self._due_s = self._started_s  # WAITING: start the node. STOPPING: kill it.
        self._after = None
        self._reason = None
        self._child = self._control = self._splitter = None
        self._node_started_s = None
        self._ready = self._ever_ready = False
        self._restarts = -1
        self._memory_kills = 0
        self._next_kick_s = self._started_s
        self._exit_code = None
        for trouble in troubles:
            self._keep_line(f"error supervisor-trouble step={trouble.step} {trouble.sentence}")
        if self._trial.said():
            self._say("info", "trial", **self._trial.said())

    def run(self):
        """Supervise until told to stop or until no restart would help. Returns the exit code."""
        while self._exit_code is None:
            self._judge(time.monotonic())
            if self._exit_code is None:
                self._hear(self._patience_s(time.monotonic()))
        try:
            self._watchdog.close()
        except OSError:
            pass  # it ends with us
        if self._exit_code == 0 and not self._board.is_device:
            # On a line of its own: the terminal has just shown ^C.
            self._console.show("\nStopped. What it keeps is safe; started again, it goes on from there.")
        return self._exit_code

    # What comes in.

    def _hear(self, patience_s):
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        poll.register(self._worker, select.POLLIN)
        control_fd = stderr_fd = None
        if self._child is not None:
            stderr_fd = self._child.stderr_fd
            if stderr_fd is not None:
                poll.register(stderr_fd, select.POLLIN)
            if self._control.is_open:
                control_fd = self._control.fileno()
                poll.register(control_fd, select.POLLOUT if self._control.is_backed_up else select.POLLIN | select.POLLRDHUP)
        for fd, events in poll.poll(None if patience_s is None else max(0, patience_s * 1000 + 1)):
            if fd == self._signals.fileno():
                self._on_signals(self._signals.take())
            elif fd == self._worker.fileno():
                self._worker.collect()
            elif fd == stderr_fd:
                self._read_log()
            elif fd == control_fd and self._control is not None:
                self._control.flush()
                self._control.receive(hung_up=bool(events & (select.POLLHUP | select.POLLRDHUP)))
        if self._child is not None and self._child.has_ended():
            self._on_end()

    def _on_signals(self, numbers):
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            if self._after == LEAVE:
                self._due_s = time.monotonic()  # asked twice: do not wait for the node
            self._stop(LEAVE, "stopped")
        elif signal.SIGHUP in numbers:
            # A closed terminal window sends the same signal as an administrator's "restart".
            self._stop(LEAVE if self._console.hung_up() else RESTART, "hang-up")

    def _read_log(self):
        try:
            data = os.read(self._child.stderr_fd, STDERR_READ_BYTES)
        except BlockingIOError:
            return False
        lines = self._splitter.feed(data) if data else self._splitter.finish()
        for line in lines:
            self._keep_line(line)
        if not data:
            os.close(self._child.stderr_fd)
            self._child.stderr_fd = None
        return bool(data)

    def _keep_line(self, line):
        self._ring.append(int(time.time()), line)
        self._console.log(line)

    def _say(self, level, event, **values):
        line = " ".join([level, f"supervisor-{event}", *(f"{key}={value}" for key, value in values.items())])
        self._ring.append(int(time.time()), line)
        if level == "error":
            self._console.log(line)

    def _count(self, name):
        self._counters[name] = self._counters.get(name, 0) + 1

    def _on_beat(self, sequence):
        if not self._heartbeat.has_beaten:
            self._say("info", "limits", **flattened(self._limits.in_force(self._child.pid)))
        if not self._heartbeat.beat(time.monotonic(), sequence):
            self._count("beats_repeated")

    def _on_ready(self, text):
        self._ready = self._ever_ready = True
        self._trial.ready(time.monotonic())
        self._console.announce(text)

    def _on_request(self, verb, arguments, reply):
        self._count("requests")
        if verb not in LOOKING:
            self._say("info", "verb", verb=verb)
        if verb == "identify" and not self._board.is_device:
            # A board without a lamp: the terminal is where a person sees which one it is.
            self._console.show(f"This is the device that was asked to identify itself, for {arguments['seconds']} seconds.")
        if VERBS[verb].place == BOARD:
            self._worker.submit(verb, arguments, self._trial.told(verb, arguments, reply), time.monotonic())
        elif verb == "logs":
            reply({"lines": self._ring.lines(**arguments), "dropped": self._ring.dropped}, None)
        elif verb == "crash":
            reply(self._crash and dict(self._crash, lines=newest_that_fit(self._crash["lines"])), None)
        elif verb == "supervisor_status":
            reply(self._status(), None)
        elif verb == "reboot":
            reply({"ok": True}, None)
            self._stop(REBOOT, "reboot")
        elif verb == "factory_reset":
            try:
                request_reset(self._folder_fd)
            except OSError as error:
                raise BoardError("failed", f"The factory reset could not be noted down: {error.strerror}.") from None
            reply({"ok": True}, None)
            self._stop(RESET, "factory-reset")

    def _status(self):
        now_s = time.monotonic()
        node = {"phase": self._phase, "ready": self._ready, "last_end": self._reason}
        if self._child is not None:
            node.update(pid=self._child.pid, uptime_s=int(now_s - self._node_started_s))
        return {
            "restarts": max(0, self._restarts),
            "uptime_s": int(now_s - self._started_s),
            "rss_kib": own_memory_kib(),
            "limits": self._limits.in_force(self._child.pid) if self._child else None,
            "node": node,
            "counters": self._counters,
            "watchdog": self._watchdog.name,
            "board_stuck": self._worker.stuck,
            "slots": self._trial.slots(),
            "trouble": [trouble.sentence for trouble in self._troubles],
        }

    # What is decided.

    def _judge(self, now_s):
        self._worker.expire(now_s)
        if self._phase == RUNNING and not self._heartbeat.fresh(now_s):
            reason = "heartbeat-lost" if self._heartbeat.has_beaten else "start-timeout"
            self._say("error", "kill", reason=reason)
            self._stop(RECOVER, reason, signal.SIGABRT, ABORT_S)
        elif self._phase == STOPPING and now_s >= self._due_s:
            self._child.signal(signal.SIGKILL)
            self._due_s = now_s + STOP_S  # should even that not help (a process stuck in the kernel), try again
        elif self._phase == WAITING and now_s >= self._due_s:
            self._start(now_s)
        if self._phase != DOWN and self._trial.gives_up(now_s, self._worker.submit, self._say):
            self._leave_slot(now_s)
        if self._heartbeat.fresh(now_s) and now_s >= self._next_kick_s:
            self._kick()

    def _leave_slot(self, now_s):
        if self._child is not None:
            self._stop(REBOOT, "trial-failed")
        else:
            self._due_s = now_s
            self._reboot()

    def _kick(self):
        try:
            self._watchdog.kick()
        except OSError as error:
            self._say("error", "watchdog", reason=error.strerror)
        self._next_kick_s = time.monotonic() + WATCHDOG_KICK_S

    def _patience_s(self, now_s):
        due = [self._worker.deadline_s(), None if self._phase == DOWN else self._trial.deadline_s]
        if self._phase == RUNNING:
            due.append(self._heartbeat.deadline_s)
        elif self._phase != DOWN:
            due.append(self._due_s)
        if self._watchdog.name != "none" and self._heartbeat.fresh(now_s):
            due.append(self._next_kick_s)
        due = [moment_s for moment_s in due if moment_s is not None]
        return max(0.0, min(due) - now_s) if due else None

    def _stop(self, after, reason, number=signal.SIGTERM, bound_s=STOP_S):
        """End the node and then do ``after``. Leaving outweighs all else; a reset outweighs a restart."""
        if self._child is None:
            if after == LEAVE:
                self._exit_code = 0
            elif self._phase == WAITING:
                self._due_s = time.monotonic()
            return
        if self._after not in (LEAVE, RESET) or after == LEAVE:
            self._after, self._reason = after, reason
        if self._phase == RUNNING:
            self._phase = STOPPING
            self._due_s = time.monotonic() + bound_s
            self._child.signal(number)

    # What is done.

    def _forget(self):
        if self._data is not None:
            forget_content(self._data, self._kick)
        self._board.forget_settings()

    def _start(self, now_s):
        try:
            if is_reset_requested(self._folder_fd):
                complete_reset(self._folder_fd, self._forget, self._kick)
                self._say("info", "factory-reset-done")
        except (OSError, BoardError) as error:
            self._console.complain(f"The factory reset could not be completed: {error}.")
            self._exit_code = 1
            return
        self._heartbeat.started(now_s)
        self._backoff.started(now_s)
        try:
            self._child = self._launch.start()
        except OSError as error:
            self._reason = f"fork: {error.strerror}"
            self._wait(now_s)
            return
        self._control = Control(self._child.control, self._on_beat, self._on_ready, self._on_request, self._count)
        self._splitter = LineSplitter(self._profile.log.line_max_bytes)
        self._node_started_s = now_s
        self._phase, self._after, self._ready = RUNNING, None, False
        self._restarts += 1
        self._say("info", "start", pid=self._child.pid)

    def _on_end(self):
        """The node has ended: hear its last words, then do what was decided or what its end asks for."""
        for _ in range(DRAIN_TURNS):
            if not self._control.is_open or self._control.is_backed_up:
                break
            self._control.receive(hung_up=True)
        for _ in range(DRAIN_TURNS):
            if self._child.stderr_fd is None or not self._read_log():
                break
        now_s = time.monotonic()
        lived_s = now_s - self._node_started_s
        code = os.waitstatus_to_exitcode(self._child.reap())
        self._control.close()
        self._trial.ended()
        if self._child.stderr_fd is not None:
            os.close(self._child.stderr_fd)
        self._child = self._control = None
        after = self._after or self._asked_by(code, lived_s)
        self._reason = self._reason if self._after else self._why(code)
        self._say("info" if after != RECOVER else "error", "end", reason=self._reason, code=code, lived_s=round(lived_s, 1))
        self._after = None
        if after == RECOVER:
            self._keep_crash(code, lived_s)
            self._wait(now_s)
        elif after == LEAVE:
            self._leave(code)
        else:
            self._phase, self._due_s = WAITING, now_s
            if after == REBOOT:
                self._reboot()

    def _reboot(self):
        try:
            self._board.reboot()
        except (BoardError, OSError) as error:
            self._say("error", "reboot", reason=type(error).__name__)
        else:
            self._phase = DOWN if self._board.is_device else WAITING

    def _asked_by(self, code, lived_s):
        if code == EXIT_RESTART and lived_s >= self._profile.supervisor.backoff_min_s:
            return RESTART
        # On a device nobody reads why it left, and init would start it again at once, without the back-off.
        if code in EXITS_FINAL and not self._ever_ready and not self._board.is_device:
            return LEAVE
        return RECOVER

    def _leave(self, code):
        stopped = self._reason in ("stopped", "hang-up")
        self._exit_code = 0 if stopped else code
        if self._exit_code and not self._console.shows_log:
            self._console.complain("\n".join(self._ring.newest(self._profile.log.crash_kib * KIB)))

    def _wait(self, now_s):
        delay_s = self._backoff.failed(now_s)
        self._say("info", "restart", in_s=delay_s, failures=self._backoff.failures)
        self._phase, self._due_s = WAITING, now_s + delay_s

    def _why(self, code):
        cgroup = self._limits.cgroup
        kills = cgroup.memory_kills() if cgroup is not None else 0
        killed_for_memory, self._memory_kills = kills > self._memory_kills, kills
        if killed_for_memory:
            return "out-of-memory"
        if code >= 0:
            return f"exit-{code}"
        from signal import Signals  # their names, which only a crash needs

        return Signals(-code).name

    def _keep_crash(self, code, lived_s):
        lines = self._ring.newest(self._profile.log.crash_kib * KIB)
        if self._board.is_device and not self._ever_ready and not self._backoff.failures:
            self._console.complain("The node does not start:\n" + "\n".join(lines))
        self._crash = {"time": int(time.time()), "reason": self._reason, "code": code, "uptime_s": int(lived_s), "lines": lines}
