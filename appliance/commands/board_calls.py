"""Calls to the board, bounded in time."""

import trio

BOARD_TIMEOUT_S = 90


class BoardSilent(Exception):
    """The board did not answer in time."""

    code = "timeout"


async def board_call(board, verb, *, timeout_s=BOARD_TIMEOUT_S, **arguments):
    """What the board answers. Raises BoardSilent, and whatever error with a ``code`` the board gives."""
    with trio.move_on_after(timeout_s):
        return await board.call(verb, **arguments)
    raise BoardSilent("The board did not answer in time.")


def is_board_error(error):
    """Whether an exception is the board's refusal; its client stands above this package, so it is known by its ``code``."""
    return isinstance(getattr(error, "code", None), str)
