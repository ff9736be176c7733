"""What looking for commands costs, with the packets of real nodes: a quiet day stays within the profile's bytes."""

import random

import pytest
import trio

from leither_edge import profile as profiles
from leither_edge.dht.questions import POLLS_BEFORE_SEARCH
from leither_edge.mailbox.poller import HEADER_BYTES
from tests.dht.test_node import node, nodes
from tests.mailbox.test_poller import BUDGET, DAY, live, poller_of

SALT = b"d" * 20
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def looks():
    """[(messages, bytes)] of the looks of a node behind NAT, a whole search first, in a network where no command waits."""

    async def made():
        async with nodes(12) as opened, node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses, read_only=True) as device:
            await device.joined()
            key = random.Random(1).randbytes(32)
            reports = [(await device.poll_mutable(key, SALT, None)).report for _ in range(POLLS_BEFORE_SEARCH + 1)]
            return [(report.messages, report.bytes) for report in reports]

    async def within_time():
        with trio.fail_after(30):
            return await made()

    # The cheaper of two: where the machine stands still for a moment, replies come too late and are asked for again.
    return min((trio.run(within_time) for _ in range(2)), key=lambda found: sum(size for _, size in found))


def test_most_looks_ask_one_node(looks):
    assert looks[0][0] > 8 and sum(messages <= 2 for messages, _ in looks) >= POLLS_BEFORE_SEARCH - 2
    assert max(size for messages, size in looks if messages <= 2) < 500


@pytest.mark.parametrize("controllers", [1, 2, 6])
@pytest.mark.parametrize("profile", profiles.names())
def test_a_quiet_day_costs_what_the_profile_says(looks, controllers, profile):
    budget = profiles.load(profile).dht.idle_kib_per_day * 1024
    ids = [bytes([number]) * 20 for number in range(controllers)]

    def cost(number):
        # Each controller's looks begin with a search, and come to another after the same number of them.
        return looks[number // controllers % len(looks)]

    begun = live(poller_of(dict.fromkeys(ids, 8), budget), 0.0, DAY, cost)
    assert sum(size for _, _, size in begun) <= budget * 1.01
    # The least that makes it of use: somebody's command is found within some minutes.
    assert DAY / len(begun) * controllers < 60 * controllers


def test_the_bound_is_that_of_the_design():
    assert BUDGET <= 2 * MEGABYTE
    assert HEADER_BYTES == 48
