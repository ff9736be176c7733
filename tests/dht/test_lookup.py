"""The search for the nearest nodes, on simulated networks: messages, recall, the dead, liars and crowds."""

import pytest

from leither_edge.dht import neighbourhood
from leither_edge.dht.lookup import Lookup
from tests.dht.lookup_network import Network, distance

SEARCHES = 20


@pytest.fixture(scope="module", params=[50, 300])
def sized(request):
    """(a network, the most messages that a lookup in it may take on average)"""
    return Network(request.param, seed=request.param), {50: 30, 300: 45}[request.param]


@pytest.fixture
def network(sized):
    network = sized[0]
    network.dead.clear()
    return network


def searches(network, **options):
    """Lookups from and for points of chance; each with the nearest 8 that a perfect one finds."""
    for _ in range(SEARCHES):
        own = network.random.choice(network.alive())
        target = network.random.randbytes(20)
        run = network.look_up(own, target, expected_radius=neighbourhood.radius(network.size), **options)
        yield run, [contact for contact in network.true_closest(target, 9) if contact != own][:8]


@pytest.mark.parametrize("paths", [1, 2])
@pytest.mark.parametrize("share_dead", [0.0, 0.3])
def test_the_nearest_eight_are_found_with_few_messages(sized, network, paths, share_dead):
    network.kill(share_dead)
    messages = []
    for run, nearest in searches(network, paths=paths):
        assert set(nearest) <= set(run.closest)
        assert run.closest == sorted(run.closest, key=lambda contact: distance(contact, run.lookup.target))
        messages.append(run.messages)
    assert sum(messages) / len(messages) <= sized[1]


def test_most_searches_with_dead_nodes_end_within_one_and_a_half_time_outs(network):
    network.kill(0.3)
    seconds = sorted(run.seconds for run, _ in searches(network))
    assert seconds[len(seconds) * 3 // 4] <= 3.0


def test_nobody_is_asked_beside_in_a_healthy_network(network):
    for run, _ in searches(network):
        assert not run.lookup.is_crowded
        assert len({contact for contact, *_ in run.lookup.outcomes()}) == run.lookup.asked_count


@pytest.mark.parametrize("count", [8, 20, 100])
@pytest.mark.parametrize("paths", [1, 2])
def test_a_crowd_at_the_target_does_not_get_all_of_the_say(count, paths):
    network = Network(200, seed=count, table_max=200)
    target = network.random.randbytes(20)
    network.add_crowd(target, count, neighbourhood.radius(200) // 100)
    own = network.random.choice(network.contacts)
    run = network.look_up(own, target, expected_radius=neighbourhood.radius(200), paths=paths)
    honest = [contact for contact in run.closest if contact not in network.liars]
    assert run.lookup.is_crowded
    assert len(run.closest) <= neighbourhood.WIDE_MAX
    assert len(honest) >= 3
    assert len(set(network.true_closest(target)) & set(honest)) >= 3
    assert run.lookup.asked_count <= 120


def test_liars_on_one_path_do_not_keep_the_other_from_the_nearest():
    """One of the seeds leads to liars, ever nearer to the target, who name one another alone; without a size they look like others."""
    network = Network(300, seed=4)
    target = network.random.randbytes(20)
    own = network.random.choice(network.contacts)
    space = 1 << 160
    crowd = [network.new_contact((int.from_bytes(target, "big") ^ space >> 12 + at).to_bytes(20, "big")) for at in range(30)]
    for at, contact in enumerate(crowd):
        network.liars[contact] = lambda place, at=at: crowd[at + 1 : at + 9]
    seeds = [crowd[0], *network.named(own, target, 7)]
    honest = network.run(Lookup(target, own[:20], seeds, family=4, paths=2)).lookup
    answered = [contact for contact, word, *_ in honest.outcomes() if word == "answered"]
    assert len(set(network.true_closest(target, 4)) & set(answered)) >= 3


def test_whoever_names_silent_nodes_is_soon_believed_no_more():
    network = Network(300, seed=5)
    target = network.random.randbytes(20)
    near = int.from_bytes(target, "big")
    made_up = [network.new_contact((near ^ at).to_bytes(20, "big")) for at in range(1, 21)]
    liar = network.random.choice(network.contacts)
    network.liars[liar] = lambda place: made_up
    own = network.random.choice(network.contacts)
    seeds = [liar, *network.named(own, target, 20)]
    run = network.run(Lookup(target, own[:20], seeds, family=4, expected_radius=neighbourhood.radius(300)))
    silent = [contact for contact, word, *_ in run.lookup.outcomes() if word != "answered"]
    assert len(silent) <= 8
    assert set(network.true_closest(target)) - {own, liar} <= set(run.lookup.closest(20))
