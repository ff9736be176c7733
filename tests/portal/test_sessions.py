"""Sessions and sign-in codes under a clock of our own."""

import os

import pytest

from appliance.portal import sessions
from appliance.portal.sessions import CODE_LIFE_S, CODES_SHOWN_MAX, Sessions

ISSUER = bytes(20)
HOME, FLAT = "192.168.1.7", "192.168.1.8"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return Sessions(os.urandom, clock, sessions_max=2, life_s=60)


def test_sessions_end_by_time_by_sign_out_and_by_number(store, clock):
    first, second = store.open("owner", ISSUER), store.open("viewer", ISSUER)
    assert store.get(first.id) == first and store.get("x" * 24) is None
    third = store.open("owner", ISSUER)
    assert store.get(first.id) is None, "the oldest goes first"
    store.close(second.id)
    assert store.get(second.id) is None
    clock.now += 60
    assert store.get(third.id) is None


def test_a_code_signs_in_the_browser_that_shows_it_once(store):
    mine, other = store.new_id(), store.new_id()
    code = store.show_code(mine, HOME)
    assert store.show_code(other, HOME) != code
    assert store.collect(mine) is None
    assert store.approve(code.lower().replace("-", " "), ISSUER, "operator")
    assert store.collect(other) is None
    session = store.collect(mine)
    assert (session.role, session.via) == ("operator", ISSUER) and session.id != mine
    assert store.collect(mine) is None
    assert not store.approve(code, ISSUER, "operator")


@pytest.mark.parametrize(("left_s", "life_s"), [(30, 30), (10**9, 60), (None, 60)])
def test_a_session_ends_with_the_pass_that_let_it_in(store, clock, left_s, life_s):
    mine = store.new_id()
    store.approve(store.show_code(mine, HOME), ISSUER, "operator", left_s)
    session = store.collect(mine)
    clock.now += life_s - 1
    assert store.get(session.id) == session
    clock.now += 1
    assert store.get(session.id) is None


def test_a_change_of_keys_ends_sessions_and_what_was_approved(store):
    mine = store.new_id()
    session = store.open("operator", ISSUER)
    store.approve(store.show_code(mine, HOME), ISSUER, "operator")
    store.close_all()
    assert store.get(session.id) is None and store.collect(mine) is None


def test_a_pass_that_ends_before_the_browser_comes_back_lets_nobody_in(store, clock):
    mine = store.new_id()
    store.approve(store.show_code(mine, HOME), ISSUER, "operator", 5)
    clock.now += 5
    assert store.collect(mine) is None


def test_codes_that_nobody_shows_are_refused(store, clock):
    assert not store.approve("0000-0000", ISSUER, "owner")
    assert not store.approve("", ISSUER, "owner")
    code = store.show_code(store.new_id(), HOME)
    clock.now += CODE_LIFE_S
    assert not store.approve(code, ISSUER, "owner")


def test_an_approval_just_before_the_code_changes_still_counts(store, clock):
    clock.now = CODE_LIFE_S * 10 - 1
    mine = store.new_id()
    assert store.approve(store.show_code(mine, HOME), ISSUER, "owner")
    clock.now += 2
    assert store.collect(mine) is not None


def test_an_approval_is_not_for_ever(store, clock):
    mine = store.new_id()
    store.approve(store.show_code(mine, HOME), ISSUER, "owner")
    clock.now += CODE_LIFE_S
    assert store.collect(mine) is None


def test_a_flood_of_visitors_stays_bounded_and_a_waiting_browser_comes_back(store):
    mine = store.new_id()
    store.show_code(mine, HOME)
    code = store.show_code(mine, HOME)
    for _ in range(3 * CODES_SHOWN_MAX):
        store.show_code(store.new_id(), FLAT)
    assert len(store._shown) <= CODES_SHOWN_MAX
    assert store.approve(code, ISSUER, "owner"), "one visitor's flood pushes out its own codes"
    for number in range(3 * CODES_SHOWN_MAX):
        store.show_code(store.new_id(), f"10.0.0.{number}")
    assert len(store._shown) == CODES_SHOWN_MAX
    assert store.approve(store.show_code(mine, HOME), ISSUER, "owner"), "its page asks every two seconds"


def test_form_tokens(store):
    mine, other = store.new_id(), store.new_id()
    assert store.form_token_ok(mine, store.form_token(mine))
    assert not store.form_token_ok(other, store.form_token(mine))
    assert not store.form_token_ok(mine, "é" * 40)


@pytest.mark.parametrize("given", ["", "short", "x" * 25, "x" * 23 + "é", "x" * 23 + ";", "x" * 23 + "\n"])
def test_ids_of_another_form(given):
    assert not sessions.id_ok(given)
    assert sessions.id_ok("aZ09-_" * 4)
