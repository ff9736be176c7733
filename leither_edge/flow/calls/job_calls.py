"""Calls on long work: every caller sees his own."""

from leither_edge.mimei.errors import NotSignedIn

from .failures import text_of

JOB_CHARS_MAX = 64


class JobCalls:
    """What the groups of calls share, and the calls on jobs. Attributes: jobs (Jobs), library; see FlowCalls."""

    def start(self, session, kind, subject, work):
        """The facts of the job that does this work for a session. Raises Busy, NotSignedIn. Args: as Jobs.start."""
        return self.jobs.start(user_of(session), kind, subject, work).facts()

    async def job_list(self, session):
        """[facts of a job] of the caller, oldest first."""
        return [job.facts() for job in self.jobs.of(user_of(session))]

    async def job_wait(self, session, job, seconds):
        """The facts of a job once it has ended, or as it is after so long."""
        return (await self.jobs.wait(user_of(session), text_of(job, "A job's id", JOB_CHARS_MAX), seconds)).facts()

    async def job_stop(self, session, job):
        """The facts of a job that is stopped."""
        return self.jobs.stop(user_of(session), text_of(job, "A job's id", JOB_CHARS_MAX)).facts()


def user_of(session):
    """The caller's id. Raises NotSignedIn."""
    if session.user_id is None:
        raise NotSignedIn("Sign in first.")
    return session.user_id
