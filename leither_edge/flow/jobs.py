"""Long work that outlives who asked for it: started once, looked at from anywhere, stopped, its end kept for some minutes.

A command line or a page that is gone finds its work again: the same work of the same user is one job while it runs.
"""

import trio

from leither_edge.mimei.errors import Busy, NotFound

RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"
ID_BYTES = 8
# A sync, a backup, a restore and what people ask meanwhile; each holds channels and buffers.
RUNNING_MAX, OF_A_USER_MAX = 8, 4
# An end is some hundred bytes; who asked has gone for good after so long.
KEPT_MAX, KEPT_S = 32, 1800
WAIT_MAX_S = 30


class Job:
    """One piece of work. Attributes: id (text), user_id, kind, subject (texts), state, began, ended (s), progress (dict), result, error."""

    __slots__ = ("began", "ended", "error", "id", "kind", "over", "progress", "result", "scope", "state", "subject", "user_id")

    def __init__(self, id, user_id, kind, subject, now):
        self.id, self.user_id, self.kind, self.subject, self.began = id, user_id, kind, subject, now
        self.state, self.ended, self.progress, self.result, self.error = RUNNING, None, {}, None, None
        self.over, self.scope = trio.Event(), trio.CancelScope()

    def facts(self):
        """What is told of it: dict of plain things. error: {code, message} or None."""
        error = self.error and {"code": self.error[0], "message": self.error[1]}
        return {
            "id": self.id, "kind": self.kind, "subject": self.subject, "state": self.state, "began": self.began, "ended": self.ended,
            "progress": self.progress, "result": self.result, "error": error,
        }  # fmt: skip


class Jobs:
    """The jobs of a node.

    Args: nursery (trio.Nursery in which they run), clock (-> s since 1970), random_bytes (count -> bytes), log (of leither_edge.observe,
    or None).
    """

    def __init__(self, nursery, clock, random_bytes, log=None):
        self._nursery, self._clock, self._random, self._log = nursery, clock, random_bytes, log
        self._jobs = {}

    def start(self, user_id, kind, subject, work):
        """The Job of this work, the one that runs already where there is one. Raises Busy.

        Args: user_id (20 bytes, whose it is), kind, subject (texts: what is done, with what), work (async function that is given
        tell(facts) and gives the result; both dicts of plain things).
        """
        self._forget_old()
        running = [job for job in self._jobs.values() if job.state == RUNNING]
        own = [job for job in running if job.user_id == user_id]
        for job in own:
            if (job.kind, job.subject) == (kind, subject):
                return job
        if len(running) >= RUNNING_MAX or len(own) >= OF_A_USER_MAX:
            raise Busy("As much work as this node does at a time is under way. Wait for some of it, or stop some.")
        id = self._random(ID_BYTES).hex()
        job = self._jobs[id] = Job(id, user_id, kind, subject, self._clock())
        self._nursery.start_soon(self._run, job, work)
        return job

    def find(self, user_id, id):
        """The Job of an id, if it is this user's. Raises NotFound."""
        self._forget_old()
        job = self._jobs.get(id)
        if job is None or job.user_id != user_id:
            raise NotFound("There is no such work here. It may have ended long ago.")
        return job

    def of(self, user_id):
        """[Job] of a user, oldest first."""
        self._forget_old()
        return [job for job in self._jobs.values() if job.user_id == user_id]

    async def wait(self, user_id, id, timeout_s):
        """The Job once it has ended, or as it is after ``timeout_s``. Raises NotFound."""
        job = self.find(user_id, id)
        with trio.move_on_after(min(max(0, timeout_s), WAIT_MAX_S)):
            await job.over.wait()
        return job

    def stop(self, user_id, id):
        """End a Job; one that has ended stays as it is. Raises NotFound."""
        job = self.find(user_id, id)
        if job.state == RUNNING:
            job.scope.cancel()
        return job

    async def _run(self, job, work):
        def tell(facts):
            job.progress = facts

        try:
            with job.scope:
                try:
                    job.result = await work(tell)
                    job.state = DONE
                except Exception as error:
                    job.state, job.error = FAILED, self._reason(job, error)
            if job.state == RUNNING:
                job.state = STOPPED
        finally:
            # Also where the whole node ends: who waits must not wait on.
            if job.state == RUNNING:
                job.state = STOPPED
            job.ended = self._clock()
            job.over.set()

    def _reason(self, job, error):
        """(code, sentence) of what ended a job."""
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        code = getattr(error, "code", None)
        if isinstance(code, str):
            return code, str(error)
        if self._log is not None:
            # Not the text of the exception: it may quote what somebody sent.
            self._log.error("job-failure", job=job.kind, type=type(error).__name__, place=_place(error))
        return "internal", "The node could not do this because of an internal error. Its log says more."

    def _forget_old(self):
        ended = [job for job in self._jobs.values() if job.state != RUNNING and job.ended is not None]
        ended.sort(key=lambda job: job.ended)
        for position, job in enumerate(ended):
            if position < len(ended) - KEPT_MAX or self._clock() - job.ended > KEPT_S:
                del self._jobs[job.id]


def _place(error):
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
