"""Every rule of the order in which a device judges a command, and that nothing else is raised."""

import pytest

from leither_edge.core import cose
from leither_edge.core.command import Refused, VerbRule, authorize, open_command, sign_command
from leither_edge.core.delegation import Pass, sign_pass
from leither_edge.core.keyset import Keyset
from leither_edge.core.time_floor import TimeFloor
from leither_edge.crypto import sodium
from tests.core.golden import COMMANDS, DEVICE, KEYS, OWNER, PHONE, SECOND, TIME

EVE = KEYS["stranger"]
VIEWER, OPERATOR = KEYS["root_1"], KEYS["root_2"]
VERBS = {
    "status": VerbRule("viewer", False),
    "reboot": VerbRule("operator", False),
    "config-set": VerbRule("owner", False),
    "factory-reset": VerbRule("owner", True),
    "careless": VerbRule("viewer", True),
}
KEYSET = Keyset(
    DEVICE.id,
    3,
    (("owner", OWNER.public_key), ("operator", OPERATOR.public_key), ("viewer", VIEWER.public_key), ("owner", SECOND.public_key)),
    (SECOND.id, EVE.id),
    (),
)
CHALLENGE = bytes(range(16))
STATUS = COMMANDS["status"][1]._replace(keyset_version=3)


def judge(signer=OWNER, message=None, keyset=KEYSET, floor=TIME - 50, clock=TIME, last=0, used=None, **fields):
    command = STATUS._replace(issuer=signer.id, **fields)
    command, sign1 = open_command(message or sign_command(command, signer.sign))

    def challenge_ok(challenge):
        if used is not None:
            used.append(challenge)
        return challenge == CHALLENGE

    time_floor = TimeFloor(floor)
    try:
        return authorize(command, sign1, keyset, DEVICE.id, time_floor, clock, last, VERBS, sodium.verify, challenge_ok)
    finally:
        assert time_floor.floor == floor


def refusal(code, **arguments):
    with pytest.raises(Refused) as refused:
        judge(**arguments)
    assert (refused.value.code, bool(str(refused.value))) == (code, True)
    return refused.value.authentic


def given(role="operator", verbs=None, device=DEVICE.id, subject=PHONE, issuer=OWNER, begin=TIME - 10, end=TIME + 10, sign=None):
    return sign_pass(
        Pass(issuer.id, subject.public_key, device, role, verbs, begin, end, "phone"), sign or issuer.sign
    )


@pytest.mark.parametrize(
    ("signer", "verb", "allowed"),
    [
        (VIEWER, "status", True),
        (VIEWER, "reboot", False),
        (VIEWER, "config-set", False),
        (OPERATOR, "status", True),
        (OPERATOR, "reboot", True),
        (OPERATOR, "config-set", False),
        (OWNER, "status", True),
        (OWNER, "reboot", True),
        (OWNER, "config-set", True),
    ],
)
def test_roles(signer, verb, allowed):
    if allowed:
        assert judge(signer, verb=verb).via is None
    else:
        assert refusal("not-allowed", signer=signer, verb=verb) is True


def test_who_sends():
    assert refusal("wrong-device", device_id=EVE.id) is False
    assert refusal("unknown-key", signer=PHONE) is False
    assert refusal("revoked", signer=SECOND) is True
    forged = sign_command(STATUS, EVE.sign)
    assert refusal("bad-signature", message=forged) is False


def test_a_payload_that_names_another_issuer():
    sign1 = cose.parse_sign1(sign_command(STATUS, OWNER.sign), cose.CT_COMMAND)
    with pytest.raises(Refused) as refused:
        authorize(
            STATUS._replace(issuer=EVE.id), sign1, KEYSET, DEVICE.id, TimeFloor(0), TIME, 0, VERBS, sodium.verify, None
        )
    assert (refused.value.code, refused.value.authentic) == ("malformed", False)


def test_keyset_version():
    assert refusal("old-keyset", keyset_version=2) is True
    assert refusal("old-keyset", keyset_version=4) is True


def test_sequence():
    judge(sequence=8, last=7)
    assert refusal("replay", sequence=7, last=7) is True
    assert refusal("replay", sequence=6, last=7) is True


