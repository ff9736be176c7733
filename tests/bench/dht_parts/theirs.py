"""The same network of libtorrent's sessions, in one process; what of it libtorrent tells."""

import random
import time

from tests.bench.dht_parts.places import place
from tests.device_process import rss_kib
from tests.interop.libtorrent_process import Libtorrent

KILLED_SHARE = 0.3
WAIT_S = 20
SETTLE_S = 3
PAUSE_S = 0.02
# Of each of them: messages and bytes, both ways.
COUNTED = ("dht.dht_messages_in", "dht.dht_messages_out", "dht.dht_bytes_in", "dht.dht_bytes_out")
SEED = 5


class Network:
    """N running sessions. Attributes: alive, numbers of those not closed."""

    def __init__(self, libtorrent):
        self._do, self._open = libtorrent.do, libtorrent.session
        self.alive, self._doors = [], []

    def grow(self, most):
        """Open sessions until there are so many; each enters by three that are there."""
        for number in range(most):
            host = place(number, first=60)
            doors = random.sample(self._doors, min(3, len(self._doors)))
            session, port = self._open(host, doors=doors)
            self.alive.append(session)
            self._doors.append((host, port))

    def kill(self, session):
        """Close a session."""
        self.alive.remove(session)
        self._do("close_session", session=session)

    def timed(self, task, **arguments):
        """([messages, bytes, seconds], answer) of a task at a random session: all that it sent and got meanwhile."""
        session = random.choice(self.alive)
        before = self._counted(session)
        begin = time.monotonic()
        answer = self._do(task, session=session, seconds=WAIT_S, **arguments)
        seconds = time.monotonic() - begin
        after = self._counted(session)
        grown = [late - early for early, late in zip(before, after, strict=True)]
        time.sleep(PAUSE_S)
        return [grown[0] + grown[1], grown[2] + grown[3], seconds], answer

    def _counted(self, session):
        found = self._do("counters", session=session, names=list(COUNTED))["counters"]
        return [found[name] for name in COUNTED]


def measure(count, items, puts_after):
    """What ours.measure tells, as far as libtorrent does; puts_after: how many after the kill, a quarter of a minute each."""
    random.seed(SEED)
    with Libtorrent() as libtorrent:
        network = Network(libtorrent)
        # What is made once, with the first session, is no session's.
        libtorrent.session(place(0, first=200))
        before = rss_kib(libtorrent.process.pid)
        network.grow(count)
        time.sleep(SETTLE_S)
        after = rss_kib(libtorrent.process.pid)
        # A search for what nobody has ends when the closest have answered, as a bare lookup does.
        lookups = [network.timed("get_immutable", target=random.randbytes(20).hex())[0] for _ in range(items)]
        puts = [network.timed("put_immutable", value=(b"value %d" % number).hex()) for number in range(items)]
        targets = [answer["target"] for _, answer in puts]
        gets = [network.timed("get_immutable", target=target) for target in targets]
        for session in random.sample(network.alive, round(count * KILLED_SHARE)):
            network.kill(session)
        gets_after = [network.timed("get_immutable", target=target) for target in targets]
        later = [network.timed("put_immutable", value=(b"later %d" % number).hex()) for number in range(puts_after)]
    return {
        "nodes": count, "bytes_a_node": (after - before) * 1024 / count, "lookups": lookups,
        "puts": [seen for seen, _ in puts], "replicas": [answer["stored"] for _, answer in puts],
        "gets": [[seen, answer["value"] is not None] for seen, answer in gets],
        "gets_after": [[seen, answer["value"] is not None] for seen, answer in gets_after],
        "puts_after": [[*seen, answer["stored"]] for seen, answer in later],
    }  # fmt: skip
