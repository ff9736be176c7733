import random

import pytest

from leither_edge.discovery.lan import service
from leither_edge.discovery.lan.engine import KNOWN_MAX, PORT, RECEIVED_MAX_PER_S, LanEngine, Nearby
from leither_edge.discovery.lan.service import Own
from leither_edge.names import dns_message, dns_name
from leither_edge.names.dns_message import Message, Question
from leither_edge.names.dns_records import ANY, IN, PTR, SRV, TXT, A
from leither_edge.names.z_base_32 import key_to_name
from leither_edge.observe.counters import Counters
from tests.names.fakes import key_pair

KEY = key_pair(1).public_key
OWN = Own(KEY, 8042, "Attic", ("192.168.1.20", "fd00::20"))
AWAY = ("192.168.1.30", PORT)


def engine(own=None, now=0.0):
    made = LanEngine(random.Random(1), Counters())
    if own is not None:
        made.tell(own, now)
    return made


def sent(made, now):
    """What it sends by then: [(Message, address)]."""
    while made.next_wake <= now:
        made.wake(made.next_wake)
    rows = [(dns_message.parse(data), address) for data, address in made.outgoing]
    made.outgoing.clear()
    return rows


def asked(*questions, answers=()):
    return dns_message.encode(Message(questions=questions, answers=answers))


def carry(made, other, now):
    """Everything that one sends, the other hears."""
    made.wake(now)
    while made.outgoing:
        other.receive(made.outgoing.popleft()[0], AWAY, now)


def announced(own=OWN):
    made = engine(own)
    made.wake(0.0)
    return made.outgoing[0][0]


def test_a_node_says_where_it_is_and_is_found():
    looking = engine()
    looking.receive(announced(), AWAY, 10.0)
    assert looking.nearby(11.0) == [Nearby(KEY, "Attic", ("192.168.1.20:8042", "[fd00::20]:8042"))]
    assert looking.find(KEY, 11.0) and not looking.find(KEY, 10.0 + service.TTL_S + 1)


def test_it_announces_itself_twice_and_then_keeps_silent():
    made = engine(OWN)
    rows = sent(made, 100.0)
    assert len(rows) == 2 and made.next_wake == float("inf")
    message, address = rows[0]
    assert address is None and message.flags == 0x8400 and not message.questions
    flushed = {record.type: bool(record.class_ & service.ONLY_ONE) for record in message.answers}
    assert flushed[SRV] and flushed[TXT] and flushed[A] and not flushed[PTR]


def test_asked_it_answers_all_after_a_moment():
    made, looking = engine(OWN), engine()
    sent(made, 50.0)
    looking.ask(50.0)
    carry(looking, made, 50.0)
    assert 50.02 <= made.next_wake <= 50.12
    (message, address), = sent(made, 51.0)
    assert address is None and [record.type for record in message.answers] == [PTR]
    assert {record.type for record in message.additionals} == {SRV, TXT, A, 28}
    looking.receive(dns_message.encode(message), AWAY, 50.2)
    assert looking.find(KEY, 50.3)


def test_one_key_is_asked_for_by_its_name():
    made, looking = engine(OWN), engine()
    sent(made, 50.0)
    looking.ask(50.0, KEY)
    carry(looking, made, 50.0)
    (message, _), = sent(made, 51.0)
    looking.receive(dns_message.encode(message), AWAY, 50.2)
    assert looking.find(KEY, 50.3) == ("192.168.1.20:8042", "[fd00::20]:8042")
    looking.ask(60.0, key_pair(2).public_key)
    carry(looking, made, 60.0)
    assert sent(made, 70.0) == []


def test_the_same_is_said_once_a_second():
    made = engine(OWN)
    sent(made, 50.0)
    question = asked(Question(service.SERVICE, PTR, IN))
    for step in range(20):
        made.receive(question, AWAY, 50 + step / 10)
        made.wake(50 + step / 10)
    assert len(made.outgoing) <= 3


def test_who_is_known_need_not_answer():
    made, looking = engine(OWN), engine()
    sent(made, 50.0)
    looking.receive(announced(), AWAY, 50.0)
    looking.ask(51.0)
    carry(looking, made, 51.0)
    assert sent(made, 60.0) == []
    short = service.pointer(KEY)._replace(ttl=10)
    made.receive(asked(Question(service.SERVICE, PTR, IN), answers=[short]), AWAY, 61.0)
    assert len(sent(made, 62.0)) == 1


