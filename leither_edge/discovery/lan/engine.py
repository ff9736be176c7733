"""DNS-SD over multicast DNS without I/O: datagrams and time in, datagrams out (RFC 6762, RFC 6763).

Quiet by itself: it announces itself at its start, says goodbye at its end, listens, answers, and asks when somebody here looks for a
node. Names hold public keys, so they are known to be unique, and are not probed for (RFC 6762, 8.1). Answers go to all (RFC 6762, 5.4 lets
a responder), once a second at most, after a moment in which others may answer too.
"""

from collections import OrderedDict, deque, namedtuple

from leither_edge.dht import compact
from leither_edge.discovery.lan import service
from leither_edge.discovery.node_records import address_text
from leither_edge.names import dns_message
from leither_edge.names.dns_message import AUTHORITATIVE, QUERY_BIT, Message, Question
from leither_edge.names.dns_records import AAAA, ANY, IN, PTR, SRV, TXT, A
from leither_edge.names.errors import DnsError
from leither_edge.names.z_base_32 import key_to_name

PORT = 5353
GROUP = "224.0.0.251"
# RFC 6762, 17: a datagram may have 9,000 bytes; those of one service never come near.
MESSAGE_MAX_BYTES = dns_message.MESSAGE_MAX_BYTES
KNOWN_MAX = 64
ANSWERS_MAX = 16
OUTGOING_MAX = 16
RECEIVED_MAX_PER_S = 50
# Resolvers of old, which ask from a port of their own, get an answer for themselves; so many a second.
PLAIN_MAX_PER_S = 5
PLAIN_TTL_S = 10
DELAY_S = (0.02, 0.12)
AGAIN_S = 1.0
ANNOUNCED = 2
GONE_S = 1
_CLASS_BITS = 0x7FFF
_LISTED, _TYPE, _SERVICE, _TEXT, _HOST = range(5)

# public_key: 32 bytes; name: text; addresses: texts of host and port.
Nearby = namedtuple("Nearby", "public_key name addresses")


class Known:
    """A node that was heard of."""

    __slots__ = ("ends", "host", "name", "port")

    def __init__(self):
        self.port = self.host = self.name = None
        self.ends = 0.0


