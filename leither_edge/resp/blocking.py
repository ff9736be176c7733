"""Commands that wait for an element: what does not wait, asked again whenever the database has changed."""

from leither_edge.mimei.database.commands import COMMANDS as DATABASE_COMMANDS
from leither_edge.mimei.database.replies import NO_ARRAY, ErrorReply, NoArray, Pairs

from .connection import Later

# 0 waits for ever; longer than a century is a mistake.
_SECONDS_MAX = 4_000_000_000
_POPS = {b"blpop": b"LPOP", b"brpop": b"RPOP", b"bzpopmin": b"ZPOPMIN", b"bzpopmax": b"ZPOPMAX"}


def pop(client, words):
    """BLPOP, BRPOP, BZPOPMIN, BZPOPMAX key [key ...] timeout"""
    name = _POPS[words[0].lower()]

    def attempt():
        for key in words[1:-1]:
            reply = _ask(client, [name, key])
            if type(reply) is Pairs:
                reply = list(reply.items[0]) if reply.items else None
            if type(reply) in (ErrorReply, Later):
                return reply
            if reply:
                return [key, *reply] if type(reply) is list else [key, reply]
            if type(reply) is bytes:
                return [key, reply]
        return None

    return _wait(client, words[-1], attempt, NO_ARRAY)


def move(client, words):
    """BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout; BRPOPLPUSH source destination timeout"""
    name = b"LMOVE" if len(words) == 6 else b"RPOPLPUSH"
    return _wait(client, words[-1], lambda: _ask(client, [name, *words[1:-1]]), NO_ARRAY if name == b"LMOVE" else None)


def pop_many(client, words):
    """BLMPOP, BZMPOP timeout numkeys key ... LEFT|RIGHT or MIN|MAX [COUNT n]"""
    name = words[0][1:].upper()

    def attempt():
        reply = _ask(client, [name, *words[2:]])
        return None if type(reply) is NoArray else reply

    return _wait(client, words[1], attempt, NO_ARRAY)


def _ask(client, words):
    if client.place is None:
        return Later(client.open_place, client.take)
    return client.ask(DATABASE_COMMANDS[words[0].lower()], words)


def _wait(client, timeout, attempt, nothing):
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = None
    if seconds is None or seconds != seconds or b"_" in timeout or timeout != timeout.strip() or seconds > _SECONDS_MAX:
        return ErrorReply(b"ERR timeout is not a float or out of range")
    if seconds < 0:
        return ErrorReply(b"ERR timeout is negative")
    until = client.used + int(seconds * 1000) if seconds else None

    def again(came):
        reply = attempt()
        if type(reply) is Later:
            # First the database itself is to be opened or made.
            return Later(reply.work, lambda place: client.take(place) or again(True))
        if reply is not None:
            return reply
        if client.in_exec or came is None:
            return nothing
        left = 0 if until is None else (until - client.shared.now_ms()) / 1000
        return nothing if left < 0 or (until is not None and not left) else Later(None, again, left)

    return again(True)


# name, arity, flags, first key, last key, step, function
COMMANDS = (
    ("blpop", -3, "write noscript blocking", 1, -2, 1, pop),
    ("brpop", -3, "write noscript blocking", 1, -2, 1, pop),
    ("bzpopmin", -3, "write noscript fast blocking", 1, -2, 1, pop),
    ("bzpopmax", -3, "write noscript fast blocking", 1, -2, 1, pop),
    ("blmove", 6, "write denyoom noscript blocking", 1, 2, 1, move),
    ("brpoplpush", 4, "write denyoom noscript blocking", 1, 2, 1, move),
    ("blmpop", -5, "write blocking movablekeys", 0, 0, 0, pop_many),
    ("bzmpop", -5, "write blocking movablekeys", 0, 0, 0, pop_many),
)
