"""Executes signed commands, each at most once, and signs the answers.

A command is judged twice: on a snapshot, so that junk costs no write, then in the transaction that records it, where
nothing can come between. Effects outside run in the executor's own nursery: a client that hangs up does not stop a command half way.
"""

import trio

from appliance.commands.admission import Admission, Unauthentic, Verifier, receive
from appliance.commands.answer_ring import AnswerRing
from appliance.commands.answers import INTERRUPTED, Answerer
from appliance.commands.arguments import BadArgument
from appliance.commands.challenges import Challenges
from appliance.commands.desired_state import DesiredState
from appliance.commands.journal import FLOOR_KEY, RESET_KEY, TO_REFUSE, Journal, Outcome
from appliance.commands.keyset_store import KeysetStore
from appliance.commands.tables import CONTROL
from appliance.commands.verbs import LAST, OUTSIDE, READ, STATE, VERBS, Call, Services, VerbFailed
from leither_edge.core.ids import ID_BYTES, id_to_text
from leither_edge.core.roles import includes
from leither_edge.storage import StorageError

# Time for an answer to leave before the board goes down.
AFTER_ANSWER_S = 1
FLIGHTS_MAX = 8
# Most of the state's map is for other things than recorded answers.
ANSWERS_SHARE_OF_MAP = 8
STOPPING = ("stopping", "The device is going down. Repeat the same command when it is back.")
BUSY = ("busy", "Too many commands are running; try again in a minute.")
MIB = 1024 * 1024


