"""Checks between values: each alone is in range, together they must make sense on the board."""

# What the kernel, init and the Wi-Fi daemons take beside our two processes.
SYSTEM_RESERVE_MIB = 40

# Handles for standard streams, LMDB, listeners, the supervisor's socket, one file being served or written.
OPEN_FILES_RESERVE = 32

# What lies before the first partition, and the tables of the four logical ones.
LOADER_MIB = 8
LOGICAL_TABLES_MIB = 4


def cross_check(profile, complain):
    """Call complain(section, name, sentence) for each pair of values that do not fit.

    profile: {section: {name: value}}. A pair of which one is missing or bad is left out: it has its own problem.
    """
    for check in _CHECKS:
        try:
            check(profile, complain)
        except KeyError:
            continue


def _memory(profile, complain):
    memory = profile["memory"]
    if memory["node_high_mib"] >= memory["node_max_mib"]:
        complain(
            "memory", "node_high_mib",
            f"memory.node_high_mib = {memory['node_high_mib']} must be below node_max_mib = {memory['node_max_mib']}, "
            f"so that the node is slowed before it is killed (allowed: up to {memory['node_max_mib'] - 1})",
        )  # fmt: skip


def _memory_fits_board(profile, complain):
    memory, ram = profile["memory"], profile["board"]["ram_mib"]
    # zram holds about twice its own size, so full it takes half of what it is sized for.
    taken = memory["node_max_mib"] + memory["supervisor_max_mib"] + memory["zram_mib"] // 2 + SYSTEM_RESERVE_MIB
    if taken > ram:
        complain(
            "memory", "node_max_mib",
            f"node_max_mib + supervisor_max_mib + half of zram_mib + {SYSTEM_RESERVE_MIB} for the system is {taken} MiB, "
            f"more than board.ram_mib (allowed: {ram} in all)",
        )  # fmt: skip


def _zram(profile, complain):
    zram, ram = profile["memory"]["zram_mib"], profile["board"]["ram_mib"]
    if zram > ram:
        complain("memory", "zram_mib", f"memory.zram_mib = {zram} is more than the board's memory (allowed: up to {ram})")


def _caches(profile, complain):
    cache, high = profile["cache"], profile["memory"]["node_high_mib"]
    total = (cache["static_kib"] + cache["block_kib"]) // 1024
    if total > high // 4:
        complain(
            "cache", "block_kib",
            f"the caches take {total} MiB, over a quarter of memory.node_high_mib (allowed: {high // 4} MiB in all)",
        )  # fmt: skip


def _http_memory(profile, complain):
    http, high = profile["http"], profile["memory"]["node_high_mib"]
    worst = http["connections_max"] * (http["header_max_bytes"] + http["body_max_bytes"]) >> 20
    if worst > high // 2:
        complain(
            "http", "connections_max",
            f"{http['connections_max']} connections with full headers and bodies take {worst} MiB, over half of "
            f"memory.node_high_mib (allowed: {high // 2} MiB in all)",
        )  # fmt: skip


def _connections_per_address(profile, complain):
    http = profile["http"]
    if http["connections_per_address_max"] > http["connections_max"]:
        complain(
            "http", "connections_per_address_max",
            f"http.connections_per_address_max is above connections_max (allowed: up to {http['connections_max']})",
        )  # fmt: skip


def _open_files(profile, complain):
    needed = profile["http"]["connections_max"] + profile["peers"]["connections_max"] + OPEN_FILES_RESERVE
    if profile["process"]["open_files_max"] < needed:
        complain(
            "process", "open_files_max",
            f"process.open_files_max is too low for http.connections_max + peers.connections_max + {OPEN_FILES_RESERVE} "
            f"(allowed: {needed} or more)",
        )  # fmt: skip


def _command_fits_body(profile, complain):
    command, body = profile["commands"]["command_max_bytes"], profile["http"]["body_max_bytes"]
    if command > body:
        complain(
            "commands", "command_max_bytes",
            f"commands.command_max_bytes is above http.body_max_bytes, so it could not arrive (allowed: up to {body})",
        )  # fmt: skip


