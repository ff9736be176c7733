"""Whether the node is alive."""

from appliance.supervisor.heartbeat import START_FACTOR, Heartbeat


def test_not_fresh_before_it_was_started():
    assert not Heartbeat(10).fresh(0)


def test_the_first_beat_may_take_longer():
    heartbeat = Heartbeat(10)
    heartbeat.started(100)
    assert heartbeat.fresh(100 + 10 * START_FACTOR - 1) and not heartbeat.has_beaten
    assert not heartbeat.fresh(100 + 10 * START_FACTOR)


def test_every_beat_buys_the_timeout():
    heartbeat = Heartbeat(10)
    heartbeat.started(0)
    assert heartbeat.beat(1, 1)
    assert heartbeat.fresh(10.9) and not heartbeat.fresh(11)
    assert heartbeat.beat(5, 2)
    assert heartbeat.fresh(14.9)


def test_a_repeated_beat_buys_nothing():
    heartbeat = Heartbeat(10)
    heartbeat.started(0)
    heartbeat.beat(1, 5)
    assert not heartbeat.beat(9, 5)
    assert not heartbeat.beat(9, 4)
    assert not heartbeat.fresh(11)


def test_a_new_node_counts_anew():
    heartbeat = Heartbeat(10)
    heartbeat.started(0)
    heartbeat.beat(1, 1000)
    heartbeat.started(20)
    assert not heartbeat.has_beaten
    assert heartbeat.beat(21, 1)
