import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor, cose
from leither_edge.core.command import (
    COMMAND_MAX_BYTES,
    CommandError,
    encode_command,
    open_command,
    parse_command,
    sign_command,
)
from leither_edge.crypto import sodium
from tests.core.golden import COMMANDS, OWNER, PHONE, SIGNED_COMMANDS
from tests.core.mutation import mutated

STATUS = COMMANDS["status"][1]
FULL = COMMANDS["every field"][1]
FULL_MAP = cbor.decode(encode_command(FULL))


def code_of(call, *arguments):
    with pytest.raises(CommandError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    return refusal.value.code


def test_round_trip():
    for signer, command in COMMANDS.values():
        assert parse_command(encode_command(command)) == command
        opened, message = open_command(sign_command(command, signer.sign))
        assert opened == command and message.key_id == signer.id


def test_optional_fields_are_left_out():
    assert set(cbor.decode(encode_command(STATUS))) == {1, 2, 3, 4, 5, 6, 9, 10}


BAD_VALUES = {
    1: [None, b"", bytes(15), bytes(17), "x" * 16],
    2: [None, bytes(19), bytes(21), 0],
    3: [None, bytes(19), "x"],
    4: [None, -1, 1 << 32, True, "1"],
    5: [None, 0, -1, 1 << 53, True, b"\1"],
    6: [None, -1, 1 << 53, False],
    7: [None, -1, 1 << 53, 0, 1_800_000_000],
    8: [None, bytes(15), 16],
    9: [None, "", "x" * 33, "Status", "st atus", "status\n", "é", b"status", 9],
    10: [None, [], {1: 1}, {b"a": 1}, {"": 1}, {"x" * 65: 1}, {str(number): 0 for number in range(65)}],
    11: [None, b"", bytes(1025), "pass"],
    12: [None, 0],
    0: [0],
    -1: [0],
    "1": [0],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
def test_every_bad_field_is_refused(key, value):
    assert code_of(parse_command, cbor.encode({**FULL_MAP, key: value})) == "malformed"


@pytest.mark.parametrize("key", [1, 2, 3, 4, 5, 6, 9, 10])
def test_every_missing_field_is_refused(key):
    assert code_of(parse_command, cbor.encode({name: value for name, value in FULL_MAP.items() if name != key})) == "malformed"


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x01", b"\xa0", b"\xff", encode_command(STATUS) + b"\0"])
def test_what_is_not_a_command(payload):
    assert code_of(parse_command, payload) == "malformed"


def test_what_is_malformed_is_not_signed_either():
    for change in ({"sequence": 0}, {"verb": "X"}, {"arguments": {"x": 1.5}}, {"expires": STATUS.issued}, {"arguments": None}):
        with pytest.raises(CommandError):
            sign_command(STATUS._replace(**change), OWNER.sign)


def test_size_is_bounded():
    assert code_of(sign_command, STATUS._replace(arguments={"x": bytes(COMMAND_MAX_BYTES)}), OWNER.sign) == "too-large"
    assert code_of(parse_command, bytes(COMMAND_MAX_BYTES + 1)) == "too-large"
    with pytest.raises(cose.CoseError) as refusal:
        open_command(bytes(COMMAND_MAX_BYTES + 1))
    assert refusal.value.code == "too-large"


def test_the_issuer_is_the_key_that_signed():
    data = cose.sign1(encode_command(STATUS), cose.CT_COMMAND, PHONE.id, PHONE.sign)
    assert code_of(open_command, data) == "malformed"


def test_the_form_does_not_depend_on_the_order_in_which_arguments_were_given():
    one, two = {"a": 1, "bb": 2, "c": 3}, {"c": 3, "bb": 2, "a": 1}
    assert encode_command(STATUS._replace(arguments=one)) == encode_command(STATUS._replace(arguments=two))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(SIGNED_COMMANDS)), st.data())
def test_altered_commands_are_never_accepted(name, data):
    signer, _ = COMMANDS[name]
    altered = mutated(data, SIGNED_COMMANDS[name])
    try:
        _, message = open_command(altered)
        cose.verify1(message, signer.public_key, sodium.verify)
    except (cose.CoseError, CommandError):
        return
    assert altered == SIGNED_COMMANDS[name]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_altered_payloads_give_a_command_or_a_typed_error(data):
    """Behind the signature too: an owner's own controller may have faults."""
    altered = mutated(data, encode_command(FULL))
    try:
        command = parse_command(altered)
    except CommandError as error:
        assert error.code in ("malformed", "too-large") and len(str(error)) < 200
    else:
        assert encode_command(command) == altered


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.binary(max_size=20), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.integers(-5, 12), st.text(max_size=3)), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.integers(-1, 13), plain, max_size=4))
def test_any_value_in_any_field(changes):
    try:
        payload = cbor.encode({**FULL_MAP, **changes})
    except cbor.CborError:
        return
    try:
        assert encode_command(parse_command(payload)) == payload
    except CommandError:
        pass
