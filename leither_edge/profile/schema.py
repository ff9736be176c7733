"""Every limit of a hardware profile: where it stands, its type, range, unit and meaning.

This table is the only place in code that knows the keys. A key's unit is also the end of its name, so that a
profile can be read without this table.
"""

from collections import namedtuple

# kind: "integer" (low..high), "text" (low..high characters) or "choice" (one of `choices`).
Key = namedtuple("Key", "section name kind low high choices unit meaning")

UNITS = {
    "_mib": "MiB",
    "_kib": "KiB",
    "_bytes": "bytes",
    "_s": "seconds",
    "_kib_per_s": "KiB per second",
    "_mib_per_day": "MiB per day",
    "_per_s": "per second",
}


def unit_suffix(name):
    """Return the ending of a key's name that states its unit, "" for a plain count."""
    found = ""
    for suffix in UNITS:
        if name.endswith(suffix) and len(suffix) > len(found):
            found = suffix
    return found


def _integer(section, name, low, high, meaning, unit=None):
    if unit is None:
        unit = UNITS.get(unit_suffix(name), "")
    return Key(section, name, "integer", low, high, (), unit, meaning)


def _text(section, name, longest, meaning):
    return Key(section, name, "text", 1, longest, (), "", meaning)


def _choice(section, name, choices, meaning):
    return Key(section, name, "choice", 0, 0, choices, "", meaning)


