"""One key of a large database changes, and a friend's node has the new version: how long from the backup, how many bytes.

Two nodes on this computer, each with its store on the disk, in a Pi Zero's limits; the channel between them is open. The least that could
be sent are the blocks that are new, and the manifest.
"""

import json
import statistics
import tempfile
import time

import trio

from leither_edge.mimei import info
from leither_edge.mimei.ipld.walk import walk
from tests.flow.flowing import flowing

KEYS, CHANGES = 100_000, 20
# Keys of one command.
PART = 500
FIRST_S = 600


def measure(keys=KEYS, changes=CHANGES, folder=None):
    """{"keys", "changes": [{"seconds", "sent", "least"}], "first_seconds", "first_bytes"}. Args: folder (on the disk that is meant)."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="flow-") as place:
        return trio.run(_measure, place, keys, changes)


def keys_of(found):
    """new_version_seconds: from the call of backup until the follower's last is the new version, durable there. Bytes both ways."""
    rows = found["changes"]
    sent, least = (statistics.median(row[name] for row in rows) for name in ("sent", "least"))
    return {
        "new_version_seconds": round(statistics.median(row["seconds"] for row in rows), 3),
        "new_version_worst_seconds": round(max(row["seconds"] for row in rows), 3),
        "new_version_bytes": int(sent), "new_version_least_bytes": int(least), "new_version_times_least": round(sent / least, 2),
    }  # fmt: skip


def lines(found):
    """What people read."""
    got = keys_of(found)
    return [
        f"One key of {found['keys']:,} changed, {len(found['changes'])} times: a follower has the version "
        f"{got['new_version_seconds']:.3f} s after the backup was begun (worst {got['new_version_worst_seconds']:.3f} s).",
        f"{got['new_version_bytes']:,} bytes both ways, where new blocks and manifest are {got['new_version_least_bytes']:,} "
        f"(times {got['new_version_times_least']}).",
        f"The whole database came first: {found['first_bytes']:,} bytes in {found['first_seconds']:.1f} s.",
    ]


async def _measure(place, keys, changes):
    async with flowing(place, "author", "reader") as (author, reader):
        mid = await author.in_thread(_filled, author, keys)
        start, before = time.perf_counter(), _passed(author)
        share = await author.flow.share(author.session, mid, reader.public_key)
        assert share.state == "accepted"
        with trio.fail_after(FIRST_S):
            while reader.last(mid) is None:
                await trio.sleep(0.05)
        first = {"first_seconds": time.perf_counter() - start, "first_bytes": _passed(author) - before}
        rows = []
        for number in range(changes):
            # What the last one left to do is over, and nothing is under way.
            await trio.sleep(0.3)
            old = await author.in_thread(_root, author, mid)
            await author.in_thread(_set, author, mid, b"key %06d" % (number * 4999 % keys), b"changed %d" % number)
            before = _passed(author)
            arrived = trio.Event()
            token = trio.lowlevel.current_trio_token()
            moment = []

            def heard(found, number, moment=moment, arrived=arrived, token=token):
                moment.append(time.perf_counter())
                token.run_sync_soon(arrived.set)

            reader.library.listeners.append(heard)
            start = time.perf_counter()
            version = await author.in_thread(author.library.backup, author.session, mid)
            with trio.fail_after(60):
                await arrived.wait()
            reader.library.listeners.remove(heard)
            await trio.sleep(0.1)
            least = await author.in_thread(_least, author, old, version)
            rows.append({"seconds": moment[0] - start, "sent": _passed(author) - before, "least": least})
            assert reader.last(mid) == version.number
        value = await reader.in_thread(_get, reader, mid, b"key %06d" % ((changes - 1) * 4999 % keys))
        assert value == b"changed %d" % (changes - 1), value
    return {"keys": keys, "changes": rows, **first}


def _filled(node, keys):
    mid = node.library.create(node.session, data_type=info.DATABASE)
    opened = node.library.open(node.session, mid)
    for start in range(0, keys, PART):
        words = [b"MSET"]
        for number in range(start, min(keys, start + PART)):
            words += [b"key %06d" % number, b"value of some length, as values are %06d" % number]
        opened.database.execute(words)
    opened.close()
    node.library.backup(node.session, mid)
    return mid


def _set(node, mid, key, value):
    opened = node.library.open(node.session, mid)
    opened.database.execute([b"SET", key, value])
    opened.close()


def _get(node, mid, key):
    opened = node.library.open(node.session, mid)
    try:
        return opened.database.execute([b"GET", key])
    finally:
        opened.close()


def _root(node, mid):
    return node.library.versions(node.session, mid)[-1].root


def _least(node, old, version):
    seen = set()
    for _ in walk(node.library.blocks, [old], seen):
        pass
    new = sum(len(data) for _, data in walk(node.library.blocks, [version.root], seen))
    return new + len(node.library.blocks.get(version.manifest))


def _passed(node):
    """Bytes sent and received over all channels of a node, encryption included."""
    return sum(each["sent"] + each["received"] for each in node.peers.stat()["channels"])


if __name__ == "__main__":
    result = measure()
    print("\n".join(lines(result)))
    print(json.dumps(keys_of(result)))
