"""The verb ``status``: how the device is."""

import os

import trio

from appliance.commands import audit_log
from appliance.commands.board_calls import board_call, is_board_error
from appliance.commands.plain import plain
from leither_edge.core.ids import id_to_text

FACT_TIMEOUT_S = 2
YEAR_S = 365 * 86400
# What went wrong at the start: an answer must hold it beside everything else.
TROUBLES_MAX = 8
TROUBLE_MAX = 400
_BOARD_FACTS = ("wifi_status", "temperature", "info", "supervisor_status")


async def gather_status(call):
    """What the board knows, all asked at once; what it does not answer in time is None."""
    facts = {}

    async def ask(verb):
        try:
            facts[verb] = plain(await board_call(call.services.board, verb, timeout_s=FACT_TIMEOUT_S))
        except Exception as error:
            if not is_board_error(error):
                raise
            facts[verb] = None

    content = call.services.content
    async with trio.open_nursery() as nursery:
        for verb in _BOARD_FACTS:
            nursery.start_soon(ask, verb)
        facts["content"] = None if content is None else await content.figures()
    facts["uptime_s"] = int(call.services.uptime())
    return facts


def status(call, tx):
    """The result of ``status``. Times in seconds, sizes in the unit their names say."""
    services, facts = call.services, call.facts
    profile, clock = services.profile, int(services.clock())
    keyset = services.keysets.current(tx)
    supervisor = facts.get("supervisor_status") or {}
    board = facts.get("info") or {}
    return {
        "name": services.config.read(tx)["name"],
        "device_id": id_to_text(services.device_id),
        "board": board.get("board"),
        "profile": profile.board.name,
        "versions": services.versions,
        "uptime_s": facts["uptime_s"],
        "memory": {"rss_kib": rss_kib(), "max_kib": profile.memory.node_max_mib * 1024},
        "storage": _storage(services),
        "time": {
            "now": services.floor.now(clock),
            "clock": clock,
            "floor": services.floor.floor,
            "clock_plausible": plausible(clock, services.floor),
        },
        "wifi": facts.get("wifi_status"),
        "temperature_c": facts.get("temperature"),
        "keyset_version": keyset.version if keyset else 0,
        "audit": list(audit_log.head(tx)),
        "restarts": supervisor.get("restarts"),
        "limits": supervisor.get("limits"),
        "reach": _reach(services, services.config.read(tx)),
        # Of the store of content once it is open: {"used_kib", "max_kib", "free_kib", "blocks", "mimei", "versions", "redis_port" or None}.
        "content": facts["content"],
        # Of a board with two systems: {"running", "committed", "is_trial", "last_trial": {"slot", "outcome"} or None}.
        "slots": supervisor.get("slots"),
        "trouble": _troubles(supervisor.get("trouble")),
    }


def _troubles(said):
    """The sentences of what went wrong when the machine started."""
    said = said if isinstance(said, list) else []
    return [sentence[:TROUBLE_MAX] for sentence in said if isinstance(sentence, str)][:TROUBLES_MAX]


def _reach(services, config):
    """The network of nodes this device is in (see kept_dht), its channels to others (see kept_peers), and its configuration, by which a
    controller finds it from elsewhere.
    """
    facts = services.reach() if services.reach is not None else None
    return {**(facts or {}), "config": {name: config[name] for name in ("reach", "dht_network", "dht_bootstrap")}}


def _storage(services):
    state = services.store.stat()
    return {
        "state_used_kib": state["used_bytes"] // 1024,
        "state_max_kib": state["map_bytes"] // 1024,
        "data_quota_mib": services.profile.storage.data_quota_mib,
    }


def plausible(clock, floor):
    """Whether the clock may be right: not behind what has certainly passed, nor ten years ahead of it."""
    return floor.is_plausible(clock) and clock < floor.floor + 10 * YEAR_S


def rss_kib():
    """Resident memory of this process, KiB (proc(5), statm)."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)