def test_time_with_a_good_clock():
    judge(issued=TIME + 86400)
    assert refusal("future", issued=TIME + 86401) is True
    judge(issued=TIME - 100, expires=TIME - 49)
    assert refusal("expired", issued=TIME - 100, expires=TIME - 50) is True
    # The clock is past the end, but only the floor is believed.
    judge(issued=TIME - 100, expires=TIME - 49, clock=TIME + 9999)


@pytest.mark.parametrize("clock", [0, TIME + 14 * 365 * 86400])
def test_a_clock_of_1970_or_of_2040_locks_nobody_out(clock):
    judge(clock=clock, expires=TIME + 60)
    judge(PHONE, clock=clock, delegation=given())


def test_a_clock_of_1970_still_bounds_the_future():
    assert refusal("future", clock=0, issued=TIME + 11 * 365 * 86400) is True


def test_verbs():
    assert refusal("unknown-verb", verb="dance") is True


def test_challenges():
    used = []
    assert refusal("challenge-required", verb="factory-reset", used=used) is True
    assert refusal("challenge-wrong", verb="factory-reset", challenge=bytes(16)) is True
    assert not used
    judge(verb="factory-reset", challenge=CHALLENGE, used=used)
    assert used == [CHALLENGE]
    # A challenge is used up only by a command that is obeyed.
    for arguments in ({"last": 9}, {"keyset_version": 1}, {"signer": VIEWER}, {"signer": OPERATOR}):
        with pytest.raises(Refused):
            judge(**{"verb": "factory-reset", "challenge": CHALLENGE, "used": used, **arguments})
    assert used == [CHALLENGE]
    judge(verb="status", challenge=bytes(16), used=used)
    assert used == [CHALLENGE]


def test_a_dangerous_verb_is_for_owners_whatever_its_rule_says():
    assert refusal("not-allowed", signer=VIEWER, verb="careless", challenge=CHALLENGE) is True


def test_passes():
    authority = judge(PHONE, delegation=given())
    assert (authority.role, authority.verbs, authority.via.name) == ("operator", None, "phone")
    judge(PHONE, delegation=given(device=None))
    judge(PHONE, verb="reboot", delegation=given(verbs=("reboot",)))
    judge(PHONE, verb="factory-reset", challenge=CHALLENGE, delegation=given("owner"))


@pytest.mark.parametrize(
    ("code", "delegation", "fields"),
    [
        ("bad-pass", given(device=EVE.id), {}),
        ("bad-pass", given(subject=VIEWER), {}),
        ("bad-pass", given(issuer=OPERATOR), {}),
        ("bad-pass", given(issuer=PHONE), {}),
        ("bad-pass", given(sign=EVE.sign), {}),
        ("bad-pass", b"junk", {}),
        ("bad-pass", given()[:-1], {}),
        ("revoked", given(issuer=SECOND), {}),
        ("not-allowed", given(), {"verb": "config-set"}),
        ("not-allowed", given(), {"verb": "factory-reset", "challenge": CHALLENGE}),
        ("not-allowed", given(verbs=("reboot",)), {}),
        ("not-allowed", given("viewer", ("reboot",)), {"verb": "reboot"}),
        ("not-allowed", given("owner", ("status",)), {"verb": "factory-reset", "challenge": CHALLENGE}),
        ("challenge-required", given("owner"), {"verb": "factory-reset"}),
        ("pass-expired", given(end=TIME - 5), {}),
        ("pass-expired", given(end=TIME), {}),
        ("pass-expired", given(begin=TIME + 1), {}),
        ("pass-expired", given(end=TIME - 5), {"issued": TIME - 6, "floor": TIME - 5}),
        ("replay", given(), {"last": 1}),
        ("old-keyset", given(), {"keyset_version": 2}),
    ],
)
def test_passes_that_do_not_serve(code, delegation, fields):
    authentic = refusal(code, signer=PHONE, delegation=delegation, **fields)
    assert authentic is (code != "bad-pass")


def test_a_revoked_phone_has_no_pass_any_more():
    assert refusal("revoked", signer=EVE, delegation=given(subject=EVE)) is True


def test_a_pass_does_not_widen_a_key_of_the_keyset_unless_sent():
    assert refusal("not-allowed", signer=VIEWER, verb="reboot") is True
    judge(VIEWER, verb="reboot", delegation=given(subject=VIEWER))


def test_a_pass_cannot_be_handed_on():
    onward = given(issuer=PHONE, subject=VIEWER)
    assert refusal("bad-pass", signer=VIEWER, delegation=onward) is False
