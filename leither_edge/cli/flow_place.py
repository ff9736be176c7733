"""A node to ask about others: one of this computer's store that lives as long as a command, or a running one."""

import contextlib
import math
import time

from leither_edge.cli.failure import Failure, RefusedError, UnreachableError
from leither_edge.cli.mimei_failures import failure
from leither_edge.cli.mimei_place import content
from leither_edge.cli.output import clean

# A job is asked for anew so often, by who shows how far it is.
LOOK_S = 0.5
# Codes of what did not come in time, or at all.
UNREACHED = {
    "unreachable", "timeout", "time-out", "closed", "aborted", "given-up", "not-registered", "not-offered", "no-contacts", "silent",
    "not-stored",
}  # fmt: skip
# Codes of what somebody does not want.
REFUSED = {"forbidden", "not-signed-in", "blocked", "refused", "not-a-friend", "not-allowed", "wrong-friend", "wrong-proof"}
FIXES = {
    "unknown-peer": "See whom you know: leither peer list",
    "not-a-friend": "Ask its owner for an invitation: leither peer accept CODE",
    "no-backup": "Name the key that it was sealed for: --key NAME. Its 24 words bring that back: leither key restore",
    "several-backups": "Say which: --of NODEID",
    "no-peers": "Work on this computer's store (leave out --node), or ask the node's owner.",
    "no-network": "Join one: leither dht join --lan, or leither dht join HOST:PORT",
    "conflict": "See what each side has: leither mimei compare",
}  # fmt: skip


@contextlib.contextmanager
def between(home, out, args, port=None):
    """Yields a node, which has ``content`` (see content()), ``call``, ``publish`` and ``within_s`` (of --timeout, or None); ends with a
    Failure in plain words.

    Args:
        port: of a store of this computer: listens there for as long as it takes (0: a free one, None: it only asks others).
    """
    with content(home, out, args) as at, said():
        if getattr(args, "node", None):
            from leither_edge.cli.flow_remote import RemoteNode

            node = RemoteNode(at)
            node.within_s = getattr(args, "timeout", None)
            yield node
            return
        from leither_edge.cli.flow_local import LocalNode

        node = LocalNode(home, out, args, at, port)
        node.within_s = getattr(args, "timeout", None)
        try:
            yield node
        finally:
            node.close()


@contextlib.contextmanager
def said():
    """Turn what goes wrong between nodes into a Failure with its exit code."""
    from leither_edge.mimei.errors import Forbidden, MimeiError

    try:
        yield
    except Forbidden:
        # Who asks by a pass is told so where the content is opened.
        raise
    except MimeiError as error:
        raise refused(error.code, str(error)) from None


def work(out, node, text, name, *arguments, on_progress=None):
    """The result of long work: started, watched, told with rate and time left; Ctrl-C stops it here, and leaves it running there.

    Args:
        text: what is being done, without a full stop.
        name: of FlowCalls; arguments: for it.
        on_progress: function of each dict that tells how far it is, and of the job's id.
    """
    return watch(out, node, text, node.call(name, *arguments), on_progress)


def watch(out, node, text, job, on_progress=None):
    """As work(), for a job that runs already (its facts)."""
    from leither_edge.cli.flow_progress import shown

    end = math.inf if node.within_s is None else time.monotonic() + node.within_s
    try:
        with shown(out, text) as show:
            while job["state"] == "running":
                if time.monotonic() > end:
                    node.call("job_stop", job["id"])
                    raise UnreachableError(
                        f"Not done in {node.within_s:g} seconds.", "What came is kept.", "The same command goes on from there.",
                        code="time-out",
                    )  # fmt: skip
                job = node.call("job_wait", job["id"], LOOK_S)
                progress = job["progress"] or {}
                show(progress)
                if on_progress is not None:
                    on_progress(progress, job["id"])
    except KeyboardInterrupt:
        left_behind(out, node, job)
        raise
    if job["state"] == "failed":
        error = refused(job["error"]["code"], job["error"]["message"])
        if error.code == "forbidden" and getattr(node.content, "by_pass", False):
            error.why, error.fix = "This computer acts by a pass, which does not let it.", "Use the owner's key: --key NAME"
        raise error
    if job["state"] != "done":
        why = "Somebody stopped it, or the node ended."
        raise Failure("It was stopped.", why, "The same command goes on where it was.", code="stopped")
    return job["result"]


def left_behind(out, node, job):
    """Say what becomes of a job whose command is stopped: one of a running node goes on."""
    if node.is_remote:
        word = f"leither mimei jobs {job['id']} --node {node.content.name}"
        out.note(f"The node goes on with it. Watch it: {word}")
        out.note(f"Stop it: {word} --stop")
    else:
        node.stop(job["id"])


def refused(code, sentence):
    """The Failure of what went wrong between nodes. Args: code (short word), sentence (what failed, why, what to do)."""
    found = failure(code, sentence)
    kind = UnreachableError if code in UNREACHED else RefusedError if code in REFUSED else type(found)
    return kind(found.what, found.why, FIXES.get(code) or found.fix, code=clean(code, 40))
