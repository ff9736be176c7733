"""The DNS server over real sockets, with dnspython as its client."""

import contextlib
import errno
import socket

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
import trio

from leither_edge.dht import DhtError, compact
from leither_edge.names import answerer, dns_name, listening, near
from leither_edge.names.listening import ListenError
from leither_edge.names.resolver import Resolver
from leither_edge.names.responder import CONNECTIONS_PER_ADDRESS_MAX, WAITING_MAX, Responder
from leither_edge.names.z_base_32 import key_to_name
from leither_edge.observe.counters import Counters
from tests.http.serving import Lines
from tests.names.fakes import FakeDht, key_pair, record, signed, under

PAIR, OTHER = key_pair(1), key_pair(2)
KEY, FAR = PAIR.public_key, OTHER.public_key
NAME, FAR_NAME = key_to_name(KEY), key_to_name(FAR)
RECORDS = [
    record(KEY, "", "A", b"\xc0\0\2\1"),
    record(KEY, "www", "A", b"\xc0\0\2\7"),
    record(KEY, "www", "AAAA", bytes(15) + b"\7"),
    record(KEY, "alias", "CNAME", under(KEY, "www")),
    record(KEY, "far", "CNAME", under(FAR, "host")),
    record(KEY, "abroad", "CNAME", dns_name.join(b"www", b"example", b"com")),
    *[record(KEY, "large", "TXT", bytes((200,)) + bytes([65 + number]) * 200) for number in range(3)],
]


class Serving:
    """A responder on a free port; ``ask`` sends a dnspython query in a thread."""

    def __init__(self, dht, counters, log, port):
        self.dht, self.counters, self.log, self.port = dht, counters, log, port

    async def ask(self, name, type_="A", *, by=dns.query.udp, host="127.0.0.1", message=None, **query):
        message = message or dns.message.make_query(name, type_, **query)
        return await trio.to_thread.run_sync(lambda: by(message, host, port=self.port, timeout=5))

    def dropped(self, reason):
        return self.counters.get("names_dropped", reason=reason)


@contextlib.asynccontextmanager
async def serving(hosts=("127.0.0.1", "::1"), clock=trio.current_time, **limits):
    dht, counters, log = FakeDht(signed(PAIR, RECORDS), signed(OTHER, [record(FAR, "host", "A", b"\xc0\0\2\x63")])), Counters(), Lines()
    async with trio.open_nursery() as nursery:
        responder = Responder(Resolver(dht, nursery, counters, clock=clock), counters, log, **{"requests_per_s": 1000, **limits})
        port = await nursery.start(responder.serve, hosts, 0)
        yield Serving(dht, counters, log, port)
        nursery.cancel_scope.cancel()
    assert not log.events


def lines(reply):
    return [line for rrset in reply.answer for line in rrset.to_text().splitlines()]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("by", [dns.query.udp, dns.query.tcp])
async def test_addresses_of_a_key(by, host):
    async with serving() as server:
        reply = await server.ask(f"{NAME}.", by=by, host=host)
        assert reply.rcode() == 0 and lines(reply) == [f"{NAME}. 300 IN A 192.0.2.1"]
        assert reply.flags & dns.flags.AA and reply.flags & dns.flags.RA
        reply = await server.ask(f"www.{NAME}.", "AAAA", by=by, host=host)
        assert lines(reply) == [f"www.{NAME}. 300 IN AAAA ::7"]


async def test_aliases_within_a_key_and_to_another_one():
    async with serving() as server:
        assert lines(await server.ask(f"alias.{NAME}.")) == [f"alias.{NAME}. 300 IN CNAME www.{NAME}.", f"www.{NAME}. 300 IN A 192.0.2.7"]
        assert lines(await server.ask(f"far.{NAME}.")) == [
            f"far.{NAME}. 300 IN CNAME host.{FAR_NAME}.",
            f"host.{FAR_NAME}. 300 IN A 192.0.2.99",
        ]
        reply = await server.ask(f"abroad.{NAME}.")
        assert reply.rcode() == 0 and lines(reply) == [f"abroad.{NAME}. 300 IN CNAME www.example.com."]


