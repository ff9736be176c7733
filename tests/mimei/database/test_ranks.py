"""Ranks and places in sorted sets of many parts are those of a sorted list."""

import random

import pytest

from leither_edge.mimei.database import ranks
from leither_edge.mimei.database.layout import DATA
from leither_edge.mimei.database.replies import Pairs


@pytest.mark.parametrize("part_max", [2, 3, 4, 9])
def test_ranks_are_those_of_a_sorted_list(database, run, monkeypatch, part_max):
    monkeypatch.setattr(ranks, "PART_MAX", part_max)
    chance = random.Random(part_max)
    scores = {}
    for step in range(400):
        member = b"%d" % chance.randrange(60)
        if chance.random() < (0.2 if step < 200 else 0.6):
            run([b"zrem", b"z", member])
            scores.pop(member, None)
        else:
            score = chance.randrange(-20, 20) / 2
            run([b"zadd", b"z", b"%g" % score, member])
            scores[member] = score
        if step % 20:
            continue
        order = sorted(scores.items(), key=lambda pair: (pair[1], pair[0]))
        for at, (member, _) in enumerate(order):
            assert run([b"zrank", b"z", member]) == at
            assert run([b"zrevrank", b"z", member]) == len(order) - 1 - at
        for _ in range(10):
            start, stop = sorted(chance.randrange(len(order) + 1) for _ in range(2))
            assert run(f"zrange z {start} {stop} withscores") == Pairs(order[start : stop + 1])
            assert run(f"zrevrange z {start} {stop} withscores") == Pairs(order[::-1][start : stop + 1])
            low, high = chance.randrange(-12, 12), chance.randrange(-12, 12)
            assert run(f"zcount z {low} ({high}") == sum(low <= score < high for score in scores.values())
    for count in (3, 2, 1):
        kept = sorted(scores.items(), key=lambda pair: (pair[1], pair[0]))[:count]
        run(f"zremrangebyrank z {count} -1")
        for start in range(count):
            assert run(f"zrange z {start} -1 rev withscores") == Pairs(kept[::-1][start:])
    run([b"zrem", b"z", *scores])
    assert [row for row, _ in database.tx.scan(DATA) if row[4:5] != b"\0"] == []