def test_a_resolver_of_old_gets_an_answer_for_itself():
    made = engine(OWN)
    sent(made, 50.0)
    query = dns_message.encode(Message(77, 0x100, [Question(service.instance_of(KEY), SRV, IN)]))
    for _ in range(50):
        made.receive(query, ("192.168.1.30", 40000), 51.0)
    rows = [(dns_message.parse(data), address) for data, address in made.outgoing]
    assert 0 < len(rows) <= 5
    message, address = rows[0]
    assert address == ("192.168.1.30", 40000) and message.id == 77 and message.questions[0].type == SRV
    assert message.answers[0].ttl <= 10 and message.answers[0].class_ == IN


@pytest.mark.parametrize(
    "question", [
        Question(service.SERVICES, PTR, IN), Question(service.SERVICE, ANY, IN | 0x8000), Question(service.host_of(KEY), A, IN),
        Question(service.instance_of(KEY), TXT, IN), Question(service.SERVICE.replace(b"_tcp", b"_TCP"), PTR, IN),
    ],
)  # fmt: skip
def test_every_name_of_ours_is_answered(question):
    made = engine(OWN)
    sent(made, 50.0)
    made.receive(asked(question), AWAY, 51.0)
    assert sent(made, 52.0)


@pytest.mark.parametrize(
    "question", [
        Question(service.SERVICE, A, IN), Question(service.SERVICE, PTR, 3),
        Question(dns_name.join(b"_leither", b"_udp", b"local"), PTR, IN),
        Question(service.instance_of(key_pair(2).public_key), SRV, IN),
    ],
)  # fmt: skip
def test_others_names_are_not(question):
    made = engine(OWN)
    sent(made, 50.0)
    made.receive(asked(question), AWAY, 51.0)
    assert sent(made, 60.0) == []


def test_goodbye_is_heard():
    looking, made = engine(), engine(OWN)
    looking.receive(announced(), AWAY, 10.0)
    looking.receive(made.goodbye(), AWAY, 20.0)
    assert looking.find(KEY, 20.5) and not looking.find(KEY, 21.5)
    assert engine().goodbye() is None


def test_new_addresses_replace_old_ones():
    looking = engine()
    looking.receive(announced(), AWAY, 10.0)
    looking.receive(announced(OWN._replace(hosts=("192.168.1.99",), port=9000, name="Cellar")), AWAY, 20.0)
    assert looking.nearby(21.0) == [Nearby(KEY, "Cellar", ("192.168.1.99:9000",))]


def test_it_does_not_find_itself():
    made = engine(OWN)
    made.receive(announced(), AWAY, 1.0)
    assert made.nearby(2.0) == []


def test_a_crowd_of_liars_takes_bounded_room():
    looking = engine()
    for number in range(3 * KNOWN_MAX):
        key = number.to_bytes(32, "big")
        looking.receive(announced(Own(key, 8042, "x" * 500, ("10.0.0.1",))), AWAY, float(number))
    assert len(looking._nodes) == len(looking._hosts) == KNOWN_MAX
    assert len(looking.nearby(3.0 * KNOWN_MAX)[0].name) <= service.NAME_MAX_BYTES


def test_a_flood_is_cut_and_counted():
    made = engine(OWN)
    for _ in range(5 * RECEIVED_MAX_PER_S):
        made.receive(b"_leither" * 4, AWAY, 9.5)
    assert made._counters.get("lan_dropped", reason="flood") == 4 * RECEIVED_MAX_PER_S
    made.receive(b"nothing of ours", AWAY, 9.5)
    assert made._counters.get("lan_dropped", reason="flood") == 4 * RECEIVED_MAX_PER_S


def test_answers_from_other_ports_and_errors_are_ignored():
    looking = engine()
    looking.receive(announced(), ("192.168.1.30", 40000), 10.0)
    bad = bytearray(announced())
    bad[3] |= 3
    looking.receive(bytes(bad), AWAY, 10.0)
    assert looking.nearby(11.0) == []


def test_a_name_is_cut_between_letters():
    looking = engine()
    looking.receive(announced(OWN._replace(name="屋" * 40)), AWAY, 10.0)
    assert looking.nearby(11.0)[0].name == "屋" * 20 or looking.nearby(11.0)[0].name == "屋" * 21


def test_the_instance_is_the_key():
    assert service.key_of(service.instance_of(KEY)) == KEY
    assert service.key_of(service.SERVICE) is None
    assert service.key_of(dns_name.join(b"x", key_to_name(KEY).encode(), *dns_name.split(service.SERVICE))) is None
