"""One stream of a channel, as one side sees it: what waits to be sent, what arrived, and how much either side may still send."""

from collections import deque

# What the peer may send in a new stream; it grows to the window while what arrives is read as fast.
FIRST_CREDIT_BYTES = 64 * 1024
# A stream gets so much even where all others of the channel hold what there is.
LEAST_CREDIT_BYTES = 8 * 1024
# Pieces smaller than the first are joined to at most the second: each costs forty bytes beside its own.
SMALL_BYTES, JOINED_BYTES = 256, 4096


class Half:
    """State of one stream; the Mux alone changes it.

    Attributes: number (None until its OPEN is written), is_ours (this side opened it), is_call, method (what is accounted under), asked
    (the method that the peer names, which need not exist), arguments, priority;
    answer (None, or a tuple of one value), refusal (None, or (code, sentence, details)), end (None, or (code, sentence): broken off);
    queued (bytes that wait to be sent), arrived (bytes that wait to be taken), has_ended (the peer sends no more),
    user (for the edge), sent and received (bytes on the wire, not yet accounted).
    """

    __slots__ = (
        "number", "is_ours", "is_call", "method", "arguments", "priority", "answer", "refusal", "end", "queued", "arrived", "has_ended",
        "user", "sent", "received", "out", "credit", "is_ending", "has_sent_end", "is_ready", "inbox", "granted", "consumed", "target",
        "is_over", "parts", "is_owing", "asked",
    )  # fmt: skip

    def __init__(self, is_ours, priority):
        self.number = self.answer = self.refusal = self.end = self.user = self.parts = self.method = self.asked = self.arguments = None
        self.is_ours, self.priority, self.is_call = is_ours, priority, False
        # out: what waits to be sent: (kind, flags, memoryview) of messages, then pieces of data. credit: what the peer takes.
        self.out, self.queued, self.credit = deque(), 0, 0
        self.is_ending = self.has_sent_end = self.is_ready = self.has_ended = self.is_over = self.is_owing = False
        # granted: what the peer may still send; consumed: what was taken since it was last told; target: what it may have on its way.
        self.inbox, self.arrived, self.granted, self.consumed, self.target = deque(), 0, 0, 0, 0
        self.sent = self.received = 0

    @property
    def can_send(self):
        """Whether there is something that may go out now."""
        out = self.out
        if out:
            return type(out[0]) is tuple or self.credit > 0
        return self.is_ending and not self.has_sent_end

    def put(self, payload):
        """Keep what arrived: a copy of the bytes of a view."""
        inbox, count = self.inbox, len(payload)
        if count < SMALL_BYTES and inbox and type(inbox[-1]) is bytes and len(inbox[-1]) < JOINED_BYTES:
            inbox[-1] += payload
        else:
            inbox.append(bytes(payload))
        self.arrived += count

    def take(self, max_bytes):
        """Up to so many bytes (None: what is there in one piece) of what arrived, as bytes or a view of them."""
        piece = self.inbox[0]
        size = len(piece)
        if max_bytes is None or size <= max_bytes:
            self.inbox.popleft()
        else:
            view = memoryview(piece)
            piece, self.inbox[0] = view[:max_bytes], view[max_bytes:]
            size = max_bytes
        self.arrived -= size
        self.consumed += size
        return piece
