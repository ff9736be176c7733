"""What people and programs ask of a node about others: one face for JSON-RPC and the command line. Rights, jobs, plain answers."""

from .backup_calls import BackupCalls
from .content_calls import ContentCalls
from .job_calls import JobCalls
from .peer_calls import PeerCalls

__all__ = ["FlowCalls"]


class FlowCalls(PeerCalls, ContentCalls, BackupCalls, JobCalls):
    """Calls take a Session of the library first, then plain things: ids of MiMei as 20 bytes, peers and links as text. What they give is
    plain, too. Those that take long give the facts of a job (see jobs.Job.facts); its progress is {doing, done, total, rate, providers,
    note, asks}, each of which may be missing. All of them raise MimeiError.

    Args: library; peers (Peers); flow (Flow); jobs (Jobs); invitations (Invitations); keeping, holder, bringing, leaving (of ../backup);
    may_run (Session -> whether he runs this node, which peers and backups are for); addresses (-> texts by which others reach this node);
    default_port (of addresses without one); search (Search).
    """

    def __init__(
        self, library, peers, flow, jobs, *, invitations, keeping, holder, bringing, leaving, may_run, addresses, default_port, search
    ):  # fmt: skip
        self.library, self.peers, self.flow, self.jobs = library, peers, flow, jobs
        self.invitations, self.keeping, self.holder, self.bringing, self.leaving = invitations, keeping, holder, bringing, leaving
        self.may_run, self.own_addresses, self.default_port, self.search = may_run, addresses, default_port, search
        # {job id: FarKey} of jobs whose key lies elsewhere.
        self._far_keys = {}
