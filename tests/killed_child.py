"""Kill a child at a moment of its work, and know what it had acknowledged: what the crash tests of stores and books stand on."""

import os
import select
import signal
import struct

NUMBER = struct.Struct("=Q")


def start(folder, work):
    """Starts a child that does work(folder, acknowledge), acknowledge(number) to be called once something is durable; (pid, its pipe)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            work(folder, lambda number: os.write(writer, NUMBER.pack(number)))
        finally:
            os._exit(1)
    os.close(writer)
    return pid, reader


def kill_after(pid, reader, acknowledgements, extra_s):
    """Lets so many acknowledgements and a little time pass, kills; returns the highest acknowledged number."""
    data = b""
    while len(data) < NUMBER.size * acknowledgements:
        piece = os.read(reader, 4096)
        if not piece:
            break
        data += piece
    select.select([], [], [], extra_s)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "the child ended by itself"
    while piece := os.read(reader, 4096):
        data += piece
    os.close(reader)
    return max((number for (number,) in NUMBER.iter_unpack(data)), default=0)
