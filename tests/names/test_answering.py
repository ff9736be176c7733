import pytest

from leither_edge.names import dns_name
from leither_edge.names.answering import CHAIN_MAX, FOUND, NO_DATA, NO_NAME, find
from leither_edge.names.dns_records import AAAA, ANY, CNAME, TXT, A, Record

OWN = dns_name.join(b"key")


def name(text):
    return dns_name.join(*[label.encode() for label in text.split(".") if label], b"key")


def record(text, type_, data=b"abcd"):
    return Record(name(text), type_, 1, 60, data)


RECORDS = [
    record("", A),
    record("www", A, b"1111"),
    record("www", A, b"2222"),
    record("www", TXT, b"\1x"),
    record("alias", CNAME, name("www")),
    record("out", CNAME, dns_name.join(b"www", b"other")),
    record("deep.empty", A),
    record("*.wild", A, b"wwww"),
    record("own.wild", TXT, b"\1y"),
    record("*.below.sub", A),
    record("loop1", CNAME, name("loop2")),
    record("loop2", CNAME, name("loop1")),
]


def ask(text, type_):
    return find(RECORDS, OWN, name(text), type_)


def test_found():
    assert [r.data for r in ask("www", A).records] == [b"1111", b"2222"]
    assert ask("", A).kind == FOUND
    assert len(ask("www", ANY).records) == 3


def test_an_alias_is_followed_and_told():
    found = ask("alias", A)
    assert [r.type for r in found.records] == [CNAME, A, A] and found.target is None
    assert [r.type for r in ask("alias", CNAME).records] == [CNAME]
    assert ask("alias", AAAA).kind == NO_DATA


def test_an_alias_leads_out_of_the_packet():
    found = ask("out", A)
    assert found.kind == FOUND and found.target == dns_name.join(b"www", b"other") and len(found.records) == 1


def test_a_loop_ends():
    assert len(ask("loop1", A).records) == CHAIN_MAX


@pytest.mark.parametrize("text, kind", [("www", NO_DATA), ("", NO_DATA), ("empty", NO_DATA), ("none", NO_NAME), ("x.www", NO_NAME)])
def test_no_data_and_no_name(text, kind):
    assert ask(text, AAAA).kind == kind
    assert not ask(text, AAAA).records


def test_a_key_without_records_is_there():
    assert find([], OWN, OWN, A).kind == NO_DATA
    assert find([], OWN, name("www"), A).kind == NO_NAME


def test_wildcards():
    assert [(r.name, r.data) for r in ask("any.wild", A).records] == [(name("any.wild"), b"wwww")]
    assert ask("any.wild", TXT).kind == NO_DATA
    assert ask("a.b.wild", A).kind == FOUND, "a wildcard stands for any depth (RFC 4592)"
    assert ask("own.wild", A).kind == NO_DATA, "a name that is there hides the wildcard"
    assert ask("x.own.wild", A).kind == NO_NAME, "and so do the names below it"
    assert ask("wild", A).kind == NO_DATA
