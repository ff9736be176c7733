"""Run something in a forked child, so that a signal, a limit or another user there is a result here."""

import os
import pickle
import signal
import traceback


def run_in_child(function, *arguments, limit_s=20):
    """Return what function(*arguments) returns, or ("signal", number), ("error", class name, text)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            signal.alarm(limit_s)
            try:
                outcome = function(*arguments)
            except Exception as error:
                outcome = ("error", type(error).__name__, str(error))
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(outcome, pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return ("signal", os.WTERMSIG(status))
    assert status == 0, "the child failed outside of the function"
    return pickle.loads(data)