def _state_fits_partition(profile, complain):
    state_map, partition = profile["storage"]["state_map_mib"], profile["partition"]["state_mib"]
    if state_map * 4 > partition * 3:
        complain(
            "storage", "state_map_mib",
            f"storage.state_map_mib = {state_map} leaves too little of partition.state_mib = {partition} "
            f"(allowed: up to {partition * 3 // 4})",
        )  # fmt: skip


def _commands_fit_state(profile, complain):
    commands, state_map = profile["commands"], profile["storage"]["state_map_mib"]
    # An audit entry is about 300 bytes with its row; a sequence about 100.
    full = commands["answers_kept"] * commands["answer_max_bytes"]
    full += commands["audit_entries_max"] * 300 + commands["issuers_max"] * 100
    if full > state_map * (1 << 20) // 2:
        complain(
            "commands", "answers_kept",
            f"kept answers, audit entries and issuers take {full >> 20} MiB when full, over half of "
            f"storage.state_map_mib (allowed: {state_map / 2:g} MiB in all)",
        )  # fmt: skip


def _upload_fits_quota(profile, complain):
    upload, quota = profile["http"]["upload_max_mib"], profile["storage"]["data_quota_mib"]
    if upload > quota:
        complain(
            "http", "upload_max_mib",
            f"http.upload_max_mib = {upload} is above storage.data_quota_mib (allowed: up to {quota})",
        )  # fmt: skip


def _log(profile, complain):
    log = profile["log"]
    if log["line_max_bytes"] > log["crash_kib"] * 1024:
        complain(
            "log", "line_max_bytes",
            f"log.line_max_bytes does not fit log.crash_kib (allowed: up to {log['crash_kib'] * 1024})",
        )  # fmt: skip
    if log["crash_kib"] > log["ring_kib"]:
        complain("log", "crash_kib", f"log.crash_kib is above log.ring_kib (allowed: up to {log['ring_kib']})")


def _heartbeat(profile, complain):
    supervisor = profile["supervisor"]
    if supervisor["heartbeat_timeout_s"] <= supervisor["heartbeat_interval_s"]:
        complain(
            "supervisor", "heartbeat_timeout_s",
            f"supervisor.heartbeat_timeout_s must be above heartbeat_interval_s "
            f"(allowed: more than {supervisor['heartbeat_interval_s']})",
        )  # fmt: skip


def _backoff(profile, complain):
    supervisor = profile["supervisor"]
    if supervisor["backoff_max_s"] < supervisor["backoff_min_s"]:
        complain(
            "supervisor", "backoff_max_s",
            f"supervisor.backoff_max_s is below backoff_min_s (allowed: {supervisor['backoff_min_s']} or more)",
        )  # fmt: skip


def _partitions(profile, complain):
    partition = profile["partition"]
    # The partition table, U-Boot and its two environments, and a mebibyte before each of the four logical partitions.
    total = LOADER_MIB + partition["settings_mib"] + 2 * partition["boot_mib"]
    total += 2 * partition["slot_mib"] + partition["state_mib"] + partition["data_min_mib"] + LOGICAL_TABLES_MIB
    if total > partition["card_mib"]:
        complain(
            "partition", "card_mib",
            f"settings, boot and system of two slots, state, data and tables take {total} MiB, more than partition.card_mib "
            f"(allowed: {total} or more)",
        )  # fmt: skip


def _image_fits(profile, complain):
    image, partition = profile["image"], profile["partition"]
    for name, where in (("squashfs_max_kib", "slot_mib"), ("kernel_max_kib", "boot_mib")):
        room_kib = partition[where] * 1024
        if image[name] > room_kib:
            complain("image", name, f"image.{name} = {image[name]} does not fit partition.{where} (allowed: up to {room_kib})")


_CHECKS = (
    _memory, _memory_fits_board, _zram, _caches, _http_memory, _connections_per_address, _open_files, _command_fits_body,
    _state_fits_partition, _commands_fit_state, _upload_fits_quota, _log, _heartbeat, _backoff, _partitions, _image_fits,
)  # fmt: skip
