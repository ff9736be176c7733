"""Sign-in by challenge, pass and password; what ends, and what never fits."""

import pytest

from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.mimei import info, rights
from leither_edge.mimei.errors import BadInput, Busy, Conflict, Forbidden, NotFound, NotSignedIn
from leither_edge.mimei.sessions import Sessions, sign_in_message

from .people import ANNA, BEN, CARL, NODE, Clock, opened, profile, read, write

NOW = 1_800_000_000


def sessions(clock=None, may_join=None, **limits):
    numbers = iter(range(1, 1 << 20))
    return Sessions(
        profile(mimei=limits).mimei, NODE.id, clock or Clock(), lambda count: next(numbers).to_bytes(count, "big"), may_join
    )


def signed_in(found, key, **more):
    challenge = found.challenge()
    return found.sign_in(key.public_key, challenge, key.sign(sign_in_message(NODE.id, challenge)), **more)


def a_pass(**changes):
    values = Pass(ANNA.id, BEN.public_key, None, "operator", None, NOW - 10, NOW + 1000, "")._replace(**changes)
    return sign_pass(values, ANNA.sign)


def test_challenge_is_good_once():
    found = sessions()
    challenge = found.challenge()
    signature = ANNA.sign(sign_in_message(NODE.id, challenge))
    session = found.sign_in(ANNA.public_key, challenge, signature)
    assert session.user_id == ANNA.id and not session.can_sign and found.find(session.sid).public_key == ANNA.public_key
    with pytest.raises(NotSignedIn, match="used already"):
        found.sign_in(ANNA.public_key, challenge, signature)


def test_challenge_expires_and_is_one_nodes():
    clock = Clock()
    found, other = sessions(clock), sessions(clock)
    challenge = found.challenge()
    signature = ANNA.sign(sign_in_message(NODE.id, challenge))
    with pytest.raises(NotSignedIn, match="not of this node"):
        Sessions(profile().mimei, BEN.id, clock, lambda count: b"x" * count).sign_in(ANNA.public_key, challenge, signature)
    clock.now += 121
    with pytest.raises(NotSignedIn, match="expired"):
        found.sign_in(ANNA.public_key, challenge, signature)
    assert other.find("").user_id is None


@pytest.mark.parametrize("signature", [b"", b"x" * 64, None, "text"])
def test_bad_signature_is_refused(signature):
    found = sessions()
    with pytest.raises(NotSignedIn):
        found.sign_in(ANNA.public_key, found.challenge(), signature)


@pytest.mark.parametrize("challenge", [b"", b"x" * 32, None, "text", b"x" * 31])
def test_made_up_challenge_is_refused(challenge):
    with pytest.raises(NotSignedIn):
        sessions().sign_in(ANNA.public_key, challenge, b"x" * 64)


def test_signature_of_one_node_is_not_good_on_another():
    found = sessions()
    challenge = found.challenge()
    with pytest.raises(NotSignedIn, match="not good"):
        found.sign_in(ANNA.public_key, challenge, ANNA.sign(sign_in_message(BEN.id, challenge)))


def test_session_ends_by_sign_out_and_by_silence():
    clock = Clock()
    found = sessions(clock, session_life_s=60)
    one, two = signed_in(found, ANNA), signed_in(found, ANNA)
    found.sign_out(one.sid)
    with pytest.raises(NotSignedIn):
        found.find(one.sid)
    clock.now += 50
    found.find(two.sid)
    clock.now += 50
    found.find(two.sid)
    clock.now += 61
    with pytest.raises(NotSignedIn):
        found.find(two.sid)


def test_table_keeps_no_session_id():
    found = sessions()
    sid = signed_in(found, ANNA).sid
    assert sid not in repr(vars(found)) and len(sid) == 43


@pytest.mark.parametrize("sid", [1, None, b"bytes", "x" * 101])
def test_what_is_no_session_id_is_refused(sid):
    found = sessions()
    if not sid:
        assert found.find(sid).user_id is None
        return
    with pytest.raises(BadInput):
        found.find(sid)


def test_strangers_give_way_first():
    found = sessions(sessions_max=4, may_join=lambda key, granted: key == ANNA.public_key)
    mine = signed_in(found, ANNA)
    for _ in range(10):
        signed_in(found, BEN)
    assert found.find(mine.sid).may_keep


def test_strangers_cannot_take_the_place_of_those_who_live_here():
    found = sessions(sessions_max=4, may_join=lambda key, granted: key == ANNA.public_key)
    for _ in range(4):
        signed_in(found, ANNA)
    with pytest.raises(Busy):
        signed_in(found, BEN)