async def test_no_such_name_and_no_such_type():
    async with serving() as server:
        reply = await server.ask(f"none.{NAME}.")
        assert reply.rcode() == dns.rcode.NXDOMAIN and reply.authority[0].rdtype == dns.rdatatype.SOA
        reply = await server.ask(f"www.{NAME}.", "TXT")
        assert reply.rcode() == 0 and not reply.answer and reply.authority[0].ttl == answerer.NEGATIVE_TTL_S
        reply = await server.ask(f"{key_to_name(key_pair(3).public_key)}.")
        assert reply.rcode() == dns.rcode.NXDOMAIN
        reply = await server.ask(f"{NAME}.", "SOA")
        assert reply.answer[0][0].serial == 1000


@pytest.mark.parametrize("name", ["example.com.", ".", "leither.", f"{NAME[:-1]}.", f"{NAME[:-1]}l.", f"{NAME}.com.", "\\200." + NAME[:20]])
async def test_whatever_is_no_key_is_refused(name):
    async with serving() as server:
        reply = await server.ask(name, use_edns=0)
        assert reply.rcode() == dns.rcode.REFUSED and not reply.answer and not server.dht.asked
        assert reply.options[0].code == dns.edns.EDECode.NOT_AUTHORITATIVE and "key" in reply.options[0].text


async def test_spelling_is_echoed():
    mixed = "".join(letter.upper() if number % 2 else letter for number, letter in enumerate(f"www.{NAME}."))
    async with serving() as server:
        reply = await server.ask(mixed)
        assert str(reply.question[0].name) == mixed and str(reply.answer[0].name) == mixed


async def test_the_network_failing_is_told():
    async with serving() as server:
        server.dht.failure = DhtError("no-contacts", "Nobody is there.")
        reply = await server.ask(f"{NAME}.", use_edns=0)
        assert reply.rcode() == dns.rcode.SERVFAIL and "connected" in reply.options[0].text
        assert (await server.ask(f"{NAME}.")).rcode() == dns.rcode.SERVFAIL


async def test_what_does_not_fit_is_cut_and_comes_by_tcp():
    async with serving() as server:
        reply = await server.ask(f"large.{NAME}.", "TXT")
        assert reply.flags & dns.flags.TC and not reply.answer and len(reply.to_wire()) <= 512
        assert len(lines(await server.ask(f"large.{NAME}.", "TXT", by=dns.query.tcp))) == 3
        assert len(lines(await server.ask(f"large.{NAME}.", "TXT", use_edns=0, payload=4096))) == 3
        reply = await server.ask(f"large.{NAME}.", "TXT", use_edns=0, payload=600)
        assert reply.flags & dns.flags.TC and reply.edns == 0 and reply.payload == 1232


async def test_several_queries_on_one_connection():
    async with serving() as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        async with stream:
            for number in range(3):
                query = dns.message.make_query(f"www.{NAME}.", "A", id=number).to_wire()
                await stream.send_all(len(query).to_bytes(2, "big") + query[:5])
                await stream.send_all(query[5:])
                got = b""
                while len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"):
                    got += await stream.receive_some(4096)
                assert dns.message.from_wire(got[2:]).id == number


async def test_what_is_turned_down():
    async with serving() as server:
        for change, code in (
            (lambda m: m.set_opcode(dns.opcode.NOTIFY), dns.rcode.NOTIMP),
            (lambda m: m.question.clear(), dns.rcode.FORMERR),
            (lambda m: m.question.append(m.question[0]), dns.rcode.FORMERR),
            (lambda m: m.use_edns(1), dns.rcode.BADVERS),
        ):
            message = dns.message.make_query(f"{NAME}.", "A")
            change(message)
            assert (await server.ask("", message=message)).rcode() == code
        assert (await server.ask(f"{NAME}.", "AXFR")).rcode() == dns.rcode.REFUSED
        assert (await server.ask(f"{NAME}.", "A", rdclass="CH")).rcode() == dns.rcode.REFUSED
        assert not server.dht.asked


def datagrams(port, *sent, wait_s=0.3):
    """What comes back to raw datagrams, in a thread."""

    def run():
        got = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            sock.settimeout(wait_s)
            for data in sent:
                sock.send(data)
            with contextlib.suppress(TimeoutError):
                while True:
                    got.append(sock.recv(4096))
        return got

    return trio.to_thread.run_sync(run)


