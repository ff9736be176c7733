"""The table of sequences is bounded, and a dropped record never lets an old command in again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.commands import sequences

from .device import NOW, ProfileWith, running


class Memory:
    """A transaction on dicts."""

    def __init__(self):
        self.tables = {}

    def get(self, table, key, default=None):
        return self.tables.get(table.name, {}).get(key, default)

    def put(self, table, key, value):
        self.tables.setdefault(table.name, {})[key] = value

    def delete(self, table, key):
        del self.tables[table.name][key]

    def scan(self, table):
        return iter(sorted(self.tables.get(table.name, {}).items()))

    def count(self, table):
        return len(self.tables.get(table.name, {}))


steps = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 9), st.integers(0, 30)), max_size=60)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(steps, st.integers(1, 5))
def test_no_accepted_command_is_accepted_again(steps, issuers_max):
    tx, accepted = Memory(), set()
    for number, sequence, issued in steps:
        issuer = bytes([number]) * 20
        last = sequences.last(tx, issuer)
        if sequence <= last.sequence or sequences.is_stale(last, issued):
            continue
        assert (number, sequence, issued) not in accepted
        accepted.add((number, sequence, issued))
        sequences.use(tx, issuer, last, sequence, issued, issuers_max)
        assert tx.count(sequences.SEQUENCES) <= issuers_max


async def test_a_pass_given_again_does_not_reopen_replay(tmp_path):
    profile = ProfileWith(commands__issuers_max=4, commands__answers_kept=16)
    async with running(tmp_path, profile=profile) as device:
        owner = device.own(device.controller())
        phone = owner.give_pass(device.controller(2))
        old = phone.signed("config-set", {"name": "old"})
        await device.executor.execute(old)
        for seed in range(10, 30):
            other = owner.give_pass(device.controller(seed))
            assert (await device.ask(other, "status", issued=NOW + seed)).status == "done"
        assert len(device.dump()["sequences"]) == 4
        before = device.dump()
        answer = device.opened(await device.executor.execute(old))
        assert (answer.status, answer.error["code"]) == ("refused", "stale")
        assert device.dump() == before
        # Its next command is newer, so the phone itself goes on.
        assert (await device.ask(phone, "status", issued=NOW + 60)).status == "done"
        assert (await device.ask(owner, "status", issued=NOW + 60)).status == "done"
