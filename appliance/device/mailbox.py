"""Commands that come through the DHT: looks for the letters of the device's controllers, has them executed, puts the answers back.

The commands are the very bytes that HTTP takes, and the executor judges them by the same rules; what came both ways runs once.
"""

import random

import trio

from appliance.commands import pass_holders, sequences
from appliance.commands.admission import Unauthentic
from appliance.commands.executor import TryAgain
from appliance.commands.keyset_store import KeysetStore
from appliance.commands.plain import sentence
from appliance.commands.tables import MAILBOX
from leither_edge.core.command import open_command
from leither_edge.core.ids import id_to_text, key_id
from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import random_bytes
from leither_edge.dht import DhtError
from leither_edge.dht.item import SEQ_MAX
from leither_edge.mailbox import bodies, letters
from leither_edge.mailbox.carrying import put_letter, read_letter
from leither_edge.mailbox.letters import Answered, Answers, Unanswered
from leither_edge.mailbox.poller import HEADER_BYTES, Poller, share
from leither_edge.storage import StorageError

KIB = 1024
DAY_S = 86400
# A network that is not entered by then is looked for again and again.
JOIN_S = 30
# The keyset and the passes are looked at again after so long.
RELOAD_S = 60
# A board that is to go down waits so long for answers that are on their way into the DHT.
LEAVING_MAX_S = 45
# One look or one letter; the DHT's own time-outs are far below.
LOOK_MAX_S = 60
LETTER_MAX_S = 300
# A letter that could not be answered is taken up again after so long, twice as long each time, and then no more.
AGAIN_S = 10
TRIES_MAX = 5


async def keep_mailbox(node, dht, executor, *, sealed_bodies=None, addresses=tuple, rand=None):
    """Look for commands and answer them until cancelled.

    node: Node; dht: a running DHT node; executor: the running Executor; sealed_bodies: SealedBodies served over HTTP, or None;
    addresses: () -> URLs under which this device's HTTP may be reached, the best first; rand: like random.Random.
    """
    mailbox = Mailbox(node, dht, executor, sealed_bodies, addresses, rand or random.Random(random_bytes(16)))
    executor.answers_left = mailbox.answers_left
    try:
        await mailbox.run()
    finally:
        executor.answers_left = None


