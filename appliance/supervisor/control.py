"""Our end of the socket to one node: packets in, checked requests out, answers back."""

from collections import deque

from appliance.board import BoardError
from appliance.board.messages import INTEGER_MAX, MESSAGE_MAX_BYTES, MessageError, decode, failure, is_integer, is_text, success
from appliance.board.verbs import checked_arguments

# So that a node that floods us cannot keep the loop from its clock.
PACKETS_A_TURN = 16
READY_TEXT_MAX_BYTES = 32_768


class Control:
    """Speaks with one node.

    Args:
        sock: our end, non-blocking.
        on_beat: called with the beat's number.
        on_ready: called with the text to print.
        on_request: called with (verb, checked arguments, reply); raises BoardError. ``reply(result, error)`` may come later.
        count: called with the name of a counter.
    """

    def __init__(self, sock, on_beat, on_ready, on_request, count):
        self._sock = sock
        self._on_beat = on_beat
        self._on_ready = on_ready
        self._on_request = on_request
        self._count = count
        self._unsent = deque()
        self._open = True

    def fileno(self):
        return self._sock.fileno()

    @property
    def is_open(self):
        """Whether the node may still say something."""
        return self._open

    @property
    def is_backed_up(self):
        """Whether the node leaves answers unread. Until it reads them nothing of it is read, so memory stays bounded."""
        return bool(self._unsent)

    def close(self):
        """Hear nothing more, drop what is unsent; later replies go nowhere."""
        self._open = False
        self._unsent.clear()
        self._sock.close()

    def receive(self, hung_up=False):
        """Handle what the node sent.

        Args:
            hung_up: the other end is closed, so an empty packet is the end and not an empty message.
        """
        for _ in range(PACKETS_A_TURN):
            if self._unsent or not self._open:
                return
            try:
                packet = self._sock.recv(MESSAGE_MAX_BYTES + 1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._open = False
                return
            if not packet and hung_up:
                self._open = False
                return
            self._handle(packet)

    def flush(self):
        """Send what the node had no room for."""
        while self._unsent and self._open:
            try:
                self._sock.send(self._unsent[0])
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._unsent.clear()
                return
            self._unsent.popleft()

    def _handle(self, packet):
        number = None
        try:
            message = decode(packet)
            if "id" in message and is_integer(message["id"]):
                number = message["id"]
            self._dispatch(message, number)
        except MessageError as error:
            self._count(f"messages_{error.code}")
            self._send(failure(number, error.code, str(error)))
        except BoardError as error:
            self._count("requests_refused")
            self._send(failure(number, error.code, error.message))

    def _dispatch(self, message, number):
        members = message.keys()
        if members == {"beat"}:
            if not is_integer(message["beat"]):
                raise MessageError("malformed", f"A beat is a whole number from 0 to {INTEGER_MAX}.")
            self._on_beat(message["beat"])
        elif members == {"ready"}:
            ready = message["ready"]
            if type(ready) is not dict or ready.keys() != {"text"} or not is_text(ready["text"], READY_TEXT_MAX_BYTES):
                raise MessageError("malformed", f"ready holds text of at most {READY_TEXT_MAX_BYTES} bytes.")
            self._on_ready(ready["text"])
        elif members == {"id", "verb", "args"} and number is not None:
            verb = message["verb"]
            self._on_request(verb, checked_arguments(verb, message["args"]), self._reply_to(number))
        else:
            raise MessageError("malformed", "A message is a request with id, verb and args, a beat, or ready.")

    def _reply_to(self, number):
        def reply(result, error):
            if not self._open:
                return
            try:
                packet = success(number, result) if error is None else failure(number, error.code, error.message)
            except MessageError:
                self._count("answers_too_large")
                packet = failure(number, "too-large", "The answer does not fit a message.")
            self._send(packet)

        return reply

    def _send(self, packet):
        self._unsent.append(packet)
        self.flush()
