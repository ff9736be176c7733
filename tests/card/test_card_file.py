"""The card's file: what people write, on whatever computer, and what they get told."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.card.card_file import CARD_MAX_BYTES, Card, CardError, Network, file_bytes, parse_card, read_card, write_card
from leither_edge.card.claim_token import ALPHABET, in_groups
from leither_edge.core.ids import public_key_to_text

KEY = bytes(range(32))
SECRET = "hunter2hunter2"
WHOLE = f"""\
# made by hand
[claim]
token = "01234-56789-abcde-fghjk"   # from the box

[access_point]
ssid = "Leither-7KQM"
passphrase = '{SECRET}'
[wifi]
ssid = "咖啡馆 Wi‑Fi"
passphrase = "a \\"quoted\\" \\\\ word"
hidden = true
[ owner ]
public_key = "{public_key_to_text(KEY)}"
"""
CARD = Card("01234-56789-ABCDE-FGHJK", SECRET, Network("咖啡馆 Wi‑Fi", 'a "quoted" \\ word', True), KEY, "Leither-7KQM")


def test_a_whole_card():
    assert parse_card(WHOLE.encode()) == CARD


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text.rstrip("\n")])
def test_what_editors_do_to_it(change):
    assert parse_card(change(WHOLE).encode()) == CARD


def test_nothing_is_needed():
    assert parse_card(b"") == parse_card(b"# later\n\n") == parse_card(b"[claim]\n[owner]") == Card()
    assert parse_card(b'[wifi]\nssid = "Home"').network == Network("Home", "", False)


def test_it_is_toml():
    document = tomllib.loads(WHOLE)
    assert document["wifi"] == {"ssid": CARD.network.ssid, "passphrase": CARD.network.passphrase, "hidden": True}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[wlan]", r"line 1 .*no section \[wlan\]. Allowed: \[claim\], \[access_point\], \[wifi\], \[owner\]\."),
        (f'[wifi]\nssid = "Home"\npasswort = "{SECRET}"', r"line 3 .*has no setting named passwort. Allowed: ssid, passphrase, hidden\."),
        (f'ssid = "{SECRET}"', "line 1 .*before the first section"),
        (f"[wifi]\nssid = {SECRET}", 'line 2 .*cannot be read. A setting is written like name = "text"'),
        (f"[wifi]\nssid = “{SECRET}”", "line 2 .*straight quotes"),
        ("[wifi\n", r"line 1 .*written like \[wifi\]"),
        (f'[wifi]\nssid = "Home\\{SECRET}"', "line 2 .*backslash between double quotes is written twice"),
        ('[wifi]\nssid = "\\ud800"', "line 2 .*backslash"),
        (f'[wifi]\nssid = "Home"\nssid = "{SECRET}"', "line 3 .*ssid is here for the second time"),
        ("[claim]\n[wifi]\n[claim]", r"line 3 .*\[claim\] is here for the second time"),
        (f'[wifi]\npassphrase = "{SECRET}"', "has no ssid"),
        ('[wifi]\nssid = ""', "line 2 .*1 to 32 bytes"),
        ('[wifi]\nssid = "' + "é" * 17 + '"', "line 2 .*1 to 32 bytes"),
        ("[wifi]\nssid = true", "line 2 .*text between quotes"),
        ('[wifi]\nssid = "Home"\npassphrase = "hunter2"', "line 3 .*8 to 63"),
        ('[wifi]\nssid = "Home"\nhidden = "yes"', "line 3 .*true or false"),
        ('[access_point]\npassphrase = "hunter2"', "line 2 .*8 to 63"),
        ('[access_point]\npassphrase = "hünter2hunter2"', "line 2 .*without accents"),
        ('[access_point]\nssid = ""', "line 2 .*1 to 32 bytes"),
        ('[claim]\ntoken = "hunter2"', "line 2 .*20 letters and digits"),
        ('[owner]\npublic_key = "hunter2"', "line 2 .*48 characters"),
        (f'[owner]\npublic_key = "B{public_key_to_text(KEY)[1:]}"', "line 2 .*typing error"),
        ("[wifi]\x00", "line 1 .*no keyboard"),
        ("# a\rb", "line 1 .*no keyboard"),
        ('[wifi]\nssid = """Home"""', "line 2 .*cannot be read"),
        ("#" * (CARD_MAX_BYTES + 1), "more than 4,096 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_without_secrets(text, sentence):
    with pytest.raises(CardError, match=sentence) as error:
        parse_card(text.encode())
    assert "hunter2" not in str(error.value) and str(error.value).endswith(".")


def test_other_encodings():
    with pytest.raises(CardError, match="UTF-16.*UTF-8"):
        parse_card(WHOLE.encode("utf-16"))
    with pytest.raises(CardError, match="line 2 .*UTF-8"):
        parse_card('# ok\nssid = "Café"'.encode("latin-1"))


def test_files(tmp_path):
    path = tmp_path / "leither.toml"
    assert read_card(path) is None
    path.write_text(WHOLE, encoding="utf-8")
    assert read_card(path) == CARD
    with pytest.raises(CardError, match="cannot be read: Is a directory"):
        read_card(tmp_path)


def test_no_secret_in_a_traceback():
    assert SECRET not in repr(CARD) and "word" not in repr(CARD) and "word" not in repr(CARD.network) and SECRET not in str([CARD])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=32)
PASSPHRASES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)
CARDS = st.builds(
    Card,
    st.none() | st.text(ALPHABET, min_size=20, max_size=20).map(in_groups),
    st.none() | PASSPHRASES,
    st.none() | st.builds(Network, TEXT.filter(lambda ssid: len(ssid.encode()) <= 32), st.just("") | PASSPHRASES, st.booleans()),
    st.none() | st.binary(min_size=32, max_size=32),
    st.none() | TEXT.filter(lambda ssid: len(ssid.encode()) <= 32),
)


@settings(max_examples=200, deadline=None)
@given(CARDS)
def test_what_is_written_is_read_and_is_toml(card):
    text = write_card(card)
    assert parse_card(text.encode()) == parse_card(text.replace("\n", "\r\n").encode()) == card
    document = tomllib.loads(text)
    assert document.get("wifi", {}).get("ssid") == (card.network and card.network.ssid)
    access_point = document.get("access_point", {})
    assert (access_point.get("ssid"), access_point.get("passphrase")) == (card.access_point_ssid, card.access_point_passphrase)
    filled = file_bytes(card)
    assert len(filled) == CARD_MAX_BYTES and parse_card(filled) == card and filled.rstrip(b"\n") + b"\n" == text.encode()


def test_a_file_without_room():
    with pytest.raises(CardError, match="room for 100 bytes"):
        file_bytes(CARD, 100)


@pytest.mark.parametrize("card", [Card("short"), Card(None, "short"), Card(network=Network("x" * 33)), Card(network=Network("\ud800"))])
def test_what_could_not_be_read_is_not_written(card):
    with pytest.raises(CardError):
        write_card(card)


PIECES = st.binary(max_size=8) | st.sampled_from([b"\n", b'"', b"\\", b"[wifi]", b"# "])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_junk(data):
    """Any bytes give a Card or a CardError, and what is accepted is TOML that says the same."""
    junk = bytearray(WHOLE.encode())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(junk)))
        junk[at : at + data.draw(st.integers(0, 8))] = data.draw(PIECES)
    junk = bytes(data.draw(st.just(junk) | st.binary(max_size=200)))
    try:
        card = parse_card(junk)
    except CardError as error:
        assert str(error).endswith(".") and len(str(error)) < 300
        return
    document = tomllib.loads(junk.decode("utf-8-sig"))
    assert set(document) <= {"claim", "access_point", "wifi", "owner"}
    assert document.get("wifi", {}).get("ssid") == (card.network and card.network.ssid)
    assert document.get("wifi", {}).get("passphrase", "") == (card.network.passphrase if card.network else "")
    assert document.get("access_point", {}).get("passphrase") == card.access_point_passphrase
