"""How long a record is found while the network is replaced under it: ``python -m tests.dht.churn`` prints a table.

    python -m tests.dht.churn [--quick] [--nodes 10000] [--days 30] [--records 10] [--seed 1] [--json]

All times are simulated, a seed tells everything. Half of the nodes are replaced each day, and a node keeps an item for two hours.
The whole month takes some seven minutes of one core with 10 records of each kind, and grows with them.
"""

import argparse
import hashlib
import heapq
import json
import sys
import time

from leither_edge.dht.item import Item, target_of
from tests.dht.churn_network import DAY, ChurningNetwork

HOUR = 3600.0
# In place of a keeper's number: somebody comes to read.
_READ = -1
# A record's keepers: those who republish it every hour.
OTHERS = 3
READ_EVERY_H = 8
SCHEMES = (
    ("left", "put once, its author gone, nobody republishes"),
    ("author", "its author stays and republishes every hour"),
    ("others", f"its author gone; {OTHERS} others republish, none of them replaced"),
    ("readers", f"its author gone; each who reads it republishes while there, one comes in {READ_EVERY_H} h"),
    ("relay", f"its author gone; {OTHERS} others republish, a reader takes over from each who leaves"),
)


class Record:
    """One item and who republishes it. keepers: nodes; asked, tries: what reads found."""

    __slots__ = ("item", "keepers", "scheme", "target")

    def __init__(self, scheme, number):
        self.scheme = scheme
        key = hashlib.sha256(f"{scheme} {number}".encode()).digest()
        self.item = Item(b"5:value", key, b"", 1, bytes(64))
        self.target = target_of(self.item)
        self.keepers = []


class Simulation:
    """All records in one network. Args: size (nodes), records (of each scheme), seed, say (progress: text ->)."""

    def __init__(self, size, records, seed, say=lambda text: None):
        self.network = ChurningNetwork(size, seed)
        self.records = [Record(scheme, number) for scheme, _ in SCHEMES for number in range(records)]
        self.stored = []
        self.put_messages = []
        self._say = say
        self._due = []

    def run(self, checkpoints):
        """``{scheme: [share found at each checkpoint]}``, and ``{scheme: [mean replicas there]}``. checkpoints: seconds, rising."""
        network = self.network
        for number, record in enumerate(self.records):
            author = network.stranger()
            self._put(author, record)
            if record.scheme == "author":
                record.keepers = [author]
            elif record.scheme in ("others", "relay", "readers"):
                record.keepers = [network.any_node() for _ in range(OTHERS)]
            for keeper in range(len(record.keepers)):
                heapq.heappush(self._due, (network.random.random() * HOUR, number, keeper))
            if record.scheme == "readers":
                self._await_reader(number)
        found, replicas = {}, {}
        for checkpoint in checkpoints:
            while self._due and self._due[0][0] <= checkpoint:
                moment, number, keeper = heapq.heappop(self._due)
                network.go_to(moment)
                if keeper == _READ:
                    self._read(number)
                elif self._republish(self.records[number], keeper):
                    heapq.heappush(self._due, (moment + HOUR, number, keeper))
            network.go_to(checkpoint)
            for scheme, _ in SCHEMES:
                records = [record for record in self.records if record.scheme == scheme]
                shares = [network.get(network.stranger(), record.target) for record in records]
                found.setdefault(scheme, []).append(sum(shares) / len(records))
                replicas.setdefault(scheme, []).append(sum(network.replicas(record.target) for record in records) / len(records))
            self._say(f"{checkpoint / DAY:6.2f} days: " + ", ".join(f"{scheme} {found[scheme][-1]:.0%}" for scheme, _ in SCHEMES))
        return found, replicas

    def _await_reader(self, number):
        heapq.heappush(self._due, (self.network.now + self.network.random.expovariate(1 / (READ_EVERY_H * HOUR)), number, _READ))

    def _read(self, number):
        """A node of the network reads a record, and keeps it if it is there."""
        record, reader = self.records[number], self.network.any_node()
        if self.network.get(reader, record.target):
            record.keepers.append(reader)
            heapq.heappush(self._due, (self.network.now + self.network.random.random() * HOUR, number, len(record.keepers) - 1))
        self._await_reader(number)

    def _republish(self, record, place):
        """One keeper's turn; False if it is gone and has no heir."""
        keeper = record.keepers[place]
        if keeper.until <= self.network.now:
            if record.scheme != "relay":
                return False
            # A club's member has left; another one keeps the record from now on, if it is still found.
            heir = self.network.any_node()
            if not self.network.get(heir, record.target):
                return True
            record.keepers[place] = keeper = heir
        self._put(keeper, record)
        return True

    def _put(self, node, record):
        before = self.network.messages
        self.stored.append(self.network.put(node, record.item, record.target))
        self.put_messages.append(self.network.messages - before)


def main(words=None):
    """Run it and print the table; returns the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.dht.churn", description="Records in a network whose nodes come and go.")
    parser.add_argument("--quick", action="store_true", help="200 nodes, 2 days, 2 records of each kind: some seconds")
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--records", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(words)
    nodes, days, records = (200, 2.0, 2) if asked.quick else (asked.nodes, asked.days, asked.records)
    names = [(HOUR, "1 h"), (DAY, "1 d"), (7 * DAY, "7 d"), (30 * DAY, "30 d")]
    marks = [(at, name) for at, name in names if at < days * DAY * 0.999] + [(days * DAY, f"{days:g} d")]
    begun = time.perf_counter()
    simulation = Simulation(nodes, records, asked.seed, lambda text: print(text, file=sys.stderr, flush=True))
    found, replicas = simulation.run([at for at, _ in marks])
    figures = {
        "nodes": nodes, "days": days, "records_of_each": records, "seed": asked.seed, "checkpoints": [name for _, name in marks],
        "found": found, "replicas": replicas, "puts": len(simulation.stored),
        "stored_at": sum(simulation.stored) / len(simulation.stored),
        "messages_a_put": sum(simulation.put_messages) / len(simulation.put_messages),
        "seconds": time.perf_counter() - begun,
    }  # fmt: skip
    if asked.json:
        print(json.dumps(figures))
    else:
        print_table(figures)
    return figures


def print_table(figures):
    """The figures for people."""
    print(f"{figures['nodes']} nodes, half of them replaced each day; {figures['records_of_each']} records of each kind: share found after")
    print(f"{'a record,':78}" + "".join(f"{name:>8}" for name in figures["checkpoints"]) + "   at so many nodes")
    for scheme, sentence in SCHEMES:
        shares = "".join(f"{share:8.0%}" for share in figures["found"][scheme])
        print(f"{sentence:78}{shares}   " + " ".join(f"{count:.1f}" for count in figures["replicas"][scheme]))
    print(
        f"{figures['puts']} puts, each stored at {figures['stored_at']:.1f} nodes with {figures['messages_a_put']:.0f} messages; "
        f"{figures['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
