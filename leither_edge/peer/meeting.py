"""The trio edge of a handshake: from a connection to an Established, or to a HandshakeFailed that says why not."""

import trio

from leither_edge.peer.channel.greeting import refusal
from leither_edge.peer.channel.handshake_errors import HandshakeFailed

# For all of a handshake: a node that needs longer is no use as a peer, and one that takes longer on purpose holds a place.
HANDSHAKE_S = 10.0
# A refusal is small enough for any connection's buffer; who does not take it does without.
REFUSAL_S = 1.0
_PIECE_BYTES = 1024


async def shake_hands(side, stream, heard=None, within_s=HANDSHAKE_S):
    """(Established, bytes that came behind it) of a connection; the stream is closed if it fails.

    Args: side (Initiator or Responder), stream (trio Stream), heard (called with the side after each piece that was good), within_s.
    Raises HandshakeFailed, also with the codes "slow" and "cut".
    """
    try:
        with trio.fail_after(within_s):
            await _shake(side, stream, heard)
    except HandshakeFailed as error:
        if error.answer:
            await _tell(stream, error.answer)
        await trio.aclose_forcefully(stream)
        raise
    except trio.TooSlowError:
        await trio.aclose_forcefully(stream)
        raise HandshakeFailed("slow", f"The handshake was not done within {within_s:g} seconds.") from None
    except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
        await trio.aclose_forcefully(stream)
        raise HandshakeFailed("cut", "The connection broke before the handshake was done.") from None
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)
        raise
    return side.established, side.leftover


async def refuse(stream, code="busy"):
    """Refuse whoever is at the other end of a stream, and close it."""
    await _tell(stream, refusal(code))
    await trio.aclose_forcefully(stream)


def turn_away(sock, code="busy"):
    """Refuse an accepted socket without spending anything on it, and close it."""
    try:
        sock.send(refusal(code))
    except OSError:
        pass
    sock.close()


async def _shake(side, stream, heard):
    if hasattr(side, "begin"):
        await stream.send_all(side.begin())
    while side.established is None:
        data = await stream.receive_some(_PIECE_BYTES)
        if not data:
            side.end_of_input()
        out = side.receive(data)
        if heard is not None:
            heard(side)
        if out:
            await stream.send_all(out)


async def _tell(stream, answer):
    with trio.move_on_after(REFUSAL_S):
        try:
            await stream.send_all(answer)
            if hasattr(stream, "send_eof"):
                await stream.send_eof()
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
