"""Tokens, names and passphrases as they are made for a card, and the text of a network's QR code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.card.access_point import is_made_passphrase, name_from, passphrase_from
from leither_edge.card.card_file import Card, parse_card, write_card
from leither_edge.card.claim_token import in_groups, is_token, normal_token, token_from
from leither_edge.card.wifi_network import is_passphrase, is_ssid, qr_text


@given(st.binary(min_size=20, max_size=20))
def test_what_is_made_is_accepted(random):
    token, passphrase, name = token_from(random), passphrase_from(random[:12]), name_from(random[:4])
    assert is_token(token) and normal_token(in_groups(token).lower()) == token
    assert is_made_passphrase(passphrase) and is_passphrase(passphrase) and is_ssid(name.encode())
    card = Card(in_groups(token), passphrase, access_point_ssid=name)
    assert parse_card(write_card(card).encode()) == card


@pytest.mark.parametrize("make", [token_from, passphrase_from, name_from])
def test_too_little_randomness(make):
    with pytest.raises(ValueError, match="random bytes"):
        make(b"xyz")


def test_qr_text():
    assert qr_text("Leither-7KQM", "AAAA-BBBB-CCCC") == "WIFI:T:WPA;S:Leither-7KQM;P:AAAA-BBBB-CCCC;;"
    assert qr_text('a;b,c:d"e\\', "12345678;") == 'WIFI:T:WPA;S:a\\;b\\,c\\:d\\"e\\\\;P:12345678\\;;;'
    assert qr_text("Café", "") == "WIFI:T:nopass;S:Café;;"
