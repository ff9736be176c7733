import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.crypto.recovery_words import WordsError, seed_from_words, words_from_seed

# BIP-39's own test vectors of 256 bits (github.com/trezor/python-mnemonic, vectors.json): (entropy, words).
BIP_39 = [
    ("00" * 32, "abandon " * 23 + "art"),
    ("7f" * 32, "legal winner thank year wave sausage worth useful " * 2 + "legal winner thank year wave sausage worth title"),
    ("80" * 32, "letter advice cage absurd amount doctor acoustic avoid " * 2 + "letter advice cage absurd amount doctor acoustic bless"),
    ("ff" * 32, "zoo " * 23 + "vote"),
]


@pytest.mark.parametrize(("entropy", "words"), BIP_39, ids=[entropy[:2] for entropy, _ in BIP_39])
def test_bip_39(entropy, words):
    assert words_from_seed(bytes.fromhex(entropy)) == words
    assert seed_from_words(words).hex() == entropy


@given(st.binary(min_size=32, max_size=32))
def test_round_trip(seed):
    words = words_from_seed(seed)
    assert seed_from_words(words) == seed
    assert seed_from_words("\n ".join(words.upper().split()) + "\t") == seed


GOOD = words_from_seed(bytes(range(32))).split()


def refusal(text):
    with pytest.raises(WordsError) as refused:
        seed_from_words(text)
    return str(refused.value)


def test_a_wrong_word_is_named():
    assert refusal(" ".join([*GOOD[:6], "abanden", *GOOD[7:]])) == (
        'word 7, "abanden", is not one of the list; did you mean "abandon"?'
    )
    assert refusal(" ".join([*GOOD[:23], "qqqq"])) == 'word 24, "qqqq", is not one of the list'
    assert len(refusal(" ".join([*GOOD[:23], "x" * 10000]))) < 100


def test_a_wrong_number_of_words():
    assert "here are 23" in refusal(" ".join(GOOD[:23]))
    assert "here are 25" in refusal(" ".join([*GOOD, "zoo"]))
    assert "here are 0" in refusal("")


def test_words_of_the_list_that_do_not_fit():
    assert "do not fit together" in refusal(" ".join([GOOD[1], GOOD[0], *GOOD[2:]]))
    with pytest.raises(WordsError):
        words_from_seed(bytes(16))
