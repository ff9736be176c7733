"""Records in a network that is replaced under them: a small run of what ``python -m tests.dht.churn`` does with 10,000 nodes."""

from tests.dht.churn import DAY, HOUR, Simulation


def test_a_record_lives_as_long_as_somebody_republishes_it():
    simulation = Simulation(200, 4, seed=1)
    found, replicas = simulation.run([HOUR, 1.5 * DAY])
    assert found["left"] == [1.0, 0.0]
    assert found["author"] == found["relay"] == [1.0, 1.0]
    assert all(count >= 6 for count in replicas["author"] + replicas["relay"])


def test_the_same_seed_gives_the_same_run():
    runs = [Simulation(100, 2, seed=5) for _ in range(2)]
    assert runs[0].run([HOUR, 6 * HOUR]) == runs[1].run([HOUR, 6 * HOUR])
    assert runs[0].network.messages == runs[1].network.messages
