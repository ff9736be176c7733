"""Whether a system on trial is kept. Pure: time comes in, as seconds since the machine started, so that it outlives this process.

A system that nobody keeps is left by itself: the next start is the old one's. So every doubt ends in a restart.
"""

# A node that hangs as soon as it is ready is found out within one heartbeat timeout (30 s in every profile); this is two.
HEALTHY_S = 60.0
# Four starts of a node that says nothing (90 s each on the slowest card), and before the back-off outlasts the hardware watchdog,
# which would restart the board without a reason kept.
GIVE_UP_S = 420.0
# The back-off has then doubled to 16 s: no accident any more.
FAILURES_MAX = 5
# A restart or a commit that was refused is tried again.
RETRY_S = 30.0

KEEP, GIVE_UP = "keep", "give-up"

ASKED, RUNNING, COMMITTED, FAILED = "trial-asked", "trial-running", "trial-committed", "trial-failed"
NEVER_READY, NOT_HEALTHY, NOT_KEPT = "node-never-ready", "node-not-healthy", "commit-refused"
NEVER_STARTED, RESET = "system-never-started", "system-restarted"


class Trial:
    """One system on trial. reason: why it would be given up now."""

    __slots__ = ("_ready_s", "_failures", "_after_s", "reason")

    def __init__(self):
        self._ready_s = None
        self._failures = 0
        self._after_s = 0.0
        self.reason = NEVER_READY

    def ready(self, now_s):
        """The node serves."""
        if self._ready_s is None:
            self._ready_s = now_s
        if self.reason == NEVER_READY:
            self.reason = NOT_HEALTHY

    def ended(self):
        """The node is gone, for whatever reason; its health begins anew."""
        self._ready_s = None
        self._failures += 1

    def refused(self, now_s, commit):
        """A commit, or else a restart, was refused."""
        if commit:
            self.reason = NOT_KEPT
        self._after_s = now_s + RETRY_S

    def verdict(self, now_s):
        """KEEP, GIVE_UP or None for not yet."""
        if now_s < self._after_s:
            return None
        if self._ready_s is not None and now_s >= self._ready_s + HEALTHY_S:
            return GIVE_UP if self.reason == NOT_KEPT and now_s >= GIVE_UP_S else KEEP
        if self._ready_s is not None and self._ready_s < GIVE_UP_S:
            return None  # ready in time: it gets its minute
        return GIVE_UP if now_s >= GIVE_UP_S or self._failures >= FAILURES_MAX else None

    def deadline_s(self):
        """When there may be a verdict."""
        return max(self._after_s, GIVE_UP_S if self._ready_s is None else self._ready_s + HEALTHY_S)


class Record:
    """What is kept about the last trial: slot, outcome, and the machine's start (boot) it was written in."""

    __slots__ = ("slot", "outcome", "boot")

    def __init__(self, slot, outcome, boot):
        self.slot, self.outcome, self.boot = slot, outcome, boot


def settled(record, running, is_trial, boot):
    """The Record after a start of the supervisor, given the one before (or None) and what the slots say."""
    if is_trial:
        begun = record is not None and record.slot == running and record.boot == boot and record.outcome != ASKED
        return record if begun else Record(running, RUNNING, boot)
    if record is None or record.outcome not in (ASKED, RUNNING):
        return record
    if record.slot == running:
        # Committed, and cut off before that was written down.
        return Record(running, COMMITTED, boot)
    if record.boot == boot:
        return record  # asked for, and the restart is still to come
    reason = NEVER_STARTED if record.outcome == ASKED else RESET
    return Record(record.slot, f"{FAILED}:{reason}", boot)
