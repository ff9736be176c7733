"""LMDB under qemu's user mode with musl: qemu lacks the system call by which musl finds out whether robust locks are there."""

import lmdb


def do_without():
    """Have environments opened without LMDB's lock file where it cannot be had; nobody else opens these."""
    opened = lmdb.open

    def open_anyhow(path, **options):
        try:
            return opened(path, **options)
        except lmdb.Error as error:
            if "not implemented" not in str(error):
                raise
            return opened(path, **{**options, "lock": False})

    lmdb.open = open_anyhow
