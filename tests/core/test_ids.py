import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core import ids


@given(st.binary(min_size=20, max_size=20))
def test_an_id_survives_its_text(value):
    text = ids.id_to_text(value)
    assert len(text) == 27
    assert ids.id_from_text(text) == value


@given(st.binary(min_size=32, max_size=32))
def test_a_public_key_survives_its_text(value):
    text = ids.public_key_to_text(value)
    assert len(text) == 48
    assert ids.public_key_from_text(text) == value


@given(st.text(max_size=50))
def test_any_other_text_is_refused(text):
    for read, write in ((ids.id_from_text, ids.id_to_text), (ids.public_key_from_text, ids.public_key_to_text)):
        try:
            value = read(text)
        except ids.IdError:
            continue
        assert write(value) == text


GOOD = ids.id_to_text(bytes(range(20)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD[:-1],
        GOOD + "A",
        GOOD + "=",
        GOOD[:-1] + "N",  # spare bits: the last character carries four bits of the id only
        "+" + GOOD[1:],
        "/" + GOOD[1:],
        " " + GOOD[1:],
        "\n" + GOOD[1:],
        "=" + GOOD[1:],
        "é" + GOOD[1:],
        None,
        b"A" * 27,
        7,
    ],
)
def test_bad_id_texts(text):
    with pytest.raises(ids.IdError):
        ids.id_from_text(text)


def test_every_single_typing_error_in_a_public_key_is_found():
    text = ids.public_key_to_text(bytes(range(32)))
    for at in range(len(text)):
        for letter in "A_z":
            if letter != text[at]:
                with pytest.raises(ids.IdError):
                    ids.public_key_from_text(text[:at] + letter + text[at + 1 :])


def test_sizes_are_checked():
    for bad in (b"", bytes(31), bytes(33), "x" * 32, None):
        with pytest.raises(ids.IdError):
            ids.key_id(bad)
        with pytest.raises(ids.IdError):
            ids.public_key_to_text(bad)
        with pytest.raises(ids.IdError):
            ids.id_to_text(bad)
