"""What arrives on a connection, cut into frames and decrypted where it lies."""

from leither_edge.crypto.noise.errors import NoiseError

from .errors import Violation
from .frames import FRAME_MAX_BYTES, HEADER, LENGTH, REKEY, SEALED_MIN_BYTES

# A quiet channel holds the first; one that is busy takes the next.
SIZES = (4096, FRAME_MAX_BYTES, 4 * FRAME_MAX_BYTES)
# Nobody may send more under one key; a sender changes it long before (see outbox.py).
KEY_MAX_FRAMES = 1 << 20
KEY_MAX_BYTES = 1 << 36


class Inbox:
    """Bytes in, frames out. Args: cipher (CipherState of the direction).

    room() gives a view to receive into, filled(count) says how much came; next() gives one frame after the other.
    """

    __slots__ = ("_cipher", "_buffer", "_view", "_start", "_end", "_key_bytes", "_is_full")

    def __init__(self, cipher):
        self._cipher = cipher
        self._start = self._end = self._key_bytes = 0
        self._is_full = False
        self._make(SIZES[0])

    def _make(self, size):
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)

    def room(self):
        """A view of the place for what arrives next; never empty. Everything that is whole must have been fetched by next() before."""
        start, end, size = self._start, self._end, len(self._buffer)
        left = end - start
        if self._is_full and size < SIZES[-1]:
            self._move(SIZES[SIZES.index(size) + 1], left)
        elif start:
            # The rest of a frame, at most; to the front with it.
            self._view[:left] = self._view[start:end]
            self._start, self._end = 0, left
        return self._view[self._end :]

    def filled(self, count):
        """So many bytes came into room()."""
        self._end += count
        self._is_full = self._end == len(self._buffer)

    @property
    def is_large(self):
        """Whether rest() would give memory back."""
        return len(self._buffer) > SIZES[0]

    def rest(self):
        """Give memory back while nothing arrives."""
        left = self._end - self._start
        if len(self._buffer) > SIZES[0] and left < SIZES[0]:
            self._move(SIZES[0], left)

    def _move(self, size, left):
        kept = bytes(self._view[self._start : self._end])
        self._make(size)
        self._view[:left] = kept
        self._start, self._end, self._is_full = 0, left, False

    def next(self):
        """(kind, flags, stream, payload view, bytes on the wire) of the next frame, or None until more came. The view is good until the
        next call of anything here. A change of key is carried out here and given as a frame, too.

        Raises Violation: frame-size, cipher, after which nothing can be read any more.
        """
        start = self._start
        held = self._end - start
        if held < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(self._buffer, start)
        if size < SEALED_MIN_BYTES:
            raise Violation("frame-size", "A frame came that is too short to be one.")
        whole = LENGTH.size + size
        if held < whole:
            if whole > len(self._buffer):
                self._is_full = True
            return None
        at = start + LENGTH.size
        try:
            plain = self._cipher.decrypt_into(self._buffer, at, self._view[at : at + size])
        except NoiseError as error:
            raise Violation("cipher", f"What came is not from the peer, or was altered on the way: {error}.") from None
        self._start = start + whole
        self._key_bytes += whole
        kind, flags, stream = HEADER.unpack_from(self._buffer, at)
        if kind == REKEY:
            self._cipher.rekey()
            self._key_bytes = 0
        elif self._key_bytes > KEY_MAX_BYTES or self._cipher.count > KEY_MAX_FRAMES:
            raise Violation("cipher", "The peer uses one key for longer than is safe.")
        return kind, flags, stream, self._view[at + HEADER.size : at + plain], whole

    def forget(self):
        """Overwrite the key."""
        self._cipher.forget()
