"""The other side of the DHT's interop tests and bench: libtorrent sessions, in an environment that holds nothing of this project.

Reads one JSON object a line from standard input, writes one a line for each. Bytes are hex, a session is named by the number
``open`` gave it. Every wait ends by itself after ``seconds``; ``{"late": true}`` says that it did.
"""

import hashlib
import json
import sys
import time

import libtorrent as lt

# Standing between sessions on this machine and the network outside; whatever restricts addresses or rates stays as it ships.
SETTINGS = {
    "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification
    | lt.alert.category_t.error_notification | lt.alert.category_t.status_notification | lt.alert.category_t.stats_notification,
    "enable_lsd": False, "enable_natpmp": False, "enable_upnp": False, "dht_bootstrap_nodes": "", "aio_threads": 1, "hashing_threads": 1,
}  # fmt: skip
PAUSE_MS = 100
sessions = {}


def wait_for(session, kind, fits, seconds):
    """Alerts of one kind until ``fits`` holds for one of them: (that one or None, all of them)."""
    end, seen = time.monotonic() + seconds, []
    while time.monotonic() < end:
        session.wait_for_alert(PAUSE_MS)
        for alert in session.pop_alerts():
            if isinstance(alert, kind):
                seen.append(alert)
                if fits(alert):
                    return alert, seen
    return None, seen


def open_session(hosts, settings=None):
    """Start a session that listens on every host with a port of its own choosing."""
    interfaces = ",".join(f"[{host}]:0" if ":" in host else f"{host}:0" for host in hosts)
    session = lt.session({**SETTINGS, "listen_interfaces": interfaces, **(settings or {})})
    number, bound, end = len(sessions), {}, time.monotonic() + 10
    while len(bound) < len(hosts) and time.monotonic() < end:
        session.wait_for_alert(PAUSE_MS)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.listen_failed_alert):
                return {"error": alert.message()}
            if isinstance(alert, lt.listen_succeeded_alert) and alert.socket_type == lt.socket_type_t.utp:
                bound[alert.address] = alert.port
    sessions[number] = session
    return {"session": number, "addresses": sorted(bound.items()), "late": len(bound) < len(hosts)}


def add_node(session, host, port):
    sessions[session].add_dht_node((host, port))
    return {}


def count(session, name):
    """One of libtorrent's own counters."""
    return counters(session, [name])["counters"].get(name, 0)


def counters(session, names):
    """libtorrent's own counters by name."""
    sessions[session].post_session_stats()
    found, _ = wait_for(sessions[session], lt.session_stats_alert, lambda alert: True, 5)
    return {"late": found is None, "counters": {name: found.values[name] for name in names} if found else {}}


def wait_nodes(session, least, seconds):
    """Wait until the routing table has so many nodes."""
    end, nodes = time.monotonic() + seconds, 0
    while nodes < least and time.monotonic() < end:
        nodes = count(session, "dht.dht_nodes")
        time.sleep(0.05)
    return {"nodes": nodes, "late": nodes < least}


def put_immutable(session, value, seconds):
    """Put a byte string; answers as soon as libtorrent says where it is."""
    target = sessions[session].dht_put_immutable_item(bytes.fromhex(value))
    wanted = target.to_bytes()
    found, _ = wait_for(sessions[session], lt.dht_put_alert, lambda alert: alert.target.to_bytes() == wanted, seconds)
    return {"target": wanted.hex(), "stored": found.num_success if found else 0, "late": found is None}


def get_immutable(session, target, seconds):
    wanted = bytes.fromhex(target)
    sessions[session].dht_get_immutable_item(lt.sha1_hash(wanted))
    found, _ = wait_for(sessions[session], lt.dht_immutable_item_alert, lambda alert: alert.target.to_bytes() == wanted, seconds)
    # What was not found comes as an empty string.
    return {"value": plain(found.item) if found and found.item != b"" else None, "late": found is None}


def put_mutable(session, seed, key, value, salt, seconds):
    """Put a byte string with one more than the highest sequence number that libtorrent finds."""
    expanded = bytearray(hashlib.sha512(bytes.fromhex(seed)).digest())
    expanded[0] &= 248
    expanded[31] = expanded[31] & 63 | 64
    wanted, salted = bytes.fromhex(key), bytes.fromhex(salt)
    sessions[session].dht_put_mutable_item(bytes(expanded), wanted, bytes.fromhex(value), salted)
    found, _ = wait_for(
        sessions[session], lt.dht_put_alert, lambda alert: bytes(alert.public_key) == wanted and bytes(alert.salt) == salted, seconds
    )
    return {"stored": found.num_success if found else 0, "seq": found.seq if found else None, "late": found is None}


def get_mutable(session, key, salt, seconds):
    """The item that libtorrent calls authoritative: the newest of a whole lookup."""
    wanted, salted = bytes.fromhex(key), bytes.fromhex(salt)
    sessions[session].dht_get_mutable_item(wanted, salted)
    found, seen = wait_for(
        sessions[session], lt.dht_mutable_item_alert,
        lambda alert: alert.authoritative and bytes(alert.key) == wanted and bytes(alert.salt) == salted, seconds,
    )  # fmt: skip
    if found is None:
        return {"late": True, "value": None, "seen": len(seen)}
    return {"late": False, "value": plain(found.item), "seq": found.seq, "signature": bytes(found.signature).hex()}


def announce(session, info_hash, port, seconds):
    """Announce, and wait until a node was told; which one libtorrent does not say, and an answer without peers it does not tell at all."""
    end, before = time.monotonic() + seconds, count(session, "dht.dht_announce_peer_out")
    sessions[session].dht_announce(lt.sha1_hash(bytes.fromhex(info_hash)), port, 0)
    while time.monotonic() < end:
        if count(session, "dht.dht_announce_peer_out") > before:
            return {"late": False}
        time.sleep(0.05)
    return {"late": True}


def get_peers(session, info_hash, seconds, least=1):
    """Peers, as soon as there are so many."""
    wanted, peers = bytes.fromhex(info_hash), set()

    def enough(alert):
        if alert.info_hash.to_bytes() == wanted:
            peers.update(tuple(peer) for peer in alert.peers())
        return len(peers) >= least

    sessions[session].dht_get_peers(lt.sha1_hash(wanted))
    found, _ = wait_for(sessions[session], lt.dht_get_peers_reply_alert, enough, seconds)
    return {"peers": sorted(peers), "late": found is None}


def sample(session, host, port, target, seconds):
    """Ask one node for info hashes it keeps (BEP 51)."""
    sessions[session].dht_sample_infohashes((host, port), lt.sha1_hash(bytes.fromhex(target)))
    found, _ = wait_for(sessions[session], lt.dht_sample_infohashes_alert, lambda alert: True, seconds)
    if found is None:
        return {"late": True}
    return {"late": False, "samples": [one.to_bytes().hex() for one in found.samples], "total": found.num_infohashes}


def close_session(session):
    sessions.pop(session).pause()
    return {}


def plain(item):
    """A value in JSON: bytes as hex, whatever holds them kept."""
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, dict):
        return {key.hex() if isinstance(key, bytes) else key: plain(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [plain(value) for value in item]
    return item


TASKS = {
    task.__name__: task
    for task in (
        open_session, add_node, counters, wait_nodes, put_immutable, get_immutable, put_mutable, get_mutable, announce, get_peers, sample,
        close_session,
    )
}  # fmt: skip

if __name__ == "__main__":
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(TASKS[task.pop("do")](**task)), flush=True)
