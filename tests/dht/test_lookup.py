"""The search for the nearest nodes, on simulated networks."""

import pytest

from leither_edge.dht import neighbourhood
from tests.dht.lookup_network import Network

SEARCHES = 20


def searches(network, **options):
    """Lookups from and for points of chance; each with the nearest 8 that a perfect one finds."""
    for _ in range(SEARCHES):
        own = network.random.choice(network.alive())
        target = network.random.randbytes(20)
        run = network.look_up(own, target, **options)
        yield run, [contact for contact in network.true_closest(target, 9) if contact != own][:8]


@pytest.mark.parametrize("size,most", [(50, 30), (300, 45)])
@pytest.mark.parametrize("paths", [1, 2])
def test_the_nearest_eight_are_found_with_few_messages(size, most, paths):
    network = Network(size, seed=size)
    messages = []
    for run, nearest in searches(network, expected_radius=neighbourhood.radius(size), paths=paths):
        assert set(nearest) <= set(run.closest)
        messages.append(run.messages)
    assert sum(messages) / len(messages) <= most