class Mailbox:
    """One device's mailbox; run by `keep_mailbox`."""

    def __init__(self, node, dht, executor, sealed_bodies, addresses, rand):
        self._node = node
        self._dht = dht
        self._executor = executor
        self._sealed_bodies = sealed_bodies
        self._addresses = addresses
        self._keysets = KeysetStore()
        self._poller = Poller(node.profile.dht.idle_kib_per_day * KIB, rand, trio.current_time())
        # key id -> public key, of all who are looked for.
        self._controllers = {}
        # key id -> [sequence number of the queue last answered, of our answers]
        self._seen = {}
        self._changed = trio.Event()
        self._leaving = 0
        self._left = trio.Event()
        # key id -> (sequence number of a queue that could not be answered, how often)
        self._tries = {}
        # The letter made last: the same answers are not sealed and cut again for a controller that asks once more.
        self._last = (None, None)

    async def run(self):
        """Look until cancelled."""
        await self._dht.joined(JOIN_S)
        async with trio.open_nursery() as nursery:
            reload_at = trio.current_time()
            while True:
                now = trio.current_time()
                if now >= reload_at:
                    self._reload(now)
                    reload_at = now + RELOAD_S
                turn = self._poller.next(now)
                wake_at = reload_at if turn is None else min(turn[1], reload_at)
                if wake_at > now:
                    with trio.move_on_at(wake_at):
                        await self._changed.wait()
                    self._changed = trio.Event()
                    continue
                await self._look(turn[0], nursery)

    async def answers_left(self):
        """Return when no answer is on its way any more, or the time for that is over."""
        with trio.move_on_after(LEAVING_MAX_S):
            while self._leaving:
                await self._left.wait()

    # Who

    def _reload(self, now):
        """Learn who may command: the keys of the keyset, and the holders of passes that were obeyed before."""
        shares, controllers = {}, {}
        try:
            with self._node.store.read() as tx:
                keyset = self._keysets.current(tx)
                if keyset is not None:
                    clock = self._executor.now()
                    controllers = {key_id(public_key): public_key for _, public_key in keyset.keys}
                    holders = pass_holders.standing(tx, keyset, clock)
                    controllers.update((id20, holder.public_key) for id20, holder in holders.items())
                    for id20 in controllers:
                        issued = sequences.last(tx, id20).issued
                        shares[id20] = share(None if issued is None else max(0, clock - issued) / DAY_S)
                        if id20 not in self._seen:
                            self._seen[id20] = tx.get(MAILBOX, id20, [0, 0])
        except StorageError as error:
            self._node.log.error("mailbox", why=error)
            return
        self._controllers = controllers
        for gone in [id20 for id20 in self._seen if id20 not in controllers]:
            del self._seen[gone]
        self._poller.set_controllers(shares, now)

    # One look

    async def _look(self, id20, nursery):
        public_key, seen = self._controllers[id20], self._seen[id20]
        found = None
        with trio.move_on_after(LOOK_MAX_S):
            try:
                found = await self._dht.poll_mutable(public_key, self._node.key.id, seen[0] or None)
            except DhtError as error:
                self._node.counters.add("mailbox_looks_failed", code=error.code)
        now = trio.current_time()
        if found is None:
            self._poller.failed(id20, now)
            return
        report = found.report
        self._node.counters.add("mailbox_bytes", report.bytes + report.messages * HEADER_BYTES)
        if not report.answered and found.value is None:
            self._node.counters.add("mailbox_looks_failed", code="silent")
            self._poller.failed(id20, now, report.messages, report.bytes)
            return
        self._node.counters.add("mailbox_looks")
        self._poller.looked(id20, report.messages, report.bytes, now)
        if found.value is not None and found.value.seq > seen[0]:
            self._poller.hold(id20, True)
            nursery.start_soon(self._take, id20, public_key, found.value)

    async def _take(self, id20, public_key, signed):
        """Do what a letter asks, again after a while where that could not be brought to an end."""
        seq, tries = self._tries.pop(id20, (0, 0))
        tries = tries + 1 if seq == signed.seq else 1
        self._leaving += 1
        is_answered = False
        try:
            with trio.move_on_after(LETTER_MAX_S):
                is_answered = await self._answer(id20, public_key, signed, tries)
        finally:
            self._leaving -= 1
            self._left.set()
            self._left = trio.Event()
            self._poller.hold(id20, False)
            self._changed.set()
        if not is_answered and tries < TRIES_MAX:
            self._tries[id20] = (signed.seq, tries)
            self._poller.put_off(id20, AGAIN_S * 2**tries, trio.current_time())
        elif not is_answered and id20 in self._seen:
            self._seen[id20][0] = signed.seq

    async def _answer(self, id20, public_key, signed, tries):
        """Whether a letter is done with."""
        counters = self._node.counters
        try:
            commands = letters.read_queue(await read_letter(self._dht, signed.value, self._node.key.unseal))
        except letters.LetterError as error:
            counters.add("mailbox_letters_bad", code=error.code)
            self._node.log.warning("mailbox letter", code=error.code, controller=id_to_text(id20))
            if error.code != "missing":
                self._seen.get(id20, [0])[0] = signed.seq
                return True
            return False
        except DhtError as error:
            counters.add("mailbox_looks_failed", code=error.code)
            return False
        if tries == 1:
            self._poller.came(id20, trio.current_time())
        answers, is_whole = await self._execute(commands)
        if answers and not await self._put(id20, public_key, signed.seq if is_whole else None, answers):
            return False
        counters.add("mailbox_answers", len(answers))
        return is_whole

    async def _execute(self, commands):
        """(answers in the commands' order, whether none of them must be tried again)."""
        answers = []
        for data in commands:
            try:
                command_id = open_command(data)[0].command_id
            except ValueError as error:
                # Without its id there is nothing to answer.
                self._node.counters.add("commands_unauthentic", code=getattr(error, "code", "malformed"))
                continue
            try:
                answers.append(Answered(command_id, await self._executor.execute(data)))
            except Unauthentic as error:
                answers.append(Unanswered(command_id, error.code, sentence(error)))
            except TryAgain as error:
                # Those behind it must not overtake it.
                if error.code == "storage":
                    answers.append(Unanswered(command_id, error.code, sentence(error)))
                return answers, False
        return answers, True

    async def _put(self, id20, public_key, queue_seq, answers):
        """Put answers where the controller looks for them; whether that went well. queue_seq: None where it is not done with."""
        if id20 not in self._seen:
            # Shut out by one of these very commands: it may still learn so.
            self._seen[id20] = [0, 0]
        seen = self._seen[id20]

        def next_seq(at_least):
            return min(max(seen[1] + 1, int(self._node.clock() * 1000), at_least), SEQ_MAX)

        try:
            letter = self._letter(id20, public_key, answers)
            seq, report = await put_letter(self._dht, letter, self._node.key, id20, next_seq)
        except (DhtError, letters.LetterError) as error:
            self._node.counters.add("mailbox_answers_failed", code=error.code)
            self._node.log.warning("mailbox answers not stored", code=error.code)
            return False
        self._node.log.info("mailbox", answers=len(answers), nodes=report.stored, controller=id_to_text(id20))
        seen[1] = seq
        if queue_seq is not None:
            seen[0] = queue_seq
        try:
            await self._node.store.commit(lambda tx: self._write(tx, id20, list(seen)))
        except StorageError as error:
            # After the next start this letter is answered once more, out of the record.
            self._node.log.error("mailbox", why=error)
        return True

    def _write(self, tx, id20, seen):
        for known, _ in list(tx.scan(MAILBOX)):
            if known not in self._seen:
                tx.delete(MAILBOX, known)
        tx.put(MAILBOX, id20, seen)

    def _letter(self, id20, public_key, answers):
        made = Answers(answers, self._poller.idle_interval_s(id20))
        mark = sha256(b"".join(repr(answer).encode() for answer in answers) + id20).digest()
        if self._last[0] != mark:
            self._last = (mark, letters.make_answers(made, public_key, self._addresses(), self._cut))
        return self._last[1]

    def _cut(self, data, public_key):
        body, sealed, values = bodies.cut(data, public_key)
        if self._sealed_bodies is not None:
            self._sealed_bodies.keep(body.digest, sealed)
        return body, sealed, values