class LanEngine:
    """One node's ears and voice on its LAN.

    Args: rand (like random.Random), counters, own (Own, or None of a node that only looks).
    Attributes: outgoing, a deque of (datagram, (host, port) or None: to all); next_wake, when wake() wants to be called.
    """

    def __init__(self, rand, counters, own=None):
        self.outgoing = deque(maxlen=OUTGOING_MAX)
        self._rand, self._counters = rand, counters
        self._announce_again = 0
        self._be(own)
        self._nodes, self._hosts = OrderedDict(), OrderedDict()
        # Kinds of our records that are to be sent, and when they last were.
        self._due, self._sent = {}, {}
        self._questions = []
        self._second, self._received, self._plain = 0, 0, 0

    @property
    def next_wake(self):
        """Seconds of the clock, infinite where nothing is due."""
        return min([*self._due.values(), *(at for at, _ in self._questions)], default=float("inf"))

    # Saying

    def tell(self, own, now):
        """Be this from now on, and say so twice; where addresses changed, too."""
        self._be(own)
        self._due.clear()
        for kind in (_LISTED, _SERVICE, _TEXT, _HOST):
            self._due[kind] = now
            self._sent.pop(kind, None)
        self._announce_again = ANNOUNCED - 1

    def _be(self, own):
        self._own = own
        self._marks = service.MARKS if own is None else (*service.MARKS, key_to_name(own.public_key).encode())

    def goodbye(self):
        """The datagram by which others forget this node, or None."""
        if self._own is None:
            return None
        records = [record._replace(ttl=0) for record in self._records((_LISTED, _SERVICE, _TEXT, _HOST))]
        return dns_message.encode(Message(flags=QUERY_BIT | AUTHORITATIVE, answers=records))

    def wake(self, now):
        """Do what is due."""
        due = [kind for kind, at in self._due.items() if at <= now]
        if due and self._own is not None:
            for kind in due:
                del self._due[kind]
                self._sent[kind] = now
            self._say(due)
            if self._announce_again:
                self._announce_again -= 1
                self._due.update(dict.fromkeys(due, now + AGAIN_S))
        questions = [question for at, question in self._questions if at <= now]
        if questions:
            self._questions = [row for row in self._questions if row[0] > now]
            open_ones = [each for each in dict.fromkeys(questions) if each.type == PTR or not self.find(service.key_of(each.name), now)]
            if open_ones:
                self._send_questions(open_ones, now)

    def _say(self, kinds):
        wanted = self._records(kinds)
        # What one who is told of a service asks for next.
        beside = [_SERVICE, _TEXT, _HOST] if _LISTED in kinds else [_HOST] if _SERVICE in kinds else []
        additionals = self._records([kind for kind in beside if kind not in kinds])
        self.outgoing.append((dns_message.encode(Message(flags=QUERY_BIT | AUTHORITATIVE, answers=wanted, additionals=additionals)), None))

    def _records(self, kinds):
        services, texts, addresses = service.details(self._own)
        of_kind = {
            _LISTED: [service.pointer(self._own.public_key)], _TYPE: [service.type_pointer()], _SERVICE: services, _TEXT: texts,
            _HOST: addresses,
        }  # fmt: skip
        return [record for kind in kinds for record in of_kind[kind]]

    # Asking

    def ask(self, now, key=None):
        """Ask all for every node, or for the node of one key; twice, as a datagram may be lost."""
        question = Question(service.SERVICE, PTR, IN) if key is None else Question(service.instance_of(key), ANY, IN)
        if not any(question == other for _, other in self._questions):
            self._questions += [(now, question), (now + AGAIN_S, question)]

    def _send_questions(self, questions, now):
        answers = []
        if any(question.type == PTR for question in questions):
            # Whom we know need not answer.
            known = [(key, node.ends - now) for key, node in self._nodes.items() if node.name is not None and self._addresses(node, now)]
            answers = [service.pointer(key)._replace(ttl=int(left)) for key, left in known if left > service.TTL_S / 2][:ANSWERS_MAX]
        self.outgoing.append((dns_message.encode(Message(questions=questions, answers=answers)), None))

    def nearby(self, now):
        """[Nearby] of all nodes whose way is known, the one heard last first."""
        found = []
        for key in reversed(list(self._nodes)):
            addresses = self.find(key, now)
            if addresses:
                found.append(Nearby(key, self._nodes[key].name or "", addresses))
        return found

    def find(self, key, now):
        """(texts of host and port) of a key's node, none where it is not known."""
        node = self._nodes.get(key)
        if node is None or node.ends <= now or not node.port:
            return ()
        return tuple([address_text(host, node.port) for host in self._addresses(node, now)])

    def _addresses(self, node, now):
        hosts, ends = self._hosts.get(node.host, ((), 0.0))
        return hosts if ends > now else ()

    # Hearing

    def receive(self, data, source, now):
        """Take a datagram from (host, port)."""
        lowered = data.lower()
        if not any(mark in lowered for mark in self._marks):
            return
        if int(now) != self._second:
            self._second, self._received, self._plain = int(now), 0, 0
        self._received += 1
        if self._received > RECEIVED_MAX_PER_S:
            self._counters.add("lan_dropped", reason="flood")
            return
        try:
            message = dns_message.parse(data, MESSAGE_MAX_BYTES)
        except DnsError as error:
            self._counters.add("lan_dropped", reason=error.code)
            return
        # RFC 6762, 18.3 and 18.11: anything but a plain query or a good answer is ignored.
        if message.opcode or message.flags & 15:
            return
        if message.is_response:
            if source[1] == PORT:
                self._learn([*message.answers, *message.additionals], now)
        elif self._own is not None:
            self._answer(message, source, now)

    def _answer(self, message, source, now):
        kinds = {kind for question in message.questions for kind in self._wanted(question)}
        if not kinds:
            return
        if source[1] != PORT:
            self._answer_plainly(message, source, kinds)
            return
        if _LISTED in kinds and self._is_known(message.answers):
            kinds.discard(_LISTED)
        if kinds:
            at = now + self._rand.uniform(*DELAY_S)
            for kind in kinds:
                self._due.setdefault(kind, max(at, self._sent.get(kind, now - AGAIN_S) + AGAIN_S))

    def _wanted(self, question):
        """Kinds of our records that a question is about."""
        if question.class_ & _CLASS_BITS not in (IN, ANY):
            return ()
        name, key = question.name.lower(), self._own.public_key
        if name == service.SERVICE:
            return (_LISTED,) if question.type in (PTR, ANY) else ()
        if name == service.SERVICES:
            return (_TYPE,) if question.type in (PTR, ANY) else ()
        if name == service.instance_of(key):
            return {SRV: (_SERVICE,), TXT: (_TEXT,), ANY: (_SERVICE, _TEXT)}.get(question.type, ())
        return (_HOST,) if name == service.host_of(key) and question.type in (A, AAAA, ANY) else ()

    def _is_known(self, answers):
        """Whether who asks has our pointer for long enough (RFC 6762, 7.1)."""
        own = service.pointer(self._own.public_key)
        return any(
            record.type == PTR and record.name.lower() == own.name and record.data.lower() == own.data and record.ttl >= own.ttl // 2
            for record in answers
        )

    def _answer_plainly(self, message, source, kinds):
        """RFC 6762, 6.7: as an ordinary server would, to the one who asked."""
        self._plain += 1
        if self._plain > PLAIN_MAX_PER_S:
            self._counters.add("lan_dropped", reason="flood")
            return
        records = [record._replace(ttl=PLAIN_TTL_S, class_=IN) for record in self._records(sorted(kinds))]
        # What is asked beside is not ours.
        questions = [question._replace(class_=IN) for question in message.questions if self._wanted(question)][:1]
        self.outgoing.append(
            (dns_message.encode(Message(message.id, QUERY_BIT | AUTHORITATIVE, questions, records)), source)
        )

    def _learn(self, records, now):
        records = [record._replace(name=record.name.lower()) for record in records if record.class_ & _CLASS_BITS == IN]
        for record in records:
            if record.type == PTR and record.name == service.SERVICE:
                key = service.key_of(record.data.lower())
                if key is not None and record.ttl == 0 and key in self._nodes:
                    self._nodes[key].ends = min(self._nodes[key].ends, now + GONE_S)
            elif record.type in (SRV, TXT):
                key = service.key_of(record.name)
                if key is not None and (self._own is None or key != self._own.public_key):
                    self._learn_of(key, record, now)
        named = {node.host for node in self._nodes.values()}
        found = {}
        for record in records:
            if record.type in (A, AAAA) and record.name in named and record.ttl and compact.is_usable(record.data + b"\0\1"):
                found.setdefault(record.name, []).append(record)
        for name, those in found.items():
            hosts = tuple([compact.unpack(record.data + b"\0\1")[0] for record in those[: service.ADDRESSES_MAX]])
            self._hosts.pop(name, None)
            # An hour and not two minutes: a wrong address costs one try, silence a look by everybody.
            self._hosts[name] = (hosts, now + service.TTL_S)
            while len(self._hosts) > KNOWN_MAX:
                self._hosts.popitem(last=False)

    def _learn_of(self, key, record, now):
        if not record.ttl:
            if key in self._nodes:
                self._nodes[key].ends = min(self._nodes[key].ends, now + GONE_S)
            return
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Known()
        self._nodes.move_to_end(key)
        if record.type == SRV:
            node.port, node.host = service.read_service(record.data)
            node.ends = now + service.TTL_S
        else:
            node.name = service.read_name(record.data)
            node.ends = max(node.ends, now + service.HOST_TTL_S)
        while len(self._nodes) > KNOWN_MAX:
            self._nodes.popitem(last=False)
