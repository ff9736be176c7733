"""Codes as people type them."""

import itertools
import random

import pytest

from leither_edge.peer.invite.code import _ALPHABET, new_code, read_code
from leither_edge.peer.invite.errors import InviteError


def code_of(seed):
    return new_code(random.Random(seed).randbytes)


def test_as_people_type_them():
    code = code_of(1)
    assert len(code) == 14 and code[4] == code[9] == "-"
    plain = code.replace("-", "")
    for typed in (code, plain, code.lower(), f"  {code.replace('-', ' ')}\t", "-".join(plain)):
        assert read_code(typed) == plain


def test_letters_that_look_like_digits():
    for seed in range(200):
        plain = read_code(code_of(seed))
        assert read_code(plain.replace("0", "o").replace("1", "l")) == plain
        assert read_code(plain.replace("0", "O").replace("1", "I").replace("V", "u")) == plain


def test_every_single_error_shows():
    plain = read_code(code_of(2))
    for at, letter in itertools.product(range(12), _ALPHABET):
        if letter != plain[at]:
            with pytest.raises(InviteError) as caught:
                read_code(plain[:at] + letter + plain[at + 1 :])
            assert caught.value.code == "bad-code" and "typing error" in str(caught.value)


def test_every_two_that_changed_places_show():
    plain = read_code(code_of(3))
    for one, other in itertools.combinations(range(12), 2):
        if plain[one] != plain[other]:
            typed = list(plain)
            typed[one], typed[other] = typed[other], typed[one]
            with pytest.raises(InviteError):
                read_code("".join(typed))


@pytest.mark.parametrize("typed", ["", "A", "A" * 11, "A" * 13, "A" * 1000, "AAAA-AAAA-AAA?", "AAAA AAAA\nAAAA", None, b"AAAA"])
def test_what_is_no_code(typed):
    with pytest.raises(InviteError) as caught:
        read_code(typed)
    assert caught.value.code == "bad-code" and str(caught.value).endswith(".")


def test_all_of_the_randomness_is_used():
    assert len({code_of(seed) for seed in range(500)}) == 500
    assert {letter for seed in range(200) for letter in read_code(code_of(seed))} == set(_ALPHABET)
