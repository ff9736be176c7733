"""Nothing that arrives ends in another exception than Unauthentic or anything but a signed answer, or changes what it may not."""

import random
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.commands.admission import Unauthentic
from appliance.commands.verbs import VERBS
from leither_edge.core import cose
from leither_edge.core.cbor import CborError, encode
from leither_edge.core.command import CommandError, encode_command

from .device import NOW, running

SECONDS = 2


def mutated(data, chance):
    """``data`` with a few bytes flipped, cut out, doubled or swapped."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at] = chance.choice((0, 1, 0x17, 0x18, 0x1B, 0x40, 0x5F, 0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xF6, 0xFB, 0xFF))
        elif kind == 2:
            del data[at : at + chance.randrange(1, 20)]
        elif kind == 3:
            data[at:at] = data[at : at + chance.randrange(1, 40)]
        elif kind == 4:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        else:
            data = data[: chance.randrange(len(data) + 1)]
    return bytes(data)


async def test_mutated_commands_are_unauthentic_and_change_nothing(tmp_path):
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        phone = owner.give_pass(device.controller(2))
        samples = [
            owner.signed("config-set", {"name": "x", "metrics_remote": True}),
            phone.signed("identify", {"seconds": 5}),
            owner.signed("keyset-set", {"keyset": b"k" * 300}, challenge=bytes(16), expires=NOW + 60),
        ]
        before, commits = device.dump(), device.store.commits
        chance, tried, until = random.Random(1), 0, time.monotonic() + SECONDS
        while time.monotonic() < until:
            data = mutated(chance.choice(samples), chance)
            if data in samples:
                continue
            tried += 1
            try:
                await device.executor.execute(data)
            except Unauthentic as error:
                assert str(error)[0].isupper() and str(error).endswith(".")
            else:
                raise AssertionError(data.hex())
        assert tried > 500
        assert device.dump() == before and device.store.commits == commits and device.board.asked == []


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.binary(max_size=40) | st.text(max_size=40)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6
)
names = st.sampled_from(sorted({name for verb in VERBS.values() for name in verb.arguments or {"name": 0, "storage_share_mib": 0}}))
arguments = st.dictionaries(names | st.text(min_size=1, max_size=8), values, max_size=4)
fields = st.fixed_dictionaries(
    {},
    optional={
        "keyset_version": st.integers(0, 3),
        "issued": st.sampled_from([0, NOW, NOW + 1, 2**53 - 1]),
        "expires": st.sampled_from([None, 1, NOW + 60]),
        "challenge": st.none() | st.binary(min_size=16, max_size=16),
        "sequence": st.sampled_from([1, 2, 2**53 - 1]),
        "delegation": st.none() | st.binary(min_size=1, max_size=100),
    },
)


async def test_signed_nonsense_gets_a_signed_answer_and_changes_no_keys(tmp_path):
    """An owner's own program may be at fault: whatever it signs is answered or called unauthentic."""
    async with running(tmp_path) as device:
        owner = device.own(device.controller())
        device.own(owner)
        cases = []

        @settings(max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.sampled_from(sorted(VERBS)) | st.just("fly"), arguments, fields)
        def collect(verb, given_arguments, given_fields):
            cases.append((verb, given_arguments, given_fields))

        collect()
        keyset = device.executor.keyset
        for verb, given_arguments, given_fields in cases:
            command = owner.command(verb, given_arguments, **given_fields)
            try:
                data = cose.sign1(encode_command(command), cose.CT_COMMAND, owner.key.id, owner.key.sign)
            except (CommandError, CborError):
                continue
            try:
                answer = await device.executor.execute(data)
            except Unauthentic:
                continue
            assert device.opened(answer).status in ("done", "refused", "failed")
        assert device.executor.keyset == keyset
        assert "factory_reset" not in [verb for verb, _ in device.board.asked]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.integers(0, 13), values, max_size=12))
def test_a_signed_payload_of_any_form_is_unauthentic_or_a_command(payload):
    from appliance.commands.admission import receive

    from .device import Controller

    owner = Controller(1, b"d" * 20)
    try:
        encoded = encode(payload)
    except CborError:
        return
    try:
        receive(cose.sign1(encoded, cose.CT_COMMAND, owner.key.id, owner.key.sign), 16384)
    except Unauthentic:
        pass
