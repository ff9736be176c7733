"""The DHT, asked by a node that lives as long as one command: it never answers others, and shows what it is waiting for."""

import functools

from leither_edge.cli.dht_network import add_network_options, chosen, described, met, remember_met
from leither_edge.cli.failure import Failure, RefusedError, UnreachableError
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting

__all__ = ["add_network_options", "asked", "report_facts", "with_dht"]

# Twice what an entrance is given to answer, and the pause between; of a short time-out, some is left to say what happened.
JOIN_S, JOIN_SHARE, TOTAL_S = 8, 0.75, 60
LOOK_S = 0.2
# Nodes of a LAN that hear our shout greet within a second.
LAN_S = 4
# Each one that has gone since may cost the time an entrance is given to answer.
MET_ASKED = 8
# A question as it is shown while it runs.
DOING = {
    "get_immutable": "Looking", "get_mutable": "Looking", "peers": "Looking for peers", "lookup": "Walking to the closest nodes",
    "put_immutable": "Storing", "put_mutable": "Storing", "announce": "Announcing",
}  # fmt: skip
# What a node of a tool may keep in memory: no device's profile applies here.
CONTACTS_MAX = 512
UNREACHED = {
    "no-contacts": "No node was reached.", "time-out": "No answer came in time.", "silent": "No node stored it.",
    "not-stored": "No node stored it.",
}  # fmt: skip
NEWER = "Somebody stored a newer one: see it with leither dht get, then try again."
REFUSAL_FIXES = {"refused-301": NEWER, "refused-302": NEWER}
FIXES = {
    "no-contacts": "Is a node running there, and may this computer send to it (UDP)? Name another one: --bootstrap HOST:PORT",
    "too-big": "An item holds at most 1,000 bytes: put the rest elsewhere and store a pointer.",
}


class Shown:
    """A node whose questions tell on the terminal how far they are, and note which nodes answered.

    It has whatever the node has; a caller's own ``progress`` goes first.
    """

    def __init__(self, dht, say):
        self._dht, self._say, self.met = dht, say, {}

    def __getattr__(self, name):
        value = getattr(self._dht, name)
        return functools.partial(self._ask, value, DOING[name]) if name in DOING else value

    async def _ask(self, question, doing, *args, **kwargs):
        def progress(asked, answered, stored):
            kept = f", {stored} stored it" if stored else ""
            self._say(f"{doing}: {asked} {'node' if asked == 1 else 'nodes'} asked, {answered} answered{kept}")

        from leither_edge.dht import DhtError

        kwargs.setdefault("progress", progress)
        try:
            done = await question(*args, **kwargs)
        except DhtError as error:
            self._note(error.report)
            raise
        self._note(getattr(done, "report", done))
        return done

    def _note(self, report):
        for row in getattr(report, "rows", None) or ():
            if row.outcome in ("answered", "stored", "refused"):
                self.met[row.host, row.port] = None


def with_dht(home, out, args, work, *, network=None, must_join=True):
    """Join the network, run ``await work(dht)``, leave; returns what it returned.

    Args:
        home: Home.
        out: Output; progress is shown there.
        args: of a command with add_network_options() and a time-out.
        work: async function of the node (see Shown).
        network: a Network, instead of what args and home say.
        must_join: False lets work run though no node answered.

    Raises:
        Failure: in plain words, whatever went wrong in the network.
    """
    import trio

    from leither_edge.dht import DhtError

    network = network or chosen(home, args)
    total = getattr(args, "timeout", None) or TOTAL_S
    with waiting(out, "Joining") as say:
        try:
            try:
                return trio.run(live, home, network, total, say, work, must_join)
            except BaseExceptionGroup as group:
                raise alone(group) from None
        except trio.TooSlowError:
            raise UnreachableError(
                f"Not done in {total:g} seconds.", f"Nodes of {described(network)} answer too slowly, or not at all.",
                "Wait longer: --timeout SECONDS", code="time-out",
            ) from None  # fmt: skip
        except DhtError as error:
            raise failure(error, network) from None
        except OSError as error:
            reason = f"{error.strerror or error}."
            raise Failure("This computer's network could not be used.", reason, "Is it connected?", code="network") from None


