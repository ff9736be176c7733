"""So many bytes a second: a bucket of tokens, and the edge that has a connection's bytes wait for them."""

# What may be had at once after a pause, and what is moved at a time: so long is the longest that the next in turn waits for one.
BURST_S = 0.25
TURN_S = 0.1
TURN_MIN_BYTES, TURN_MAX_BYTES = 2048, 65536


class Bucket:
    """Bytes that may be moved. One who takes more than there is leaves a debt, which the next waits for.

    Args: bytes_per_s (None: no limit), now (s). Pure: time is passed in.
    """

    __slots__ = ("bytes_per_s", "_level", "_at")

    def __init__(self, bytes_per_s, now=0.0):
        self.bytes_per_s = bytes_per_s
        self._level, self._at = 0.0 if bytes_per_s is None else bytes_per_s * BURST_S, now

    @property
    def turn_bytes(self):
        """How much to move at a time."""
        if self.bytes_per_s is None:
            return TURN_MAX_BYTES
        return max(TURN_MIN_BYTES, min(TURN_MAX_BYTES, int(self.bytes_per_s * TURN_S)))

    def wait_s(self, now):
        """How long until something may be taken; 0 for at once."""
        if self.bytes_per_s is None:
            return 0.0
        self._refill(now)
        # A part of a byte is no debt: to wait for it could take less time than a clock can tell.
        return 0.0 if self._level > -1 else -self._level / self.bytes_per_s

    def take(self, count, now):
        """Take bytes, whether they are there or not."""
        if self.bytes_per_s is not None:
            self._refill(now)
            self._level -= count

    def set_rate(self, bytes_per_s, now):
        """From now on at another rate (None: no limit); a debt is forgiven."""
        if bytes_per_s != self.bytes_per_s:
            self.__init__(bytes_per_s, now)

    def _refill(self, now):
        self._level = min(self._level + (now - self._at) * self.bytes_per_s, self.bytes_per_s * BURST_S)
        self._at = now


class Gate:
    """A Bucket that trio tasks wait at, in the order in which they came."""

    __slots__ = ("bucket", "moved", "_trio", "_turns", "_changed")

    def __init__(self, bytes_per_s):
        import trio

        self._trio = trio
        self.bucket = Bucket(bytes_per_s, trio.current_time())
        self.moved = 0
        self._turns, self._changed = trio.Lock(), trio.Event()

    async def wait(self):
        """Return when something may be moved; whoever has moved it says so by took()."""
        trio = self._trio
        async with self._turns:
            while (wait_s := self.bucket.wait_s(trio.current_time())) > 0:
                with trio.move_on_after(wait_s):
                    await self._changed.wait()

    def took(self, count):
        """So many bytes were moved."""
        self.moved += count
        self.bucket.take(count, self._trio.current_time())

    def set_rate(self, bytes_per_s):
        """Another rate, for those who wait, too."""
        self.bucket.set_rate(bytes_per_s, self._trio.current_time())
        self._changed.set()
        self._changed = self._trio.Event()


class Shaped:
    """A trio stream whose bytes pass gates. Args: stream, up and down (Gate or None)."""

    __slots__ = ("_stream", "_up", "_down")

    def __init__(self, stream, up, down):
        self._stream, self._up, self._down = stream, up, down

    async def send_all(self, data):
        """As trio's; in turns, so that others have theirs in between."""
        if self._up is None:
            await self._stream.send_all(data)
            return
        left = memoryview(data)
        while left:
            await self._up.wait()
            turn = left[: self._up.bucket.turn_bytes]
            left = left[len(turn) :]
            self._up.took(len(turn))
            await self._stream.send_all(turn)

    async def receive_some(self, max_bytes=None):
        """As trio's; what is not fetched waits at the sender."""
        if self._down is None:
            return await self._stream.receive_some(max_bytes)
        await self._down.wait()
        turn = self._down.bucket.turn_bytes
        data = await self._stream.receive_some(min(turn, max_bytes) if max_bytes else turn)
        self._down.took(len(data))
        return data

    async def receive_into(self, room):
        """Receive into a writable view; how much came, 0 at the end."""
        if self._down is not None:
            await self._down.wait()
            room = room[: self._down.bucket.turn_bytes]
        count = await self._stream.socket.recv_into(room)
        if self._down is not None:
            self._down.took(count)
        return count

    async def wait_send_all_might_not_block(self):
        """As trio's."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self):
        """As trio's."""
        await self._stream.send_eof()

    async def aclose(self):
        """As trio's."""
        await self._stream.aclose()