KEYS = (
    _text("board", "name", 32, "short name of the board, as given to --profile"),
    _text("board", "description", 120, "one line for people"),
    _integer("board", "ram_mib", 64, 65536, "memory that Linux sees on the smallest board of this kind"),
    _integer("memory", "node_max_mib", 32, 65536, "hard limit of the node (cgroup memory.max)"),
    _integer("memory", "node_high_mib", 24, 65536, "above this the kernel slows and reclaims the node (cgroup memory.high)"),
    _integer("memory", "supervisor_max_mib", 8, 256, "hard limit of the supervisor"),
    _integer("memory", "zram_mib", 0, 8192, "size of the compressed swap in memory, uncompressed; 0 for none"),
    _integer("cpu", "node_weight", 1, 10000, "CPU share of the node against others at 100 (cgroup cpu.weight)", "weight"),
    _integer("process", "pids_max", 8, 4096, "threads and processes of the node", "threads"),
    _integer("process", "open_files_max", 64, 65536, "file handles of the node", "handles"),
    _integer("storage", "state_map_mib", 1, 1024, "LMDB map of the state: keys, sequences, answers, audit log, configuration"),
    _integer("storage", "data_map_mib", 4, 1048576, "LMDB map of the data: metadata and small blocks"),
    _integer("storage", "data_quota_mib", 16, 16777216, "bytes that stored blocks may take in all"),
    _integer("storage", "data_free_min_mib", 8, 65536, "no new block is stored when the partition has less than this free"),
    _integer("storage", "inline_block_max_bytes", 512, 65536, "a larger block becomes a file of its own"),
    _integer("storage", "flash_write_max_mib_per_day", 16, 1048576, "bytes written to flash a day; above it background writes wait"),
    _choice("storage", "commit_fsync", ("always",), "when an acknowledged write is flushed to the medium"),
    _integer("cache", "static_kib", 64, 65536, "small files of the portal kept in memory"),
    _integer("cache", "block_kib", 64, 1048576, "content blocks kept in memory"),
    _integer("http", "connections_max", 4, 4096, "open connections in all", "connections"),
    _integer("http", "connections_per_address_max", 2, 4096, "open connections of one address", "connections"),
    _integer("http", "header_max_bytes", 1024, 65536, "request line and headers together"),
    _integer("http", "body_max_bytes", 1024, 16777216, "request body held in memory"),
    _integer("http", "request_timeout_s", 1, 600, "time for a whole request to arrive"),
    _integer("http", "idle_timeout_s", 1, 600, "time a kept-alive connection may stay silent"),
    _integer("http", "upload_max_mib", 1, 1048576, "streamed upload, which never lies in memory as a whole"),
    _integer("commands", "command_max_bytes", 1024, 16384, "one signed command"),
    _integer("commands", "answer_max_bytes", 1024, 65536, "one signed answer"),
    _integer("commands", "answers_kept", 16, 65536, "recorded answers for repeated commands", "answers"),
    _integer("commands", "issuers_max", 4, 4096, "controllers whose sequence is remembered", "keys"),
    _integer("commands", "audit_entries_max", 64, 1048576, "audit entries kept on the device", "entries"),
    _integer("commands", "challenge_life_s", 10, 3600, "time to answer a challenge"),
    _integer("portal", "claim_window_s", 60, 86400, "time after power-on in which an unclaimed device opens its access point"),
    _integer("portal", "sessions_max", 1, 1024, "signed-in browsers", "sessions"),
    _integer("portal", "session_life_s", 60, 2592000, "life of a sign-in"),
    _integer("portal", "ap_return_s", 30, 86400, "time without network after which the access point opens again"),
    _integer("portal", "ap_retry_s", 30, 86400, "time between tries to join the network while the access point is open"),
    _integer("dht", "contacts_max", 20, 65536, "entries of the routing table", "contacts"),
    _integer("dht", "items_max", 16, 1048576, "items stored for others", "items"),
    _integer("dht", "items_max_kib", 16, 1048576, "bytes of items stored for others"),
    _integer("dht", "announced_max", 16, 1048576, "providers noted for others", "providers"),
    _integer("dht", "sequences_max", 16, 1048576, "signed items whose highest sequence number is remembered", "items"),
    _integer("dht", "requests_per_s", 1, 100000, "requests of others answered; more are dropped"),
    _integer("dht", "checks_per_s", 1, 100000, "signatures checked for items of others; more are dropped"),
    _integer("dht", "idle_kib_per_day", 64, 1048576, "traffic of looking for commands while none comes", "KiB a day"),
    _integer("names", "packets_max", 4, 65536, "keys whose records are remembered", "keys"),
    _integer("names", "requests_per_s", 1, 10000, "DNS queries of one address answered; more are dropped"),
    _integer("names", "connections_max", 1, 4096, "open connections to the DNS server", "connections"),
    _integer("ledger", "pool_transfers_max", 16, 65536, "transfers that wait for a pulse", "transfers"),
    _integer("ledger", "pool_max_kib", 64, 65536, "bytes of transfers that wait for a pulse; in memory they take seven times that"),
    _integer("ledger", "history_pulses", 3600, 1 << 31, "past pulses whose balances and proofs can be asked", "pulses"),
    _integer("mimei", "user_quota_mib", 1, 16777216, "bytes that what one user keeps may take"),
    _integer("mimei", "value_max_kib", 16, 524288, "one value of a database, and one command that writes it"),
    _integer("mimei", "uncommitted_max_kib", 64, 1048576, "database changes held in memory until their common flush, a second at most"),
    _integer("mimei", "transaction_max_s", 1, 3600, "longest time-out of a transaction"),
    _integer("mimei", "sessions_max", 4, 65536, "sign-ins and opened content at a time", "sessions"),
    _integer("mimei", "session_life_s", 60, 2592000, "life of a session that nobody uses"),
    _integer("mimei", "password_memory_kib", 8192, 1048576, "memory that each try of a password costs (Argon2id)"),
    _integer("mimei", "database_connections_max", 1, 4096, "open connections of database clients", "connections"),
    _integer("peers", "connections_max", 2, 4096, "open channels to peers", "connections"),
    _integer("peers", "half_open_max", 2, 4096, "handshakes on their way at a time", "handshakes"),
    _integer("peers", "streams_max", 4, 1024, "open streams of one channel", "streams"),
    _integer("peers", "window_kib", 64, 16384, "what may be on its way in one stream, and waits in memory"),
    _integer("peers", "bandwidth_up_kib_per_s", 8, 1048576, "upload to all peers outside of the own network together"),
    _integer("peers", "bandwidth_down_kib_per_s", 8, 1048576, "download from all peers outside of the own network together"),
    _integer("peers", "known_max", 16, 65536, "nodes in the address book", "nodes"),
    _integer("peers", "followed_max", 16, 65536, "MiMei of others that are followed", "MiMei"),
    _integer("peers", "held_mib", 0, 16777216, "what all peers' backups may take here"),
    _integer("peers", "tunnels_max", 0, 4096, "nodes that are reached through this one, where its owner offers that", "nodes"),
    _integer("peers", "tunnel_kib_per_s", 8, 1048576, "what all tunnels carry together, each way"),
    _integer("log", "ring_kib", 16, 16384, "log lines kept in memory"),
    _integer("log", "line_max_bytes", 128, 8192, "one log line; the rest is cut"),
    _integer("log", "crash_kib", 4, 1024, "last lines kept of a crashed node"),
    _integer("supervisor", "heartbeat_interval_s", 1, 600, "time between two heartbeats of the node"),
    _integer("supervisor", "heartbeat_timeout_s", 2, 3600, "silence after which the node is restarted"),
    _integer("supervisor", "backoff_min_s", 1, 600, "first wait before a restart; it doubles each time"),
    _integer("supervisor", "backoff_max_s", 1, 86400, "longest wait before a restart"),
    _integer("partition", "settings_mib", 8, 256, "first partition (FAT): the card's file, which slot starts, what the chip loads itself"),
    _integer("partition", "boot_mib", 8, 2048, "boot partition (FAT) of one slot: kernel, device trees, firmware"),
    _integer("partition", "slot_mib", 6, 8192, "one of the two system slots"),
    _integer("partition", "state_mib", 8, 8192, "STATE partition: identity, Wi-Fi, counters"),
    _integer("partition", "data_min_mib", 16, 16777216, "DATA partition before it grows to the card"),
    _integer("partition", "card_mib", 64, 16777216, "smallest card or flash the image fits on"),
    _integer("image", "squashfs_max_kib", 1024, 1048576, "budget of the root file system; a build that passes it fails"),
    _integer("image", "kernel_max_kib", 1024, 65536, "budget of the kernel"),
    _integer("image", "card_xz_max_kib", 1024, 1048576, "budget of the compressed card image"),
)

SECTIONS = tuple(dict.fromkeys(key.section for key in KEYS))
BY_NAME = {(key.section, key.name): key for key in KEYS}


def allowed(key):
    """Return what a value of this key may be, as words for an error message."""
    if key.kind == "integer":
        unit = " " + key.unit if key.unit else ""
        return f"a whole number from {key.low} to {key.high}{unit}"
    if key.kind == "text":
        return f"text of {key.low} to {key.high} characters in quotes"
    return "one of " + ", ".join(f'"{choice}"' for choice in key.choices)