def alone(group):
    """What a group of exceptions was made around: Ctrl-C, or what failed first."""
    stop = group.subgroup(KeyboardInterrupt)
    error = stop or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def live(home, network, total, say, work, must_join):
    """As with_dht, inside trio: join, ``await work(dht)``, leave; its result. total: seconds. Raises TooSlowError, DhtError, OSError."""
    import trio

    from leither_edge.crypto.sodium import random_bytes
    from leither_edge.dht import open_dht
    from leither_edge.observe.counters import Counters
    from leither_edge.observe.log import Log

    settings, result, problem = _settings(network, met(home, network)), None, None
    with trio.fail_after(total):
        async with open_dht(settings, counters=Counters(), log=Log(lambda line: None), random_bytes=random_bytes) as dht:
            shown = Shown(dht, say)
            # Raised inside, it would come out wrapped in a group of exceptions.
            try:
                await _join(dht, min(JOIN_S, JOIN_SHARE * total), say, network, must_join)
                result = await work(shown)
            except Exception as error:
                problem = error
    if shown.met:
        remember_met(home, network, list(shown.met))
    if problem is not None:
        raise problem
    return result


async def _join(dht, timeout_s, say, network, must_join):
    """Enter the network, telling how many nodes are known so far."""
    import trio

    from leither_edge.dht import DhtError

    async def tell():
        while True:
            known = dht.stat()["contacts"]
            say(f"Joining: {known} {'node' if known == 1 else 'nodes'} known" if known else "Joining")
            await trio.sleep(LOOK_S)

    problem = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        try:
            await dht.joined(timeout_s)
            if network.lan:
                with trio.move_on_after(min(LAN_S, timeout_s)):
                    while not dht.stat()["contacts"]:
                        await trio.sleep(LOOK_S)
        except DhtError as error:
            problem = error
        nursery.cancel_scope.cancel()
    if must_join and (problem is not None or not dht.stat()["contacts"]):
        raise problem or DhtError("no-contacts", f"No node of {described(network)} answered within {timeout_s:g} seconds.")


def _settings(network, met_before):
    from leither_edge.dht import Settings
    from leither_edge.dht.settings import LAN, MAINLINE

    # Whoever answered the last time spares the doors, and stands in for those that are closed today.
    doors = [*network.bootstrap, *met_before[:MET_ASKED], *(MAINLINE if network.mainline else ())]
    return Settings(
        network=network.id, bootstrap=dict.fromkeys(doors), read_only=True, hosts=hosts(), contacts_max=CONTACTS_MAX,
        discovery=network.lan, local_only=network.id == LAN,
    )  # fmt: skip


def hosts():
    """Addresses to listen on: one of each family that this computer has."""
    import socket

    found = ["0.0.0.0"]
    if socket.has_ipv6:
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.bind(("::", 0))
            found.append("::")
        except OSError:
            pass
    return found


def failure(error, network):
    """The Failure for what the DHT raised."""
    sentence = clean(error, 600)
    report = error.report
    details = {"network": network.id.hex() if network.id else None, **(report_facts(report) if report else {})}
    fix = FIXES.get(error.code, "")
    if error.code.startswith("refused-") and report is not None:
        return RefusedError("No node took it.", refusals(report), REFUSAL_FIXES.get(error.code, ""), code=error.code, details=details)
    if error.code in UNREACHED:
        return UnreachableError(UNREACHED[error.code], sentence, fix, code=error.code, details=details)
    return Failure("The network could not do that.", sentence, fix, code=error.code, details=details)


def refusals(report):
    """Why nodes refused, one reason a line, the most frequent first."""
    seen = {}
    for row in report.rows:
        if row.outcome == "refused":
            reason = f"{row.code} {clean(row.text or '', 100)}".strip()
            seen[reason] = seen.get(reason, 0) + 1
    ordered = sorted(seen.items(), key=lambda item: -item[1])
    return "\n".join(f"{count} {'node says' if count == 1 else 'nodes say'}: {reason}" for reason, count in ordered)


def asked(report):
    """What it took, in one sentence."""
    plural = "" if report.asked == 1 else "s"
    parts = [f"{report.asked} node{plural} asked, {report.answered} answered"]
    parts += [f"{report.stored} stored it"] if report.stored else []
    parts += [f"{report.refused} refused"] if report.refused else []
    parts += [f"{report.silent} silent"] if report.silent else []
    hops = f"{report.hops} {'hop' if report.hops == 1 else 'hops'}"
    return f"{', '.join(parts)}; {hops}, {report.messages} messages, {report.bytes:,} bytes, {report.seconds:.1f} s"


def report_facts(report):
    """A Report for JSON."""
    facts = {name: getattr(report, name) for name in ("asked", "answered", "stored", "refused", "silent", "hops", "messages", "bytes")}
    nodes = [
        {
            "host": row.host, "port": row.port, "id": row.node_id.hex() if row.node_id else None, "outcome": row.outcome,
            "code": row.code, "text": clean(row.text, 200) if row.text else None, "ms": None if row.ms is None else round(row.ms, 1),
        }
        for row in report.rows
    ]  # fmt: skip
    return {**facts, "seconds": round(report.seconds, 3), "nodes": nodes}
