"""What goes out, encrypted where it lies: frames of many streams, several in one piece for the socket."""

from collections import deque

from .frames import (
    CLOSE,
    CREDIT,
    DATA,
    END,
    FRAME_MAX_BYTES,
    HEADER,
    LENGTH,
    MORE,
    NUMBER,
    OPEN,
    OVERHEAD_BYTES,
    PAYLOAD_MAX_BYTES,
    REKEY,
    TAG_BYTES,
)
from .turns import Turns

BATCH_MAX_BYTES = 4 * FRAME_MAX_BYTES
# A quiet channel holds the first; one that is busy takes the next.
SIZES = (4096, FRAME_MAX_BYTES, BATCH_MAX_BYTES)
# A frame with less is not worth its overhead; it waits for the next piece.
WORTH_BYTES = 2048
# A key is changed after so much, or so long: what is found in memory then opens nothing older (Noise section 11.3).
KEY_BYTES = 1 << 30
KEY_S = 900.0


class Outbox:
    """Frames in, bytes out. Args: cipher (CipherState of the direction), is_initiator, now (s).

    Attributes: touched (streams whose queue got shorter since somebody last looked), finished (streams whose last frame was written),
    numbered (streams that got their number), next_number (of the next stream that this side opens), beside (bytes written that belong to no
    stream).
    """

    __slots__ = ("_cipher", "_buffer", "_view", "_urgent", "_credits", "_turns", "next_number", "_key_bytes", "_key_at", "_last",
                 "touched", "finished", "numbered", "beside")  # fmt: skip

    def __init__(self, cipher, is_initiator, now):
        self._cipher = cipher
        self._make(SIZES[0])
        self._urgent, self._credits, self._turns = deque(), deque(), Turns()
        self.next_number = 1 if is_initiator else 2
        self._key_bytes, self._key_at = 0, now
        self._last = None
        self.beside = 0
        self.touched, self.finished, self.numbered = [], [], []

    def _make(self, size):
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)

    # in

    def urgent(self, kind, stream, payload=b""):
        """Send a frame before everything else."""
        self._urgent.append((kind, stream, payload))

    def message(self, half, kind, flags, data):
        """Queue a message of a stream, in as many frames as it needs; an OPEN gives the stream its number when it goes out."""
        view = memoryview(data)
        while True:
            piece, view = view[:PAYLOAD_MAX_BYTES], view[PAYLOAD_MAX_BYTES:]
            # The end comes with the last piece.
            half.out.append((kind, flags & ~END | MORE if view else flags, piece))
            if not view:
                break
        self._turns.add(half)

    def ready(self, half):
        """Something of this stream may go out now."""
        self._turns.add(half)

    def owe_credit(self, half):
        """Tell the peer, with the next bytes, what was taken of this stream."""
        self._credits.append(half)

    def drop(self, half):
        """Forget what waits of this stream."""
        self._turns.remove(half)
        half.out.clear()
        half.queued = 0

    def close(self, payload):
        """Send a CLOSE after whatever waits. Args: payload (of the CLOSE)."""
        self._last = payload

    @property
    def urgent_count(self):
        """How many frames wait that go before everything else."""
        return len(self._urgent)

    @property
    def has_some(self):
        """Whether anything may go out."""
        return bool(self._urgent or self._credits or self._last is not None or self._turns.count)

    # out

    def fill(self, max_bytes, now):
        """A view of encrypted frames, about max_bytes; None: nothing to send. It is good until the next call."""
        at, room = 0, min(max(max_bytes, SIZES[0]), BATCH_MAX_BYTES)
        if self._key_bytes > KEY_BYTES or self._key_bytes and now - self._key_at > KEY_S:
            at = self._seal(0, REKEY, 0, 0, 0)
            self.beside += at
            self._cipher.rekey()
            self._key_bytes, self._key_at = 0, now
        while at < room:
            if self._urgent or self._credits:
                at = self._control(at)
                continue
            half = self._turns.next()
            if half is None:
                if self._last is not None:
                    payload, self._last = self._last, None
                    at = self._beside(at, CLOSE, 0, payload)
                break
            size = _size_of(half, room - at - OVERHEAD_BYTES)
            if at and at + size + OVERHEAD_BYTES > room:
                break
            at = self._stream(at, half, size)
        return self._view[:at] if at else None

    def _control(self, at):
        if self._urgent:
            return self._beside(at, *self._urgent.popleft())
        half = self._credits.popleft()
        count = half.consumed
        half.consumed, half.is_owing = 0, False
        if not count or half.is_over or half.has_ended:
            return at
        half.granted += count
        end = self._whole(at, CREDIT, 0, half.number, NUMBER.pack(count))
        half.sent += end - at
        return end

    def _beside(self, at, kind, stream, payload):
        end = self._whole(at, kind, 0, stream, payload)
        self.beside += end - at
        return end

    def _whole(self, at, kind, flags, stream, payload):
        size = len(payload)
        self._hold(at, size)
        body = at + LENGTH.size + HEADER.size
        self._view[body : body + size] = payload
        return self._seal(at, kind, flags, stream, size)

    def _stream(self, at, half, size):
        """One frame of a stream. Args: size (of its payload)."""
        out = half.out
        if out and type(out[0]) is tuple:
            kind, flags, payload = out.popleft()
            if kind == OPEN and half.number is None:
                half.number = self.next_number
                self.next_number += 2
                self.numbered.append(half)
            end = self._whole(at, kind, flags, half.number, payload)
        else:
            self._hold(at, size)
            self._gather(at + LENGTH.size + HEADER.size, out, size)
            half.queued -= size
            half.credit -= size
            flags = 0
            if half.is_ending and not out:
                flags = END
            end = self._seal(at, DATA, flags, half.number, size)
            self.touched.append(half)
        if flags & END:
            half.has_sent_end = True
            self.finished.append(half)
        half.sent += end - at
        self._turns.served(half, flags, end - at)
        return end

    def _gather(self, at, out, size):
        """Copy the next bytes of a stream's queue into the buffer."""
        view = self._view
        while size:
            piece = out[0]
            count = len(piece)
            if count <= size:
                view[at : at + count] = piece
                out.popleft()
            else:
                count = size
                view[at : at + count] = piece[:count]
                out[0] = piece[count:]
            at += count
            size -= count

    def _hold(self, at, size):
        """Make the buffer large enough for one more payload."""
        needed = at + size + OVERHEAD_BYTES
        if needed > len(self._buffer):
            kept = bytes(self._view[:at])
            self._make(next(each for each in (*SIZES, needed) if each >= needed))
            self._view[:at] = kept

    def _seal(self, at, kind, flags, stream, size):
        """Encrypt a frame whose payload stands in its place; the end of it."""
        start, plain = at + LENGTH.size, HEADER.size + size
        LENGTH.pack_into(self._buffer, at, plain + TAG_BYTES)
        HEADER.pack_into(self._buffer, start, kind, flags, stream)
        self._cipher.encrypt_into(self._buffer, start, self._view[start : start + plain])
        end = start + plain + TAG_BYTES
        self._key_bytes += end - at
        return end

    @property
    def is_large(self):
        """Whether rest() would give memory back."""
        return len(self._buffer) > SIZES[0]

    def rest(self):
        """Give memory back while nothing goes out."""
        if len(self._buffer) > SIZES[0]:
            self._make(SIZES[0])

    def forget(self):
        """Overwrite the key."""
        self._cipher.forget()


def _size_of(half, room):
    """How large the payload of a stream's next frame is. Args: room (bytes left in this piece)."""
    out = half.out
    if out and type(out[0]) is tuple:
        return len(out[0][2])
    whole = min(half.queued, half.credit, PAYLOAD_MAX_BYTES)
    return whole if whole <= room or room < WORTH_BYTES else room
