"""Where ``leither mimei`` works: in a store's folder, or on a running node."""

import contextlib

from leither_edge.cli.failure import Failure
from leither_edge.cli.main import debugging
from leither_edge.cli.mimei_failures import failure, told, wrong
from leither_edge.cli.output import clean


@contextlib.contextmanager
def content(home, out, args):
    """Open the content that a command line means; ends with a Failure in plain words. Yields LocalContent or RemoteContent."""
    with told(), sensible(getattr(args, "node", None)):
        from leither_edge.mimei.errors import Forbidden

        found = open_content(home, out, args)
        try:
            yield found
        except Forbidden as error:
            refused = failure(error.code, str(error))
            if found.by_pass:
                refused.why, refused.fix = "This computer acts by a pass, which does not let it.", "Use the owner's key: --key NAME"
            raise refused from None
        finally:
            found.close()


@contextlib.contextmanager
def sensible(node):
    """Turn an answer of another form than a node's into a Failure. Args: node (as it was named, None where none is asked)."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if node is None or debugging():
            raise
        raise Failure(
            f"{clean(node, 80)} answered what makes no sense here.", f"{type(error).__name__}: {clean(error, 200)}",
            "Check the address; it may be another program, or an older or newer node.", code="not-a-node",
        ) from None  # fmt: skip


def open_content(home, out, args):
    """Return LocalContent or RemoteContent: of a store of this computer that a process serves, through that process."""
    if getattr(args, "node", None):
        if getattr(args, "store", None):
            raise wrong("--store and --node exclude each other.", "One is a folder here, the other a running node.")
        return _opened_there(home, out, args)
    if getattr(args, "user", None):
        raise wrong("--user is for a running node.", fix="Name the node, too: --node ADDRESS")
    from leither_edge.cli.mimei_local import open_local

    try:
        return open_local(home, out, args)
    except Failure as error:
        served_at = error.details.get("node")
        if error.code != "in-use" or served_at is None:
            raise
        # What follows asks the command line whether it is a node's, and whose.
        args.node, args.is_own_store = served_at, True
    return _opened_there(home, out, args)


def _opened_there(home, out, args):
    from leither_edge.cli.mimei_remote import open_remote

    return open_remote(home, out, args)
