import pytest

from leither_edge.names import zone
from leither_edge.names.errors import PacketError
from leither_edge.names.packet import origin
from tests.names.fakes import key_pair, signed

PAIR = key_pair()
KEY, OWN = PAIR.public_key, origin(PAIR.public_key)
TEXT = """
$TTL 600
@           A       192.0.2.1
            AAAA    2001:db8::1   ; the same name
www  60  IN A       192.0.2.7
alias       CNAME   www
_leither    SVCB    1 @ port=8040
*.wild      TXT     "two strings" "here"
www         CAA     0 issue ( "ca.example"
                            )
"""


def test_lines_become_records_and_lines_again():
    records = zone.parse(TEXT, KEY, 300)
    lines = [zone.line(record, OWN) for record in records]
    name = zone.key_to_name(KEY)
    assert sorted(lines) == sorted(
        [
            "@ 600 A 192.0.2.1",
            "@ 600 AAAA 2001:db8::1",
            "www 60 A 192.0.2.7",
            f"alias 600 CNAME www.{name}.",
            f'_leither 600 SVCB 1 {name}. port="8040"',
            '*.wild 600 TXT "two strings" "here"',
            'www 600 CAA 0 issue "ca.example"',
        ]
    )
    assert sorted(zone.parse("\n".join(lines), KEY, 5)) == sorted(records)
    # What a packet carries is the same, whoever writes it.
    from leither_edge.names.packet import read

    assert read(signed(PAIR, records)).records == records


def test_the_time_to_live_of_lines_without_one():
    assert zone.parse("@ A 192.0.2.1", KEY, 77)[0].ttl == 77
    assert zone.parse("", KEY, 77) == []


@pytest.mark.parametrize(
    "text, says",
    [
        ("www A 300.1.1.1", "near line"),
        ("www A", "near line"),
        ("www", "near line"),
        ("x.com. A 192.0.2.1", "not under the key's own name"),
        ("@ A 192.0.2.1\nother. A 192.0.2.1", "other. is not under"),
        ("www CNAME a\nwww A 192.0.2.1", "alias (CNAME)"),
        ("$GENERATE 1-9999 a$ A 192.0.2.1", "not allowed"),
        ("$INCLUDE /etc/passwd", "not allowed"),
        ("a" * 64 + " A 192.0.2.1", "63"),
        ("x" * 70_000, "65536 bytes"),
        ("\ud800 A 192.0.2.1", "cannot be read"),
    ],
)
def test_what_is_no_record_is_told(text, says):
    with pytest.raises(PacketError) as refused:
        zone.parse(text, KEY, 300)
    assert says in str(refused.value)


def test_types():
    assert zone.type_text(zone.type_number("AAAA")) == "AAAA" and zone.type_number("TYPE999") == 999
    with pytest.raises(PacketError):
        zone.type_number("NOTYPE")


def test_what_dnspython_cannot_read_is_shown_all_the_same():
    from leither_edge.names.dns_records import CNAME, IN, Record

    assert zone.data_text(Record(OWN, CNAME, IN, 1, b"\xff")) == "\\# 1 ff"
