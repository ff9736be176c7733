"""The trial of the running system: the rule, what is kept of it, and the mark for init's own guard."""

import os
import time

from appliance.board import BoardError, board_file
from appliance.slots import SlotError, open_slots, other
from appliance.supervisor.trial import ASKED, COMMITTED, FAILED, GIVE_UP, KEEP, Record, Trial, settled
from appliance.supervisor.trial_record import boot_id, load, save

# Without it init restarts a machine on which no supervisor ever came this far (image/board/common/overlay/etc/leither/trial-guard).
KEPT_MARK = "/run/leither/kept"


class NoTrial:
    """Where there are no slots: a laptop."""

    deadline_s = None

    def said(self):
        """The last trial, for log and info."""

    def slots(self):
        """What the status shows."""

    def ready(self, now_s):
        """See SlotTrial, as for all others."""

    def ended(self):
        pass

    def told(self, verb, arguments, reply):
        return reply

    def gives_up(self, now_s, submit, say):
        return False


class SlotTrial:
    """The running system, on trial or kept.

    Args:
        slot: "a" or "b", the running one.
        is_trial: whether it is on trial.
        folder_fd: state folder.
        mark: path of the file that says that this system is kept, or that no system is on trial.
        boot: what tells this start of the machine from others.
    """

    def __init__(self, slot, is_trial, folder_fd, mark=KEPT_MARK, boot=None):
        self.slot = slot
        self._folder_fd = folder_fd
        self._mark = mark
        self._boot = boot_id() if boot is None else boot
        self._trial = Trial() if is_trial else None
        self._is_busy = False
        before = load(folder_fd)
        self._record = settled(before, slot, is_trial, self._boot)
        if self._record is not before:
            self._save()
        if not is_trial:
            set_mark(mark)

    @property
    def deadline_s(self):
        """When there may be a verdict, or None."""
        return None if self._trial is None or self._is_busy else self._trial.deadline_s()

    def said(self):
        """The last trial: slot and outcome ("trial-committed", "trial-failed:node-never-ready", ...), or None."""
        return None if self._record is None else {"slot": self._record.slot, "outcome": self._record.outcome}

    def slots(self):
        """Both slots, for the status: {"running", "committed", "is_trial", "last_trial"}, the last as in said()."""
        is_trial = self._trial is not None
        committed = other(self.slot) if is_trial else self.slot
        return {"running": self.slot, "committed": committed, "is_trial": is_trial, "last_trial": self.said()}

    def ready(self, now_s):
        """The node serves."""
        if self._trial is not None:
            self._trial.ready(now_s)

    def ended(self):
        """The node is gone."""
        if self._trial is not None:
            self._trial.ended()

    def told(self, verb, arguments, reply):
        """``reply`` to a verb of the board, which first notes what the answer means here, or adds what is known here."""

        def answer(result, error):
            if error is None and verb == "switch_slot" and arguments["trial"] and arguments["slot"] != self.slot:
                self._note(arguments["slot"], ASKED)
            elif error is None and verb == "info" and self._record is not None:
                result = {**result, "trial": self.said()}
            reply(result, error)

        return answer

    def gives_up(self, now_s, submit, say):
        """Whether the machine must restart now, so that the old system returns. Keeps the running one once it has shown itself well.

        submit: Worker.submit; say: function of level, event and values, for the log.
        """
        verdict = None if self._trial is None or self._is_busy else self._trial.verdict(now_s)
        if verdict == KEEP:
            self._commit(now_s, submit, say)
        elif verdict == GIVE_UP:
            self._note(self.slot, f"{FAILED}:{self._trial.reason}")
            say("error", "trial", **self.said())
            self._trial.refused(now_s, commit=False)  # asked for again if the restart fails
        return verdict == GIVE_UP

    def _commit(self, now_s, submit, say):
        def answered(_result, error):
            self._is_busy = False
            if error is None:
                self._trial = None
                self._note(self.slot, COMMITTED)
                set_mark(self._mark)
                say("info", "trial", **self.said())
            else:
                # After the time the worker took, which may have been all of it.
                self._trial.refused(time.monotonic(), commit=True)
                say("error", "trial", commit=error.code)

        self._is_busy = True
        try:
            submit("switch_slot", {"slot": self.slot, "trial": False}, answered, now_s)
        except BoardError as error:
            answered(None, error)

    def _note(self, slot, outcome):
        record = Record(slot, outcome, self._boot)
        if self._record is None or (self._record.slot, self._record.outcome, self._record.boot) != (slot, outcome, self._boot):
            self._record = record
            self._save()

    def _save(self):
        try:
            save(self._folder_fd, self._record)
        except OSError:
            pass  # it is for people to read; the slots themselves are what counts


def set_mark(path):
    """Tell init's guard that this system is kept."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # the guard restarts a kept system once too often


def open_trial(board, folder_fd, mark=KEPT_MARK):
    """SlotTrial of a board that has slots, otherwise NoTrial."""
    slots = slots_of(board)
    if slots is not None:
        return SlotTrial(*slots, folder_fd, mark)
    if board.is_device:
        set_mark(mark)
    return NoTrial()


def slots_of(board):
    """(running slot, whether it is on trial), or None where there are no slots."""
    try:
        said = board.info()
        return said["slot"], said["is_trial"]
    except (BoardError, KeyError):
        return None


def keep_without_state(settings_path=board_file.PATH, mark=KEPT_MARK, open_slots=open_slots):
    """Set the mark on a machine that found no STATE, unless its system is on trial: the one before may find it."""
    try:
        settings = board_file.read(settings_path)
        is_trial = bool(settings["slots"] and settings["disk"]) and open_slots(settings["slots"], settings["disk"]).is_trial
    except (BoardError, SlotError):
        is_trial = False
    if not is_trial:
        set_mark(mark)
