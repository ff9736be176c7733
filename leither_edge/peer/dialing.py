"""Tries the addresses of a node, one after the other begun and all going on, until one leads to it (in the manner of RFC 8305)."""

import trio

from .addresses import is_near, is_numeric
from .errors import PeerError, Unreachable

# RFC 8305, section 5: Connection Attempt Delay.
STAGGER_S = 0.25
# While known addresses do not answer, others are looked for after so long.
LOOK_AFTER_S = 0.5
ADDRESSES_MAX = 16
TCP_S = 10.0


def in_order(addresses):
    """Addresses, the likely best first: those of the own network, others as they came, through relays last."""
    kept = list(dict.fromkeys(addresses))[:ADDRESSES_MAX]
    return sorted(kept, key=lambda address: 2 if address.relay is not None else 0 if address.host and is_near(address.host) else 1)


async def first_of(addresses, attempt, more=None):
    """What the first successful attempt gave; the others are cancelled.

    Args: addresses ([Address]), attempt (async (address) -> result; raises PeerError or OSError), more (async (told) -> [Address]: asked
    where those do not lead there soon; it may call told with such lists before).
    Raises Unreachable; details: tried, the [address, why] of each.
    """
    race = _Race(attempt)
    await race.run(addresses, more)
    if race.won is None:
        raise race.error()
    return race.won[0]


class _Race:
    """Attempts on their way. won: None, or a tuple of the result; failures: {address text: error}."""

    def __init__(self, attempt):
        self.won, self.failures = None, {}
        self._attempt = attempt
        self._begun, self._waiting, self._changed = set(), [], trio.Event()
        self._is_beginning = False

    async def run(self, addresses, more):
        self._add(addresses)
        async with trio.open_nursery() as nursery:
            if more is not None:
                nursery.start_soon(self._look, more, nursery)
            await self._begin_all(nursery)

    async def _begin_all(self, nursery):
        if self._is_beginning:
            return
        self._is_beginning = True
        while self._waiting:
            address = self._waiting.pop(0)
            failed = trio.Event()
            nursery.start_soon(self._try, address, failed, nursery.cancel_scope)
            with trio.move_on_after(STAGGER_S):
                await failed.wait()
        self._is_beginning = False

    async def _look(self, more, nursery):
        with trio.move_on_after(LOOK_AFTER_S):
            while len(self.failures) < len(self._begun):
                await self._changed.wait()

        def told(addresses):
            self._add(addresses)
            nursery.start_soon(self._begin_all, nursery)

        told(await more(told))

    def _add(self, addresses):
        new = [address for address in dict.fromkeys(addresses) if address not in self._begun]
        self._waiting = in_order([*self._waiting, *new])
        self._begun.update(self._waiting)

    async def _try(self, address, failed, scope):
        try:
            result = await self._attempt(address)
        except (PeerError, OSError) as error:
            self.failures[str(address)] = error
            failed.set()
            self._changed.set()
            self._changed = trio.Event()
            return
        if self.won is None:
            self.won = (result,)
            scope.cancel()
        else:
            await trio.aclose_forcefully(result[0])

    def error(self):
        tried = [[text, _why(error)] for text, error in self.failures.items()]
        codes = {getattr(error, "code", "unreachable") for error in self.failures.values()}
        if len(codes) == 1 and codes != {"unreachable"}:
            # All say the same, such as that another node answers there.
            error = next(iter(self.failures.values()))
            return Unreachable(str(error), codes.pop(), {"tried": tried})
        if not tried:
            return Unreachable("No address of this node is known. Name one, or have its owner invite you.", "no-address", {"tried": []})
        listed = "; ".join(f"{text}: {why}" for text, why in tried[:4])
        return Unreachable(f"The node could not be reached ({listed}).", details={"tried": tried})


async def open_tcp(address, within_s=TCP_S):
    """A trio stream to a host and port. Raises OSError in plain words."""
    try:
        with trio.fail_after(within_s):
            if not is_numeric(address.host):
                # A name may have several addresses; trio tries them as RFC 8305 says.
                return await trio.open_tcp_stream(address.host, address.port)
            family = trio.socket.AF_INET6 if ":" in address.host else trio.socket.AF_INET
            sock = trio.socket.socket(family, trio.socket.SOCK_STREAM)
            try:
                await sock.connect((address.host, address.port))
            except BaseException:
                sock.close()
                raise
            return trio.SocketStream(sock)
    except UnicodeError:
        raise OSError("no host can have this name") from None
    except trio.TooSlowError:
        raise OSError(f"no answer within {within_s:g} seconds") from None


def _why(error):
    if isinstance(error, PeerError):
        return str(error)
    return error.strerror or str(error) or type(error).__name__
