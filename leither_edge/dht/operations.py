"""What a node asks of the network: searches, and writes to those found; each runs on an engine and tells its own end."""

from leither_edge.dht import compact, neighbourhood
from leither_edge.dht.beside import Beside
from leither_edge.dht.lookup import Lookup
from leither_edge.dht.node_id import distance
from leither_edge.dht.report import Report, Row
from leither_edge.dht.takers import AGAIN, STOP

K = 8
# Contacts that a search begins with.
SEEDS = 20
# Chains that share no node: a liar who is on one of them cannot turn a write away from the others.
WRITE_PATHS = 2


class Search:
    """Asks the nodes nearest to a target, and those that they name, until the nearest have answered.

    engine: Engine; method: of BEP 5 or 44, as bytes; target: 20 bytes; arguments: of the query; take: (address, body, now) ->
    None, STOP to end early, or AGAIN to ask this node once more with its token; paths: disjoint chains;
    on_done: (Search); progress: (asked, answered, stored) or None; seeds: contacts beside the table's; careful: where dead
    nodes or a crowd around the target may hide others, look beside it (Lookup.to_ask_beside).

    Attributes: tokens {address: token}; lookup; rows; messages; bytes; is_stopped: ended early by its taker.
    """

    def __init__(self, engine, method, target, arguments, on_done, *, take=None, paths=1, progress=None, seeds=(), careful=False):
        self.engine = engine
        self.method = method
        self.target = target
        self.arguments = arguments
        self.tokens = {}
        self.rows = {}
        self.messages = 0
        self.bytes = 0
        self.lookup = None
        self.is_over = False
        self.is_stopped = False
        self.begun = self.finished = 0.0
        self._take = take
        self._paths = paths
        self._on_done = on_done
        self._progress = progress
        self._seeds = seeds
        self._again = set()
        self._careful = careful

    def begin(self, now):
        """Ask the first ones."""
        engine = self.engine
        self.begun = now
        seeds = [*self._seeds, *engine.table.closest(self.target, SEEDS)]
        radius = neighbourhood.radius(engine.network_size)
        self.lookup = Lookup(
            self.target, engine.own_id, seeds, family=engine.family, paths=self._paths, expected_radius=radius,
            one_per_prefix=engine.shared.settings.network is None,
        )  # fmt: skip
        self._go_on(now)

    def _go_on(self, now):
        if self.is_over:
            return
        asked = True
        while asked:
            # Once more, as one that could not be sent makes room for the next.
            asked = self.lookup.to_ask(now)
            for contact in asked:
                self._ask(contact, self.arguments, now)
            beside = self.lookup.to_ask_beside(now) if self._careful else ()
            for contact, place in beside:
                self._ask_beside(contact, place, now)
            asked = asked or beside
        if self.lookup.is_done and not self._again:
            self.end(now)

    def _ask_beside(self, contact, place, now):
        if self.engine.ask(contact[20:], contact[:20], b"find_node", {b"target": place}, Beside(self, place), now, pad=True):
            self.messages += 1
        else:
            self.lookup.heard_beside(contact, place, (), now)

    def told_beside(self, pending, place, nodes, now):
        """What came of a question for a place beside the target; nodes: contacts, none for no answer."""
        if not self.is_over:
            self.messages += bool(nodes)
            self.bytes += pending.size
            self.lookup.heard_beside(pending.node_id + pending.address, place, nodes, now)
            self._go_on(now)

    def slow_beside(self, pending, place, now):
        """A question for a place beside the target is not answered yet."""
        if not self.is_over:
            self.lookup.slow_beside(pending.node_id + pending.address, place, now)
            self._go_on(now)

    def _ask(self, contact, arguments, now):
        address = contact[20:]
        if not self.engine.ask(address, contact[:20], self.method, arguments, self, now, pad=True):
            self.lookup.failed(contact, "busy", now)
            return
        self.messages += 1
        self.rows.setdefault(address, [contact[:20], "none", None, None, None])
        self._tell()

    def end(self, now):
        """It is over, whatever still comes."""
        if not self.is_over:
            self.is_over = True
            self.finished = now
            if not self.is_stopped:
                self.engine.sizes.noted(self.target, [contact[:20] for contact in self.lookup.closest(K)])
            self._on_done(self)

    def abandon(self, now):
        """Nobody waits for it any more."""
        if not self.is_over:
            self.is_over = True
            self.finished = now

    # Answers

    def answered(self, pending, message, now):
        """A reply to one of our requests."""
        if self.is_over:
            return
        address, body = pending.address, message.body
        self._count(pending)
        self.rows[address][1:] = ["answered", None, None, round((now - pending.sent) * 1000)]
        token = body.get(b"token")
        if token is not None:
            self.tokens[address] = token
        is_second = address in self._again
        self._again.discard(address)
        verdict = None if self._take is None else self._take(address, body, now)
        if verdict is AGAIN and not is_second and token is not None:
            self._again.add(address)
            if self.engine.ask(address, pending.node_id, self.method, {**self.arguments, b"token": token}, self, now):
                self.messages += 1
            else:
                self._again.discard(address)
        if not is_second:
            self.lookup.answered(pending.node_id + address, body[b"id"], self.engine.nodes_in(body), now)
        if verdict is STOP:
            self.is_stopped = True
            self.lookup.stop()
            self._again.clear()
        self._tell()
        self._go_on(now)

    def refused(self, pending, message, now):
        """An error in place of a reply."""
        if self.is_over:
            return
        self._count(pending)
        self.note(pending.address, "error", message.code, message.text)
        self._gave_up(pending, "error", now)

    def slow(self, pending, now):
        """No reply yet: somebody else is asked meanwhile."""
        if not self.is_over:
            if pending.address in self._again:
                self._again.discard(pending.address)
            else:
                self.lookup.slow(pending.node_id + pending.address, now)
            self._go_on(now)

    def failed(self, pending, reason, now):
        """No reply at all."""
        if self.is_over:
            return
        self.bytes += pending.size
        if pending.address not in self._again:
            self.note(pending.address, reason)
        self._gave_up(pending, reason, now)

    def _gave_up(self, pending, reason, now):
        if pending.address in self._again:
            self._again.discard(pending.address)
        else:
            self.lookup.failed(pending.node_id + pending.address, reason, now)
        self._go_on(now)

    # Report

    def _count(self, pending):
        self.messages += 1
        self.bytes += pending.size

    def note(self, address, outcome, code=None, text=None):
        """What a node did, for its row."""
        self.rows[address][1:4] = [outcome, code, text]

    def _tell(self):
        if self._progress is not None:
            outcomes = [row[1] for row in self.rows.values()]
            stored = outcomes.count("stored")
            self._progress(len(outcomes), outcomes.count("answered") + stored + outcomes.count("refused"), stored)

    def report(self):
        """The Report of it."""
        rows = []
        for address, (node, outcome, code, text, ms) in self.rows.items():
            host, port = compact.unpack(address)
            rows.append(Row(host, port, node, "silent" if outcome == "none" and self.is_over else outcome, code, text, ms))
        stored, refused = (sum(row.outcome == what for row in rows) for what in ("stored", "refused"))
        answered = sum(row.ms is not None for row in rows)
        silent = sum(row.outcome == "silent" for row in rows)
        return Report(
            self.target, len(rows), answered, stored, refused, silent, self.lookup.hops if self.lookup else 0,
            self.messages, self.bytes, self.finished - self.begun, tuple(rows),
        )  # fmt: skip