async def test_junk_gets_no_answer_larger_than_itself():
    query = dns.message.make_query(f"{NAME}.", "A").to_wire()
    response = query[:2] + b"\x81" + query[3:]
    async with serving() as server:
        assert await datagrams(server.port, b"", b"x", query[:11], response, b"\xff" * 12) == []
        replies = await datagrams(server.port, query[:-1], query + b"x", query[:12])
        assert [len(reply) for reply in replies] == [12, 12, 12]
        assert all(dns.message.from_wire(reply).rcode() == dns.rcode.FORMERR for reply in replies)
        assert server.dropped("unreadable") == 8
        assert (await datagrams(server.port, query))[0][:2] == query[:2]


QUERIES = [dns.message.make_query(f"{NAME}.", "A", id=number).to_wire() for number in range(60)]


async def test_rates_are_bounded():
    async with serving(requests_per_s=5, clock=lambda: 0.0) as server:
        assert len(await datagrams(server.port, *QUERIES)) == 20
        assert server.dropped("rate") == 40
        # Another address is not held to account for it.
        assert (await server.ask(f"{NAME}.", host="::1")).rcode() == 0


async def test_waiting_is_bounded():
    async with serving() as server:
        server.dht.delay_s = 60
        await datagrams(server.port, *QUERIES, wait_s=0.01)
        while server.dropped("full") < 60 - WAITING_MAX:
            await trio.sleep(0.01)
        assert len(server.dht.asked) == 1


async def test_connections_are_bounded_and_the_wrong_ones_end():
    async with serving(connections_max=CONNECTIONS_PER_ADDRESS_MAX + 1) as server:
        streams = [await trio.open_tcp_stream("127.0.0.1", server.port) for _ in range(CONNECTIONS_PER_ADDRESS_MAX)]
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as one_too_many:
            assert await one_too_many.receive_some() == b""
        assert server.dropped("full") == 1
        assert (await server.ask(f"{NAME}.", by=dns.query.tcp, host="::1")).rcode() == 0
        # A length of nothing, one beyond all bounds, and junk of the length it says.
        for stream, wrong in zip(streams, (b"\0\0", b"\xff\xff", b"\0\3abc"), strict=False):
            await stream.send_all(wrong)
            assert await stream.receive_some() == b""
        assert (await server.ask(f"{NAME}.", by=dns.query.tcp)).rcode() == 0


async def test_a_taken_port_is_told_plainly():
    taken = socket.socket()
    with taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"port {port}: another program"):
            listening.open_sockets(("127.0.0.1",), port)
    pairs = listening.open_sockets(("127.0.0.1", "::1"), 0)
    assert len({sock.getsockname()[1] for pair in pairs for sock in pair}) == 1
    listening.close(pairs)


def test_no_rights_are_told_plainly():
    assert "above 1023" in listening._sentence("0.0.0.0", 53, OSError(errno.EACCES, "x"))


def test_who_is_near():
    def pack(host):
        return compact.pack(host, 53)

    own4, own6 = pack("198.51.100.5"), pack("2001:db8:1:2::5")
    for host in ("127.0.0.1", "192.168.1.7", "10.1.2.3", "169.254.1.1", "198.51.100.77"):
        assert near.is_near(pack(host), own4)
    for host in ("::1", "fe80::1", "fd00::1", "2001:db8:1:2:ffff::1"):
        assert near.is_near(pack(host), own6)
    assert not near.is_near(pack("198.51.101.77"), own4) and not near.is_near(pack("8.8.8.8"), own4)
    assert not near.is_near(pack("2001:db8:1:3::1"), own6)


def test_the_rates_table_is_bounded():
    rate = near.Rate(10)
    for number in range(5000):
        assert rate.allows(compact.pack(f"10.0.{number // 250}.{number % 250}", 53), 0.0)
    assert len(rate._full_at) == near.ADDRESSES_MAX
    one = compact.pack("10.9.9.9", 53)
    assert sum(rate.allows(one, 1.0) for _ in range(1000)) == 40
    assert sum(rate.allows(one, 2.0) for _ in range(1000)) == 10