def test_what_a_session_opened_ends_with_it():
    found, closed = sessions(), []

    class Thing:
        def close(self):
            closed.append(self)

    mine, thing = signed_in(found, ANNA), Thing()
    sid = found.keep(mine, thing)
    assert found.kept(sid) is thing
    assert found.sign_out(mine.sid)
    with pytest.raises(NotSignedIn):
        found.kept(sid)
    found.sweep()
    assert closed == [thing]


def test_a_session_that_ends_while_the_writer_is_held_waits_for_nothing(tmp_path):
    clock = Clock()
    with opened(tmp_path, clock) as library:
        anna = library.local_session(ANNA)
        mid = library.create(anna, data_type=info.FILE)

        class Temporary:
            def close(self):
                library.delete(anna, mid)

        library.keep(anna, Temporary())
        clock.now += profile().mimei.session_life_s + 1
        with library.held.quick(), pytest.raises(NotSignedIn):
            library.session(anna.sid)
        library.sessions.sweep()
        with pytest.raises(NotFound):
            library.info(anna, mid)


def test_keys_are_forgotten_when_nobody_comes_back(tmp_path):
    clock = Clock()
    with opened(tmp_path, clock) as library:
        library.register("anna", "correct horse")
        session = library.sign_in_with_password("anna", "correct horse")
        clock.now += profile().mimei.session_life_s + 1
        library.sessions.sweep()
        with pytest.raises(NotSignedIn, match="ended"):
            session.sign(b"message")
        assert len(library.sessions) == 0


def test_what_cannot_be_closed_keeps_nothing_else_open():
    clock = Clock()
    found, closed = sessions(clock), []

    class Stuck:
        def close(self):
            closed.append(self)
            raise Forbidden("no more")

    mine = signed_in(found, ANNA)
    found.keep(mine, Stuck())
    found.keep(mine, Stuck())
    guests = found.keep(found.guest(), Stuck())
    clock.now += profile().mimei.session_life_s + 1
    found.sweep()
    assert len(closed) == 3
    with pytest.raises(NotSignedIn):
        found.kept(guests)


def test_one_session_cannot_open_everything():
    found = sessions(sessions_max=16)
    mine = signed_in(found, ANNA)
    kept = [found.keep(mine, number) for number in range(4)]
    with pytest.raises(Busy):
        found.keep(mine, 5)
    assert found.drop(kept[0]) == 0 and found.drop(kept[0]) is None
    found.keep(mine, 5)


def test_guests_things_are_dropped_when_there_is_no_room():
    found = sessions(sessions_max=4)
    first = found.keep(found.guest(), "first")
    for number in range(4):
        found.keep(found.guest(), number)
    with pytest.raises(NotSignedIn):
        found.kept(first)
    signed_in(found, ANNA)


class TestPass:
    def test_its_holder_acts_for_the_issuer_as_far_as_its_role(self, tmp_path):
        with opened(tmp_path) as library:
            anna = library.local_session(ANNA)
            mid = library.create(anna, data_type=info.FILE)
            challenge = library.challenge()
            ben = library.sign_in(BEN.public_key, challenge, BEN.sign(sign_in_message(NODE.id, challenge)), a_pass())
            assert ben.user_id == ANNA.id
            write(library, ben, mid, b"for her")
            assert read(library, anna, mid) == b"for her"
            for call in (library.delete, library.backup):
                with pytest.raises(Forbidden):
                    call(ben, mid)
            assert library.get_right(ben, mid) & rights.SET_RIGHTS == 0

    def test_viewer_makes_nothing(self):
        found = sessions()
        ben = signed_in(found, BEN, pass_bytes=a_pass(role="viewer"), issuer_key=ANNA.public_key)
        assert not ben.ceiling & rights.WRITE

    def test_viewer_drops_no_pin(self, tmp_path):
        with opened(tmp_path) as library:
            anna = library.local_session(ANNA)
            label = library.add(anna, [b"kept"], pin=True)
            challenge = library.challenge()
            signature = BEN.sign(sign_in_message(NODE.id, challenge))
            ben = library.sign_in(BEN.public_key, challenge, signature, a_pass(role="viewer"))
            with pytest.raises(Forbidden):
                library.unpin(ben, label)
            assert len(library.pins(ben)) == 1 and library.unpin(anna, label)

    @pytest.mark.parametrize(
        "changes",
        [
            {"subject": CARL.public_key}, {"device_id": BEN.id}, {"not_after": NOW}, {"not_before": NOW + 1},
            {"verbs": ("reboot",)}, {"issuer": BEN.id},
        ],
    )  # fmt: skip
    def test_another_one_is_refused(self, changes):
        found = sessions()
        with pytest.raises(NotSignedIn):
            signed_in(found, BEN, pass_bytes=a_pass(**changes), issuer_key=ANNA.public_key)

    def test_one_for_this_device_and_verb_is_taken_and_ends(self):
        clock = Clock()
        found = sessions(clock)
        granted = a_pass(device_id=NODE.id, verbs=("mimei", "reboot"), not_after=NOW + 30)
        ben = signed_in(found, BEN, pass_bytes=granted, issuer_key=ANNA.public_key)
        clock.now += 31
        with pytest.raises(NotSignedIn):
            found.find(ben.sid)

    @pytest.mark.parametrize("data", [b"", b"\xd2", b"x" * 2000])
    def test_what_is_none_is_refused(self, tmp_path, data):
        with opened(tmp_path) as library, pytest.raises(NotSignedIn):
            library.sign_in(BEN.public_key, library.challenge(), b"", data)

    def test_unknown_issuer_is_refused(self, tmp_path):
        with opened(tmp_path) as library:
            challenge = library.challenge()
            with pytest.raises(NotSignedIn, match="not known"):
                library.sign_in(BEN.public_key, challenge, BEN.sign(sign_in_message(NODE.id, challenge)), a_pass())