class Write(Search):
    """A search whose nearest nodes are then given something to keep.

    put_method: b"put" or b"announce_peer"; put_arguments: (address) -> arguments without id and token; keep_here: (now), called where
    this node is itself one of the nearest and answers others.
    """

    def __init__(self, engine, method, target, arguments, put_method, put_arguments, on_done, *, keep_here=None, **rest):
        super().__init__(engine, method, target, arguments, on_done, **rest)
        self._keep_here = keep_here
        self._put_method = put_method
        self._put_arguments = put_arguments
        self._writing = None
        self._spare = []

    def end(self, now):
        """The search is over: now the writes."""
        if self._writing is not None:
            super().end(now)
            return
        able = [contact for contact in self.lookup.closest() if contact[20:] in self.tokens]
        rest = [contact for contact in self.lookup.closest(SEEDS) if contact[20:] in self.tokens and contact not in able]
        self._writing = set()
        if self._keep_here is not None and self.engine.is_server and self._is_near(able):
            self._keep_here(now)
            # It is one of the eight then, as others who search will see it.
            able, rest = able[: max(len(able) - 1, K - 1)], [*able[max(len(able) - 1, K - 1) :], *rest]
        self._spare = rest
        for contact in able:
            self._write(contact, now)
        self._go_on(now)

    def _is_near(self, contacts):
        if len(contacts) < K:
            return True
        own, farthest = self.engine.own_id, contacts[K - 1][:20]
        return distance(own, self.target) < distance(farthest, self.target)

    def _go_on(self, now):
        if self._writing is None:
            super()._go_on(now)
        elif not self._writing and not self.is_over:
            super().end(now)

    def _write(self, contact, now):
        address = contact[20:]
        arguments = {**self._put_arguments(address), b"token": self.tokens[address]}
        if self.engine.ask(address, contact[:20], self._put_method, arguments, self, now):
            self.messages += 1
            self._writing.add(address)

    def answered(self, pending, message, now):
        """A reply, to the search or to the write."""
        if self._writing is None:
            super().answered(pending, message, now)
        elif not self.is_over and pending.method == self._put_method:
            self._count(pending)
            self.note(pending.address, "stored")
            self._settled(pending, now)

    def refused(self, pending, message, now):
        """An error, to the search or to the write."""
        if self._writing is None:
            super().refused(pending, message, now)
        elif not self.is_over and pending.method == self._put_method:
            self._count(pending)
            self.note(pending.address, "refused", message.code, message.text)
            self._settled(pending, now)

    def slow(self, pending, now):
        """A node that has just answered and now keeps silent is made up for by the next one."""
        if self._writing is None:
            super().slow(pending, now)
        elif pending.address in self._writing and self._spare:
            self._write(self._spare.pop(0), now)

    def failed(self, pending, reason, now):
        """No reply, to the search or to the write."""
        if self._writing is None:
            super().failed(pending, reason, now)
        elif pending.address in self._writing:
            self.bytes += pending.size
            self.note(pending.address, "silent")
            self._settled(pending, now)

    def _settled(self, pending, now):
        self._writing.discard(pending.address)
        self._tell()
        self._go_on(now)
