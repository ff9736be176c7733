"""One client of the Redis protocol: who he is, which database he has, his open transaction. Commands in, replies out.

Nothing here waits. What takes long (a password, a version, a database to be made, an element to come) is answered with a Later.
"""

from collections import namedtuple

from leither_edge.mimei.database.commands import COMMANDS
from leither_edge.mimei.database.replies import NO_ARRAY, OK, ErrorReply, Status, unknown_command, wrong_arity
from leither_edge.mimei.errors import MimeiError, QuotaReached
from leither_edge.storage import StorageError

from .protocol import Parser
from .refusals import refusal_of

# work: () -> result, in a thread that may wait; None: wait for a change of the database instead, at most `seconds` (0: for ever).
# then: (result) -> reply or another Later, called inside a transaction again; its result is None when the time is over, else True.
Later = namedtuple("Later", "work then seconds", defaults=(0,))
# A command of the edge itself. As in mimei/database/commands.py, but function: (client, words) -> reply or Later.
EdgeCommand = namedtuple("EdgeCommand", "name arity flags first last step function")

QUEUED = Status(b"QUEUED")
_ABORTED = ErrorReply(b"EXECABORT Transaction discarded because of previous errors.")
_ABORTED_BY = b"EXECABORT Transaction discarded because of: "
_NOT_QUEUED = ErrorReply(b"ERR Command not allowed inside a transaction")
_QUEUE_FULL = ErrorReply(b"ERR the transaction takes more memory than this node allows to one command")
# Without a sign-in no command needs more.
GUEST_COMMAND_MAX_BYTES = 64 * 1024
# Whether a session still is good is asked so often.
SESSION_EVERY_MS = 1000
# What a queued word, or a part of an answer, takes in memory beside its bytes.
_WORD_BYTES = 48
# The answers of one EXEC may take as much as so many of the largest commands.
_EXEC_COMMANDS = 16


