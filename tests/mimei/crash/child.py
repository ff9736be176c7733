"""A process that works on a library and is killed; what it acknowledged, and when."""

import os
import select
import signal
import struct
import threading
import time
from collections import namedtuple

from leither_edge.mimei import info
from tests.mimei.library.people import ANNA, opened

from .work import KINDS

NAMES = tuple(KINDS)
ACKNOWLEDGED = struct.Struct("=BQd")
Acknowledged = namedtuple("Acknowledged", "kind number at")


def ids_of(library, session):
    """The MiMei that all work on, made when there are none: files, a database, and one where transactions keep others out."""
    types = {"files": info.FILES, "rows": info.DATABASE, "own": info.DATABASE}
    return {name: library.create(session, mark=name, data_type=data_type) for name, data_type in types.items()}


def start(folder, kinds, first):
    """Start a child that does all these kinds of work at once, numbered from `first`; return (pid, its pipe)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            _work(folder, kinds, first, writer)
        except BaseException as error:
            os.write(2, f"the child failed: {error!r}\n".encode())
        finally:
            os._exit(1)
    os.close(writer)
    return pid, reader


def _work(folder, kinds, first, pipe):
    def acknowledge(kind, number):
        os.write(pipe, ACKNOWLEDGED.pack(NAMES.index(kind), number, time.monotonic()))

    with opened(folder, clock=time.time) as library:
        session = library.local_session(ANNA)
        ids = ids_of(library, session)

        def run(kind):
            try:
                KINDS[kind](library, session, ids, first, acknowledge)
            except BaseException as error:
                os.write(2, f"{kind} failed: {error!r}\n".encode())
                os._exit(1)

        for kind in kinds[1:]:
            threading.Thread(target=run, args=(kind,), daemon=True).start()
        run(kinds[0])


def kill_after(pid, reader, count, extra_s):
    """Let so many acknowledgements and some time pass, kill; return ([Acknowledged], the moment of the end)."""
    data = b""
    while len(data) < ACKNOWLEDGED.size * count:
        piece = os.read(reader, 65536)
        if not piece:
            break
        data += piece
    until = time.monotonic() + extra_s
    while (left := until - time.monotonic()) > 0:
        # The pipe must not fill up, or the child waits for us.
        if select.select([reader], [], [], left)[0]:
            piece = os.read(reader, 65536)
            if not piece:
                break
            data += piece
    ended = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "the child ended by itself"
    while piece := os.read(reader, 65536):
        data += piece
    os.close(reader)
    whole = len(data) - len(data) % ACKNOWLEDGED.size
    return [Acknowledged(NAMES[kind], number, at) for kind, number, at in ACKNOWLEDGED.iter_unpack(data[:whole])], ended
