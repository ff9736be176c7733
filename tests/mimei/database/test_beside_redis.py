"""What the random commands do not ask: options and refusals of every command, one after the other, of a redis-server and of the core."""

import io
import time
from pathlib import Path

import pytest

from leither_edge.resp import answers
from tests.mimei.redis_differential import canonical
from tests.mimei.resp_client import Client, redis_server

LINES = Path(__file__).with_name("asked_of_both.txt").read_text().splitlines()


class Told(Client):
    """Reads an answer from bytes."""

    def __init__(self, data):
        self._file = io.BytesIO(data)


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_same_answers(database, protocol):
    database.limits = database.limits._replace(value_max_bytes=512 << 20)
    with redis_server() as address, Client(address) as real:
        real.ask("HELLO", str(protocol))
        for line in LINES:
            words = [word.encode() for word in line.split(" ")]
            expected = real.ask(*words)
            database.use(database.tx, int(time.time() * 1000))
            out = []
            answers.write(out, database.execute(words), protocol == 3)
            assert canonical(words, Told(b"".join(out)).answer()) == canonical(words, expected), line