class Client:
    """State of one connection.

    Args: shared (Shared of the server), number (of the connection), address (text).
    Attributes: parser (of what it sends), session, user (bytes: the name signed in with), selector (bytes: what SELECT got), place (the
    database it names, None until it is needed), resp3, leaving (to be closed when its replies are out), changed (wrote since the server
    last looked), began_session (its own sign-in), scope (the server's, which ends the connection).
    """

    __slots__ = (
        "shared", "parser", "number", "address", "session", "user", "name", "library", "selector", "place", "resp3", "leaving", "changed",
        "scope", "began", "began_session", "used", "_seen", "last", "queue", "_queue_bytes", "_queue_bad", "_watched", "_in_exec",
    )  # fmt: skip

    def __init__(self, shared, number, address):
        self.shared = shared
        self.parser = Parser(0)
        self.number = number
        self.address = address
        self.library = [b"", b""]
        self.leaving = self.changed = self._in_exec = False
        self.began = self.used = self._seen = shared.now_ms()
        self.place = self._watched = None
        self.last = b""
        self.reset()

    def reset(self):
        """As at the beginning: a guest without a name, RESP2, database 0."""
        self.resp3 = False
        self.name = b""
        self.selector = b"0"
        self.become(self.shared.places.guest(), b"default")
        self._leave_transaction()

    def become(self, session, user):
        """Act as another user from now on."""
        self.session, self.user = session, user
        self.began_session = False
        bound = self.shared.limits.command_max_bytes
        self.parser.bytes_max = min(GUEST_COMMAND_MAX_BYTES, bound) if session.user_id is None else bound
        self.leave_place()

    def leave_place(self):
        """Have no database open any more."""
        place, self.place = self.place, None
        if self._watched:
            # Nobody tells of changes there any more: the next EXEC must take it that there was one.
            self._watched[None] = None
        if place is not None:
            self.shared.close(place)

    def use(self, tx, now_ms):
        """Work in this transaction, at this time, until told otherwise."""
        self.used = now_ms
        if now_ms - self._seen >= SESSION_EVERY_MS or now_ms < self._seen:
            self._seen = now_ms
            if not self.shared.is_signed_in(self):
                self.shared.sign_off(self)
                self.become(self.shared.places.guest(), b"default")
        place = self.place
        if place is not None:
            if place.is_outdated(tx):
                self.leave_place()
            else:
                place.use(tx, now_ms)

    def execute(self, words):
        """The reply to one command, or a Later. Raises StorageError where a change could not be taken back."""
        name = words[0]
        command = COMMANDS.get(name) or COMMANDS.get(name.lower())
        if command is None:
            return self._execute_edge(words)
        if self.queue is not None:
            return self._enqueue(command, words)
        self.last = command.name
        place = self.place
        if place is None:
            return Later(self.open_place, lambda place: self.take(place) or self.execute(words))
        return self.ask(command, words)

    def ask(self, command, words):
        """The reply of the database to one of its commands."""
        place, writes = self.place, command.writes
        try:
            place.check(writes)
            if writes:
                if not place.is_made:
                    return Later(self.make_place, lambda place: self.take(place) or self.execute(words))
                if not self._in_exec:
                    tx = self.shared.tx
                    mark = tx.begin_block()
                    reply = place.execute(words)
                    # Who waits for a change must not be woken by his own asking.
                    self.changed = tx.has_changed(mark) or self.changed
                    return reply
            return place.execute(words)
        except QuotaReached as error:
            # Of a transaction nothing is done then.
            if self._in_exec:
                raise
            return refusal_of(error, command.name)
        except MimeiError as error:
            return refusal_of(error, command.name)
        except StorageError as error:
            if self._in_exec or (writes and not self.shared.tx.undo_block()):
                raise
            return refusal_of(error, command.name)

    def open_place(self):
        """The database selected; for a thread that may wait."""
        return self.shared.places.open(self.session, self.selector)

    def make_place(self):
        """The same, made if there is none yet."""
        return self.shared.places.make(self.session, self.selector)

    def take(self, place):
        """Have this database from now on."""
        before, self.place = self.place, place
        if before is not None:
            self.shared.close(before)
        place.use(self.shared.tx, self.used)

    def _execute_edge(self, words):
        name = words[0].lower()
        command = self.shared.commands.get(name)
        if command is None:
            self._queue_bad = True
            return unknown_command(words)
        if self.queue is not None and "no_queue" not in command.flags:
            return self._enqueue(command, words)
        if not has_arity(command, words):
            self._queue_bad = True
            if name != b"exec":
                return wrong_arity(name)
            self._leave_transaction()
            return ErrorReply(_ABORTED_BY + wrong_arity(name).text[len(b"ERR ") :])
        self.last = name
        try:
            return command.function(self, words)
        except MimeiError as error:
            return refusal_of(error, name)

    # MULTI

    def _enqueue(self, command, words):
        self._queue_bytes += sum(map(len, words)) + len(words) * _WORD_BYTES
        if not has_arity(command, words):
            refusal = wrong_arity(command.name)
        elif "no_multi" in command.flags:
            refusal = _NOT_QUEUED
        elif self._queue_bytes > self.shared.limits.command_max_bytes:
            refusal = _QUEUE_FULL
        else:
            self.queue.append(words)
            return QUEUED
        self._queue_bad = True
        return refusal

    def multi(self):
        """Begin to queue commands."""
        if self.queue is not None:
            return ErrorReply(b"ERR MULTI calls can not be nested")
        self.queue, self._queue_bytes, self._queue_bad = [], 0, False
        return OK

    def discard(self):
        """Forget what is queued."""
        if self.queue is None:
            return ErrorReply(b"ERR DISCARD without MULTI")
        self._leave_transaction()
        return OK

    def exec(self):
        """Run what is queued, as one change."""
        queue = self.queue
        if queue is None:
            return ErrorReply(b"ERR EXEC without MULTI")
        if self._queue_bad:
            self._leave_transaction()
            return _ABORTED
        place = self.place
        if place is None:
            return Later(self.open_place, lambda place: self.take(place) or self.exec())
        if not place.is_made and queue and place.is_somebodys:
            return Later(self.make_place, lambda place: self.take(place) or self.exec())
        watched = self._watched
        is_changed = watched and (None in watched or any(place.watched(key) != before for key, before in watched.items()))
        self._leave_transaction()
        if is_changed:
            return NO_ARRAY
        tx = self.shared.tx
        mark = tx.begin_block()
        self._in_exec = True
        try:
            replies, left = [], self.shared.limits.command_max_bytes * _EXEC_COMMANDS
            for words in queue:
                replies.append(self.execute(words))
                left -= _size(replies[-1])
                if left < 0:
                    raise QuotaReached("The answers of this transaction are larger than this node holds in memory. Ask for less at once.")
            self.changed = tx.has_changed(mark) or self.changed
            return replies
        except (QuotaReached, StorageError) as error:
            if not tx.undo_block():
                raise
            return ErrorReply(b"EXECABORT " + refusal_of(error, b"exec").text.partition(b" ")[2])
        finally:
            self._in_exec = False

    def refused(self):
        """What the last command waited for was refused."""
        if self.last == b"exec":
            self._leave_transaction()

    @property
    def in_exec(self):
        """Whether a transaction is running: then nothing may wait."""
        return self._in_exec

    def watch(self, keys):
        """Let the next EXEC do nothing if one of these keys changes until then."""
        place = self.place
        if self.queue is not None:
            return ErrorReply(b"ERR WATCH inside MULTI is not allowed")
        if place is None:
            return Later(self.open_place, lambda place: self.take(place) or self.watch(keys))
        place.check(False)
        if not place.is_made:
            return Later(self.make_place, lambda place: self.take(place) or self.watch(keys))
        if self._watched is None:
            self._watched = {}
        for key in keys:
            if len(self._watched) >= self.shared.limits.watched_max:
                return ErrorReply(b"ERR more keys are watched than this node counts for one client")
            self._watched.setdefault(key, place.watched(key))
        return OK

    def unwatch(self):
        """Watch no key any more."""
        self._watched = None
        return OK

    def _leave_transaction(self):
        self.queue = self._watched = None
        self._queue_bytes, self._queue_bad = 0, False


def _size(reply):
    """What a reply takes in memory, in bytes, about."""
    if type(reply) is bytes:
        return len(reply) + _WORD_BYTES
    parts = (*reply.keys(), *reply.values()) if type(reply) is dict else reply if isinstance(reply, (list, tuple)) else ()
    return _WORD_BYTES + sum(map(_size, parts))


def has_arity(command, words):
    """Whether a command has as many words as it needs."""
    return len(words) == command.arity if command.arity > 0 else len(words) >= -command.arity