class TryAgain(Exception):
    """No answer now, and none is signed: a signed one would be final. The same bytes may be sent again.

    code: busy, stopping or storage.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Executor:
    """The device's side of commands. ``run`` must be running while commands are executed.

    store: Store with tables.TABLES; node_key: id and sign; floor: TimeFloor, raised here to the saved one; clock: () -> s since 1970;
    board: async call(verb, **arguments), whose errors have a ``code``; counters, log and profile of the node; versions: {name: text}.

    Attributes to set: sign_in (code, key id, role, seconds its pass is still good or None) -> bool; names, content (see verbs.Services) or
    None; config_changed (document); keyset_changed (Keyset); answers_left, async () that returns when answers on slow ways have left.
    """

    def __init__(self, store, node_key, floor, clock, board, counters, log, profile, *, versions=None):
        self.sign_in = None
        self.names = None
        self.reach = None
        self.content = None
        self.config_changed = None
        self.keyset_changed = None
        self.answers_left = None
        self._store = store
        self._key = node_key
        self._floor = floor
        self._clock = clock
        self._board = board
        self._counters = counters
        self._log = log
        self._profile = profile
        self._versions = versions or {}
        self._started = None
        self._nursery = None
        self._flights = {}
        self._outside_turn = trio.Lock()

        limits = profile.commands
        ring_bytes = min(limits.answers_kept * limits.answer_max_bytes, profile.storage.state_map_mib * MIB // ANSWERS_SHARE_OF_MAP)
        challenges = Challenges(limits.challenge_life_s)
        self._config = DesiredState(profile, f"Leither-{id_to_text(node_key.id)[:4]}")
        self._keysets = KeysetStore()
        self._answerer = Answerer(node_key, floor, self._clock_s, limits.answer_max_bytes)
        self._admission = Admission(challenges, self._config, self._keysets, floor, node_key.id)
        self._journal = Journal(self._admission, AnswerRing(limits.answers_kept, ring_bytes), self._answerer, challenges, limits)
        with store.read() as tx:
            floor.observe(tx.get(CONTROL, FLOOR_KEY, 0))
        self._recover()

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        """Carry the effects of commands until cancelled."""
        self._started = trio.current_time()
        async with trio.open_nursery() as self._nursery:
            if self._is_reset_owed():
                self._nursery.start_soon(self._last_effect, VERBS["factory-reset"], None)
            task_status.started()
            await trio.sleep_forever()

    @property
    def config(self):
        """The configuration document in force."""
        with self._store.read() as tx:
            return self._config.read(tx)

    @property
    def keyset(self):
        """The Keyset in force, None before the claim."""
        with self._store.read() as tx:
            return self._keysets.current(tx)

    @property
    def versions(self):
        """{name: text} of what runs here."""
        return self._versions

    @property
    def floor(self):
        """The TimeFloor."""
        return self._floor

    def now(self):
        """The device's time, seconds since 1970, never behind the floor."""
        return self._answerer.now()

    async def execute(self, data):
        """The signed answer (bytes) to the bytes of a signed command.

        Raises Unauthentic for what no key of this device signed; nothing is changed then. Raises TryAgain.
        """
        try:
            return await self._execute(receive(data, self._profile.commands.command_max_bytes))
        except Unauthentic as error:
            self._counters.add("commands_unauthentic", code=error.code)
            raise

    async def execute_local(self, verb, arguments, session):
        """The Answer (unsigned) to what a signed-in browser asks. session: role, and via, the key id that let it in or None.

        The same verbs and rules, but for dangerous verbs, which need a signed command. Reads are not audited: a page repeats them
        every few seconds, and nothing left the house.
        """
        verb, checked, refusal = self._admit_local(verb, arguments, session.role)
        if refusal is not None:
            return self._answerer.unsigned("refused", {}, refusal)
        issuer = session.via if isinstance(session.via, bytes) and len(session.via) == ID_BYTES else None
        call = Call(self._services(), checked, issuer, session.role, False, None, None)
        if verb.kind == READ:
            return await self._local(verb, call)
        if len(self._flights) >= FLIGHTS_MAX:
            return self._answerer.unsigned("refused", {}, BUSY)
        return await self._fly(object(), self._local, verb, call).landed()

    def _is_reset_owed(self):
        with self._store.read() as tx:
            return tx.get(CONTROL, RESET_KEY, False)

    # A signed command

    async def _execute(self, received):
        verifier, clock, now = Verifier(), self._clock_s(), trio.current_time()
        look = (received, verifier, clock, now)
        flight = self._flights.get(received.digest)
        try:
            if flight is not None:
                return await flight.landed()
            first = self._first_look(look)
            if isinstance(first, Outcome):
                return self._told(received, first)
            if first is TO_REFUSE:
                return self._told(received, await self._commit(received, lambda tx: self._journal.accept(tx, *look, None)))
            if first.verb.kind != OUTSIDE:
                return await self._inside(look, first)
            if len(self._flights) >= FLIGHTS_MAX:
                raise TryAgain(*BUSY)
            return await self._fly(received.digest, self._outside, look).landed()
        except StorageError as error:
            # Nothing was done, and nothing on disk says so: a signed "failed" would be final, while the same bytes could still be obeyed.
            self._log.error("command not recorded", why=error)
            self._count(received.command, "failed", "storage")
            raise TryAgain("storage", str(error)) from None

    def _first_look(self, look):
        # On its own, so that no waiting command holds a reader's slot of the store.
        with self._store.read() as tx:
            return self._journal.first_look(tx, *look)

    async def _inside(self, look, admitted):
        """READ, STATE and LAST: one transaction holds all."""
        received = look[0]
        facts = failure = None
        if admitted.verb.gather is not None:
            try:
                facts = await admitted.verb.gather(self._call(received, admitted))
            except VerbFailed as error:
                failure = error

        def accept(tx):
            return self._journal.accept(tx, *look, lambda again: self._call(received, again, facts), failure)

        outcome = await self._commit(received, accept)
        if outcome.admitted is not None and outcome.status == "done":
            self._after(outcome.admitted.verb, received.command.issuer)
        return self._told(received, outcome)

    async def _commit(self, received, accept):
        verb = VERBS.get(received.command.verb)
        # The map's last room is for what mends things: reset, restart, change of keys.
        return await self._store.commit(accept, reserve=verb is not None and (verb.dangerous or verb.kind == LAST))

    async def _outside(self, look):
        """OUTSIDE: accepted, done, answered."""
        received = look[0]
        async with self._outside_turn:
            outcome = await self._store.commit(lambda tx: self._journal.accept(tx, *look, None))
            if outcome.answer is None:
                admitted = outcome.admitted
                self._floor.observe(admitted.proven)
                came_to = await self._effect(admitted.verb, self._call(received, admitted))
                try:
                    outcome = await self._store.commit(lambda tx: self._journal.settle(tx, received, admitted, *came_to), reserve=True)
                except StorageError as error:
                    # Done, and nobody will be able to prove it: say so rather than "failed", which would invite a second try.
                    self._log.error("answer not recorded", why=error)
                    return self._untracked(received, "interrupted", INTERRUPTED)
        return self._told(received, outcome)

    async def _effect(self, verb, call):
        """(status, result, error) of an effect outside."""
        try:
            return "done", await verb.run(call), None
        except VerbFailed as failed:
            return "failed", {}, (failed.code, str(failed))
        except Exception as fault:
            # A fault of ours is this command's failure, not the end of all others.
            self._log.error("command fault", verb=verb.name, kind=type(fault).__name__, why=fault)
            return "failed", {}, ("internal", "The device made a mistake while it did this; its log says more.")

    def _after(self, verb, issuer):
        """What follows a durable change."""
        if verb.kind == LAST:
            self._nursery.start_soon(self._last_effect, verb, issuer)
        elif verb.name == "config-set" and self.config_changed is not None:
            self.config_changed(self.config)
        elif verb.name == "keyset-set" and self.keyset_changed is not None:
            self.keyset_changed(self.keyset)

    async def _last_effect(self, verb, issuer):
        await trio.sleep(AFTER_ANSWER_S)
        if self.answers_left is not None:
            await self.answers_left()
        status, _, error = await self._effect(verb, Call(self._services(), {}, issuer, None, False, None, None))
        if status != "done":
            self._counters.add("commands_not_done", code=error[0])
            self._log.error("command failed after its answer", verb=verb.name, code=error[0], why=error[1])

    def _fly(self, key, effect, *arguments):
        """Start an effect in the executor's nursery and return its _Flight."""
        flight = self._flights[key] = _Flight()

        async def fly():
            try:
                flight.answer = await effect(*arguments)
            except (StorageError, Unauthentic) as error:
                flight.error = error
            except trio.Cancelled:
                flight.error = TryAgain(*STOPPING)
                raise
            finally:
                del self._flights[key]
                flight.ended.set()

        try:
            self._nursery.start_soon(fly)
        except RuntimeError:
            # The nursery has closed; a request that was read before it did still comes this far.
            del self._flights[key]
            raise TryAgain(*STOPPING) from None
        return flight

    def _recover(self):
        try:
            with self._store.read() as tx:
                if not self._journal.is_interrupted(tx):
                    return
            with self._store.write(reserve=True) as tx:
                interrupted = self._journal.settle_interrupted(tx)
        except StorageError as error:
            # Their repetition is answered as interrupted without the record, too.
            self._log.error("interrupted commands not recorded", why=error)
            return
        for running in interrupted:
            self._log.warning("command interrupted", verb=running.verb, issuer=id_to_text(running.issuer))

    # A browser's command

    def _admit_local(self, name, arguments, role):
        """(verb, checked arguments, None), or the refusal as third."""
        verb = VERBS.get(name)
        if verb is None:
            return None, None, ("unknown-verb", "This device does not know that verb.")
        if verb.dangerous or verb.name == "sign-in":
            return None, None, ("not-allowed", "This needs a signed command.")
        if not includes(role, verb.role):
            return None, None, ("not-allowed", f"This needs the role {verb.role}.")
        try:
            return verb, self._admission.check(verb, arguments), None
        except BadArgument as error:
            return None, None, ("bad-argument", str(error))

    async def _local(self, verb, call):
        try:
            status, result, error = await self._local_effect(verb, call)
            if verb.kind in (OUTSIDE, LAST):
                await self._store.commit(lambda tx: self._journal.note_local(tx, call.issuer, verb.name, status))
        except StorageError as problem:
            status, result, error = "failed", {}, ("storage", str(problem))
        self._counters.add("commands_local", verb=verb.name, status=status)
        if status == "done":
            self._after(verb, call.issuer)
        return self._answerer.unsigned(status, result, error)

    async def _local_effect(self, verb, call):
        try:
            if verb.gather is not None:
                call = call._replace(facts=await verb.gather(call))
            if verb.kind == READ:
                with self._store.read() as tx:
                    return "done", verb.run(call, tx), None
            if verb.kind == STATE:
                return "done", await self._store.commit(lambda tx: self._local_change(tx, verb, call)), None
        except VerbFailed as failed:
            return "failed", {}, (failed.code, str(failed))
        if verb.kind == LAST:
            return "done", {}, None
        async with self._outside_turn:
            return await self._effect(verb, call)

    def _local_change(self, tx, verb, call):
        result = verb.run(call, tx)
        self._journal.note_local(tx, call.issuer, verb.name, "done")
        return result

    # Small things

    def _told(self, received, outcome):
        """Count and log an outcome, and let the floor follow; returns the answer."""
        command = received.command
        if outcome.admitted is not None:
            self._floor.observe(outcome.admitted.proven)
        if outcome.code == "revoked":
            self._journal.saw_revoked(command.issuer)
        self._count(command, outcome.status, outcome.code)
        return outcome.answer

    def _untracked(self, received, status, error):
        """A signed answer that leaves no trace on disk."""
        self._count(received.command, status, error[0])
        return self._answerer.signed(None, received.command.command_id, status, {}, error)

    def _count(self, command, status, code):
        verb = command.verb if command.verb in VERBS else "unknown"
        self._counters.add("commands", verb=verb, status=status)
        if code is not None:
            self._counters.add("commands_not_done", code=code)
        self._log.info("command", verb=verb, status=status, code=code or "none", issuer=id_to_text(command.issuer))

    def _call(self, received, admitted, facts=None):
        authority, command = admitted.authority, received.command
        limited = authority.verbs is not None
        # By the command's own time, as the pass was judged: the clock cannot be trusted.
        left_s = None if authority.via is None else authority.via.not_after - max(self._floor.floor, command.issued)
        return Call(self._services(), admitted.arguments, command.issuer, authority.role, limited, admitted.proven, facts, left_s)

    def _services(self):
        return Services(
            self._store, self._board, self._config, self._keysets, self._profile, self._floor, self._clock_s, self._key.id, self._versions,
            self._uptime, self.sign_in, self.names, self.reach, self.content,
        )  # fmt: skip

    def _uptime(self):
        return trio.current_time() - self._started

    def _clock_s(self):
        return max(0, int(self._clock()))


class _Flight:
    """A command whose effect runs. All who ask for its answer wait for it to land."""

    __slots__ = ("answer", "ended", "error")

    def __init__(self):
        self.answer = None
        self.error = None
        self.ended = trio.Event()

    async def landed(self):
        await self.ended.wait()
        if self.error is not None:
            raise self.error
        return self.answer