class TestPassword:
    def test_register_sign_in_and_sign_a_version(self, tmp_path):
        with opened(tmp_path) as library:
            user = library.register("Änne", "correct horse")
            session = library.sign_in_with_password("änne", "correct horse")
            assert session.user_id == user and session.can_sign
            mid = library.create(session, data_type=info.FILE)
            assert library.backup(session, mid).author == user
            library.sign_out(session.sid)
            with pytest.raises(NotSignedIn):
                session.sign(b"after the end")
            with pytest.raises(Conflict):
                library.register("ÄNNE", "another one")
        with opened(tmp_path) as library:
            assert library.sign_in_with_password("Änne", "correct horse").user_id == user

    def test_wrong_name_and_wrong_password_look_alike_and_slow_down(self, tmp_path):
        clock = Clock()
        with opened(tmp_path, clock) as library:
            library.register("anna", "correct horse")
            sentences = set()
            for name, password in (("anna", "wrong horse"), ("nobody", "correct horse"), ("", ""), (None, None)):
                with pytest.raises(NotSignedIn) as refused:
                    library.sign_in_with_password(name, password)
                sentences.add(str(refused.value))
            assert len(sentences) == 1
            for _ in range(4):
                with pytest.raises(NotSignedIn):
                    library.sign_in_with_password("anna", "wrong")
            with pytest.raises(Busy, match="Too many"):
                library.sign_in_with_password("anna", "correct horse")
            clock.now += 2
            assert library.sign_in_with_password("anna", "correct horse").user_id

    @pytest.mark.parametrize(
        ("name", "password"), [("", "long enough"), ("a" * 65, "long enough"), (" a", "long enough"), ("a\n", "long enough"),
                               ("anna", "short"), ("anna", "x" * 2000), (1, "long enough"), ("anna", None)],
    )  # fmt: skip
    def test_bad_names_and_passwords_are_refused(self, tmp_path, name, password):
        with opened(tmp_path) as library, pytest.raises(BadInput):
            library.register(name, password)

    def test_node_may_take_no_new_users(self, tmp_path):
        with opened(tmp_path, may_join=lambda key, granted: key == ANNA.public_key) as library:
            with pytest.raises(Forbidden):
                library.register("ben", "correct horse")
            with pytest.raises(Forbidden):
                library.create(library.local_session(BEN))
            library.create(library.local_session(ANNA))
            with pytest.raises(NotSignedIn):
                library.create(library.guest())

    def test_a_changed_row_opens_no_key(self, tmp_path):
        from leither_edge.mimei.tables import ACCOUNTS

        with opened(tmp_path) as library:
            library.register("anna", "correct horse")
            library.register("ben", "correct horse")
            with library.store.read() as tx:
                row = tx.get(ACCOUNTS, b"anna")
            library.held.call(lambda tx: tx.put(ACCOUNTS, b"ben", row))
            with pytest.raises(NotSignedIn):
                library.sign_in_with_password("ben", "correct horse")
