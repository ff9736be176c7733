"""What a node answers to others' queries (BEP 5, 32, 42, 44, 51), and how much it sends to whom.

To an address that has not proved itself never goes a byte more than came from it. If the whole answer does not fit, the querier is to be
pinged first (PROVE); one that cannot be gets what fits: no value, fewer nodes.
"""

from leither_edge.dht import compact, krpc
from leither_edge.dht.item import Item, signed_part
from leither_edge.dht.item_store import Refused
from leither_edge.dht.rate import Budget

# respond() returns it: ping this address, and ask again when it has answered.
PROVE = type("Prove", (), {"__repr__": lambda self: "PROVE"})()

K = 8
# A datagram below the smallest usual path (IPv6 over a tunnel, with all headers).
REPLY_MAX_BYTES = 1400
VALUES = {6: 50, 18: 20}
# A text out of an error never makes the answer to junk longer than the junk.
_PUT_PARTS = (b"k", b"sig", b"seq")
_NODES = {4: b"nodes", 6: b"nodes6"}
# First bytes of IPv4 addresses that may not be global: spares looking closer at most of them.
_MAYBE_LOCAL = frozenset((0, 10, 100, 127, 169, 172, 192))


class Server:
    """One address family of a node, towards those who ask it.

    Args: settings (network, checks_per_s), own_id (20 bytes), family (4 or 6), tables ({4: table or None, 6: table or None}), items
    (ItemStore), peers (PeerStore), tokens (Tokens), verify (signature, message, key -> bool), rate (Rate), verified (Verified), counters,
    rand (randrange). own_id may be set anew.
    """

    def __init__(self, settings, own_id, family, tables, items, peers, tokens, verify, rate, verified, counters, rand):
        self.own_id = own_id
        self._network = settings.network
        self._family = family
        self._tables = tables
        self._items = items
        self._peers = peers
        self._tokens = tokens
        self._verify = verify
        self._rate = rate
        self._verified = verified
        self._counters = counters
        self._rand = rand
        self._checks = Budget(settings.checks_per_s)
        self._ping_bytes = len(krpc.query(bytes(4), b"ping", {b"id": own_id}, read_only=True, network=self._network))
        self._methods = {
            b"ping": self._ping,
            b"find_node": self._find_node,
            b"get_peers": self._get_peers,
            b"announce_peer": self._announce_peer,
            b"get": self._get,
            b"put": self._put,
            b"sample_infohashes": self._sample,
        }

    def respond(self, message, address, size_in, now, may_wait=True, is_wanted=False):
        """The reply to a query, or None if there is none, or PROVE.

        Args: message (a query), address (packed, where it came from), size_in (bytes of its datagram; 0 where the same query is asked
        about again after PROVE), now (seconds), may_wait (whether PROVE is of use), is_wanted (the querier is to be pinged in any case).
        """
        is_proved = self._verified.has(address, now)
        if size_in:
            over = self._rate.take(address, now, is_proved or self._is_contact(message, address))
            if over is not None:
                return self._drop("rate-" + over)
            if not is_proved:
                self._verified.earn(address, size_in, now)
        token = message.body.get(b"token")
        has_token = token is not None and self._tokens.is_good(token, address, now)
        if has_token and not is_proved:
            self._verified.add(address, now)
            is_proved = True
        method = self._methods.get(message.method)
        if method is None:
            return self._error(message.tid, 204, "unknown method", address, is_proved, now)
        try:
            body, nodes_for = method(message.body, address, has_token, now)
        except Refused as refused:
            self._counters.add("dht_refused", code=refused.code)
            return self._error(message.tid, refused.code, refused.text, address, is_proved, now)
        if body is None:
            return None
        body[b"id"] = self.own_id
        if nodes_for is not None:
            for family in self._wanted(message.body):
                body[_NODES[family]] = self._nodes(family, nodes_for, address)
        reply = krpc.reply(message.tid, body, ip=address, network=self._network)
        limit = REPLY_MAX_BYTES if is_proved else self._verified.room(address, now)
        # A reply may leave no room for the ping: then the ping goes first, or who asks little would never be met.
        if not is_proved and may_wait and not message.is_read_only and limit >= self._ping_bytes:
            if len(reply) > limit or (is_wanted and len(reply) + self._ping_bytes > limit):
                return PROVE
        if len(reply) > limit:
            reply = self._trimmed(message, body, address, limit)
            if reply is None:
                return self._drop("unproved")
        if not is_proved:
            self._verified.spend(address, len(reply), now)
        return reply

    def _is_contact(self, message, address):
        node_id = message.body.get(b"id")
        return node_id is not None and node_id + address in self._tables[self._family]

    def refuse(self, error, address, size_in, now):
        """The reply to a query of a wrong shape (PacketError with a transaction), or None: junk gets no answer."""
        if error.tid is None or error.method not in self._methods or error.network != self._network:
            return None
        is_proved = self._verified.has(address, now)
        over = self._rate.take(address, now, is_proved)
        if over is not None:
            return self._drop("rate-" + over)
        if not is_proved:
            self._verified.earn(address, size_in, now)
        return self._error(error.tid, 203, str(error), address, is_proved, now)

    # Methods: arguments in; (returned values, id whose nearest nodes go along or None) out, (None, None) for no reply

    def _ping(self, body, address, has_token, now):
        return {}, None

    def _find_node(self, body, address, has_token, now):
        return {}, body[b"target"]

    def _get_peers(self, body, address, has_token, now):
        info_hash = body[b"info_hash"]
        returned = {b"token": self._tokens.make(address, now)}
        # BEP 32: no mixed lists; a peer of the other family is told to who asks over that family.
        values = self._peers.peers(info_hash, len(address), VALUES[len(address)], now, self._rand)
        if values:
            returned[b"values"] = values
        return returned, info_hash

    def _announce_peer(self, body, address, has_token, now):
        if not has_token:
            raise Refused(203, "bad token")
        peer = address
        if not body.get(b"implied_port"):
            port = body.get(b"port", 0)
            if not port:
                raise Refused(203, "port is missing or 0")
            peer = address[:-2] + port.to_bytes(2, "big")
        if not self._peers.announce(body[b"info_hash"], peer, now):
            raise Refused(202, "your address has its share of what is kept here")
        return {}, None

    def _get(self, body, address, has_token, now):
        target = body[b"target"]
        returned = {b"token": self._tokens.make(address, now)}
        item = self._items.get(target, now)
        if item is not None:
            if item.key is None:
                returned[b"v"] = item.value
            else:
                returned[b"seq"] = item.seq
                if item.seq > body.get(b"seq", -1):
                    # The salt is left out: whoever asks knows it.
                    returned[b"k"], returned[b"sig"], returned[b"v"] = item.key, item.signature, item.value
        return returned, target

    def _put(self, body, address, has_token, now):
        if not has_token:
            raise Refused(203, "bad token")
        item = _item_of(body)
        cas = body.get(b"cas")
        is_known = self._items.check(item, cas, now)
        if item.key is not None and not is_known:
            if not self._checks.take(now, self._rate.asks_little(address, now)):
                self._drop("checks")
                return None, None
            if not self._verify(item.signature, signed_part(item.seq, item.value, item.salt), item.key):
                raise Refused(206, "invalid signature")
        self._items.put(item, cas, address, now)
        return {}, None

    def _sample(self, body, address, has_token, now):
        samples, count, interval = self._peers.sample(now, self._rand)
        return {b"samples": samples, b"num": count, b"interval": interval}, body[b"target"]

    # Replies

    def _wanted(self, body):
        want = body.get(b"want")
        if not want:
            return (self._family,)
        return [family for family, name in ((4, b"n4"), (6, b"n6")) if name in want and self._tables.get(family) is not None]

    def _nodes(self, family, target, address):
        nodes = self._tables[family].closest(target, K, True)
        # What lies in our own network is of no use, and no business, of the world outside.
        if family == 4:
            if any(node[20] in _MAYBE_LOCAL for node in nodes) and compact.is_global(address):
                nodes = [node for node in nodes if compact.is_global(node[20:])]
        elif compact.is_global(address):
            nodes = [node for node in nodes if compact.is_global(node[20:])]
        return b"".join(nodes)

    def _trimmed(self, message, body, address, limit):
        """The reply in at most ``limit`` bytes, or None if nothing of use goes in. What matters most goes in first."""
        kept = {key: value for key, value in body.items() if key in (b"id", b"token", b"seq", b"num", b"interval", b"samples")}
        if b"samples" in kept:
            kept[b"samples"] = b""
        size = len(krpc.reply(message.tid, kept, network=self._network))
        if size > limit:
            return None
        room = limit - size
        if b"v" in body:
            signed = {key: body[key] for key in (b"v", b"k", b"sig") if key in body}
            needed = len(krpc.reply(message.tid, {**kept, **signed}, network=self._network)) - size
            if needed <= room:
                kept.update(signed)
                room -= needed
            elif b"seq" not in body and room >= len(b"4:morei1e"):
                # No sequence number tells that there is an item: this does.
                kept[b"more"] = 1
                room -= len(b"4:morei1e")
        ip_bytes = len(b"2:ip:%d" % len(address)) + len(address)
        # A client that learns its address from nobody would stay one for ever, and get trimmed replies for ever.
        ip = address if message.is_read_only and ip_bytes <= room else None
        room -= ip_bytes if ip else 0
        if body.get(b"values"):
            each = len(body[b"values"][0]) + (2 if len(body[b"values"][0]) < 10 else 3)
            # Half of it for nodes: one liar's peers must not end a search.
            count = min((room // 2 - len(b"6:valuesle")) // each, len(body[b"values"]))
            if count > 0:
                kept[b"values"] = body[b"values"][:count]
                room -= len(b"6:valuesle") + count * each
        for family in (4, 6) if self._family == 4 else (6, 4):
            room -= _add_cut(kept, _NODES[family], body.get(_NODES[family]), compact.CONTACT_BYTES[family], room)
        if b"samples" in kept:
            room += len(b"7:samples0:")
            room -= _add_cut(kept, b"samples", body[b"samples"], 20, room)
        return krpc.reply(message.tid, kept, ip=ip, network=self._network)

    def _error(self, tid, code, text, address, is_proved, now):
        reply = krpc.error(tid, code, text, network=self._network)
        if is_proved:
            return reply
        room = self._verified.room(address, now)
        if len(reply) > room:
            reply = krpc.error(tid, code, "", network=self._network)
            if len(reply) > room:
                return self._drop("unproved")
        self._verified.spend(address, len(reply), now)
        return reply

    def _drop(self, why):
        self._counters.add("dht_dropped", why=why)


def _item_of(body):
    """The Item of a put. Raises Refused: 203 where some parts of a signed item are there and others not."""
    given = [part in body for part in _PUT_PARTS]
    if all(given):
        return Item(body[b"v"], body[b"k"], body.get(b"salt", b""), body[b"seq"], body[b"sig"])
    if any(given) or b"salt" in body or b"cas" in body:
        raise Refused(203, "k, seq or sig is missing")
    return Item(body[b"v"])


def _add_cut(kept, key, data, each, room):
    """Put as many whole pieces of ``data`` under a key as fit into ``room`` bytes; returns the bytes that takes."""
    if data is None:
        return 0
    count = min(len(data), room) // each
    while count > 0:
        size = len(b"%d:%b%d:" % (len(key), key, count * each)) + count * each
        if size <= room:
            kept[key] = data[: count * each]
            return size
        count -= 1
    return 0
