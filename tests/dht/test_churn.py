"""Records in a network that is replaced under them: a small run of what ``python -m tests.dht.churn`` does with 10,000 nodes."""

import json

from tests.dht.churn import HOUR, Simulation, main


def test_a_record_lives_as_long_as_somebody_republishes_it(capsys):
    figures = main(["--quick", "--json"])
    assert json.loads(capsys.readouterr().out)["checkpoints"] == ["1 h", "1 d", "2 d"]
    assert figures["found"]["left"] == [1.0, 0.0, 0.0]
    assert figures["found"]["author"] == figures["found"]["relay"] == [1.0, 1.0, 1.0]
    assert all(count >= 6 for count in figures["replicas"]["author"] + figures["replicas"]["relay"])
    assert figures["stored_at"] >= 8


def test_the_same_seed_gives_the_same_run():
    runs = [Simulation(100, 1, seed=5) for _ in range(2)]
    assert runs[0].run([HOUR, 3 * HOUR]) == runs[1].run([HOUR, 3 * HOUR])
    assert runs[0].network.messages == runs[1].network.messages
