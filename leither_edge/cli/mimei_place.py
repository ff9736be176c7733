"""Where ``leither mimei`` works: in a store's folder, or on a running node."""

import contextlib

from leither_edge.cli.mimei_failures import told, wrong


@contextlib.contextmanager
def content(home, out, args):
    """Open the content that a command line means; ends with a Failure in plain words. Yields LocalContent or RemoteContent."""
    with told():
        found = open_content(home, out, args)
        try:
            yield found
        finally:
            found.close()


def open_content(home, out, args):
    """Return LocalContent or RemoteContent."""
    if getattr(args, "node", None):
        if getattr(args, "store", None):
            raise wrong("--store and --node exclude each other.", "One is a folder here, the other a running node.")
        from leither_edge.cli.mimei_remote import open_remote

        return open_remote(home, out, args)
    if getattr(args, "user", None):
        raise wrong("--user is for a running node.", fix="Name the node, too: --node ADDRESS")
    from leither_edge.cli.mimei_local import open_local

    return open_local(home, out, args)
