"""Commands about the server: which commands there are, settings, figures, the time."""

from leither_edge.mimei.database.commands import COMMANDS as DATABASE_COMMANDS
from leither_edge.mimei.database.glob import matches
from leither_edge.mimei.database.replies import OK, ErrorReply, Members, Status

from .answers import Text
from .client_commands import REDIS_VERSION, unknown_subcommand
from .connection import Later, has_arity
from .refusals import NOT_SIGNED_IN

CATEGORIES = (b"read", b"write", b"fast", b"slow", b"connection", b"transaction", b"blocking", b"keyspace", b"dangerous")
_CONNECTION = {b"ping", b"echo", b"quit", b"reset", b"auth", b"hello", b"client", b"select", b"command"}
_TRANSACTION = {b"multi", b"exec", b"discard", b"watch", b"unwatch"}
# Where the number of keys stands, of commands whose keys have no fixed places.
_KEY_COUNT_AT = {
    b"zunion": 1, b"zinter": 1, b"zdiff": 1, b"zintercard": 1, b"sintercard": 1, b"lmpop": 1, b"zmpop": 1, b"blmpop": 2, b"bzmpop": 2,
    b"zunionstore": 2, b"zinterstore": 2, b"zdiffstore": 2,
}  # fmt: skip
_HEAD_BYTES = 64
# What redis-server has and a content store has not; the reason.
_REASONS = {
    "a database keeps data and passes no messages on":
        "subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe publish spublish pubsub",
    "no scripts run here": "eval evalsha eval_ro evalsha_ro script fcall fcall_ro function",
    "this is no part of a database": "debug monitor module shutdown failover cluster",
    "nodes copy versions, not commands: leither mimei --help": "replicaof slaveof psync sync",
}  # fmt: skip
REFUSED = {name.encode(): reason.encode() for reason, names in _REASONS.items() for name in names.split()}


def refuse(client, words):
    """Say plainly that a command of redis-server is not served."""
    name = words[0].lower()
    return ErrorReply(b"ERR '%b' is not served: %b" % (name, REFUSED[name]))


def command(client, words):
    """COMMAND and its subcommands."""
    known = _known(client)
    if len(words) == 1:
        return [_info(each) for each in known.values()]
    name, rest = words[1].lower(), words[2:]
    if name == b"count" and not rest:
        return len(known)
    if name == b"list" and not rest:
        return list(known)
    if name == b"info":
        found = [known.get(each.lower()) for each in rest] if rest else known.values()
        return [each and _info(each) for each in found]
    if name == b"docs":
        return {each: {b"arity": known[each].arity} for each in (rest or known) if each in known}
    if name == b"getkeys" and rest:
        return _keys(known.get(rest[0].lower()), rest)
    return unknown_subcommand(b"COMMAND", words[1])


def in_category(client, category):
    """The names of the commands in a category of CATEGORIES."""
    return [name for name, each in _known(client).items() if category in _categories(each)]


def _known(client):
    return {**DATABASE_COMMANDS, **{name: each for name, each in client.shared.commands.items() if name not in REFUSED}}


def _info(each):
    flags = [Status(flag.encode()) for flag in each.flags if flag not in ("no_queue", "no_multi")]
    categories = [Status(b"@" + category) for category in _categories(each)]
    return [each.name, each.arity, Members(flags), each.first, each.last, each.step, Members(categories), [], [], []]


def _categories(each):
    flags, name = each.flags, each.name
    found = [b"read"] * ("readonly" in flags) + [b"write"] * ("write" in flags)
    found.append(b"fast" if "fast" in flags else b"slow")
    found += [b"connection"] * (name in _CONNECTION) + [b"transaction"] * (name in _TRANSACTION) + [b"blocking"] * ("blocking" in flags)
    return found + [b"keyspace"] * (each.first > 0) + [b"dangerous"] * (name in (b"keys", b"flushdb", b"flushall", b"sort"))


def _keys(each, words):
    if each is None:
        return ErrorReply(b"ERR Invalid command specified")
    if not has_arity(each, words):
        return ErrorReply(b"ERR Invalid number of arguments specified for command")
    count_at = _KEY_COUNT_AT.get(each.name)
    if count_at is not None:
        count = int(words[count_at]) if words[count_at].isdigit() else 0
        keys = words[1:2] * (each.name.endswith(b"store")) + words[count_at + 1 : count_at + 1 + count]
    else:
        last = each.last + len(words) if each.last < 0 else each.last
        keys = words[each.first : last + 1 : each.step] if each.first else []
    return keys or ErrorReply(b"ERR The command has no key arguments")


def config(client, words):
    """CONFIG GET of what a client asks for; CONFIG SET appendfsync everysec|always, for all connections of this user."""
    name = words[1].lower()
    if name == b"get" and len(words) > 2:
        settings = _settings(client)
        wanted = [pattern.lower() for pattern in words[2:]]
        return {key: value for key, value in settings.items() if any(matches(pattern, key) for pattern in wanted)}
    if name == b"set" and len(words) > 3 and len(words) % 2 == 0:
        if client.session.user_id is None:
            return NOT_SIGNED_IN
        for key, value in zip(words[2::2], words[3::2], strict=True):
            if key.lower() != b"appendfsync":
                return ErrorReply(b"ERR Unknown option or number of arguments for CONFIG SET - '%b'" % key[:_HEAD_BYTES])
            if value.lower() not in (b"everysec", b"always"):
                return ErrorReply(b"ERR CONFIG SET failed (possibly related to argument 'appendfsync') - everysec or always")
            client.shared.set_always(client.session.user_id, value.lower() == b"always")
        return OK
    if name in (b"resetstat", b"rewrite"):
        return ErrorReply(b"ERR settings belong to the node's profile: leither profile --help")
    return unknown_subcommand(b"CONFIG", words[1])


def _settings(client):
    shared = client.shared
    return {
        b"appendfsync": b"always" if shared.is_always(client.session) else b"everysec", b"appendonly": b"yes", b"save": b"",
        b"databases": b"%d" % shared.places.databases, b"maxclients": b"%d" % shared.limits.connections_max, b"maxmemory": b"0",
        b"maxmemory-policy": b"noeviction", b"proto-max-bulk-len": b"%d" % shared.limits.command_max_bytes, b"timeout": b"0",
    }  # fmt: skip


def info(client, words):
    """INFO [section ...]"""
    wanted = {word.lower() for word in words[1:]}
    lines = []
    for section, figures in _figures(client).items():
        if not wanted or section.lower() in wanted or wanted & {b"all", b"default", b"everything"}:
            lines.append(b"# " + section)
            lines += [b"%b:%b" % (name, value if type(value) is bytes else b"%d" % value) for name, value in figures.items()]
            lines.append(b"")
    return Text(b"".join(line + b"\r\n" for line in lines))


def _figures(client):
    shared, place = client.shared, client.place
    up_s = (shared.now_ms() - shared.began) // 1000
    figures = {
        b"Server": {b"redis_version": REDIS_VERSION, b"redis_mode": b"standalone", b"server_name": b"leither", b"uptime_in_seconds": up_s},
        b"Clients": {b"connected_clients": len(shared.clients), b"maxclients": shared.limits.connections_max},
        b"Persistence": {b"loading": 0, b"aof_enabled": 1},
        b"Stats": {
            b"total_connections_received": shared.connections, b"total_commands_processed": shared.executed,
            b"rejected_connections": shared.rejected,
        },
        b"Replication": {b"role": b"master", b"connected_slaves": 0},
        b"Keyspace": {},
    }  # fmt: skip
    count = client.ask(DATABASE_COMMANDS[b"dbsize"], [b"DBSIZE"]) if place is not None else 0
    if type(count) is int and count:
        name = b"db" + client.selector if client.selector.isdigit() else client.selector
        figures[b"Keyspace"][name] = b"keys=%d,expires=0,avg_ttl=0" % count
    return figures


def time(client, words):
    now_us = client.shared.now_us()
    return [b"%d" % (now_us // 1_000_000), b"%d" % (now_us % 1_000_000)]


def wait(client, words):
    """WAIT: no replicas, but all that was written is durable when the answer comes."""
    if client.in_exec:
        return 0
    return Later(client.shared.held.flush_now, lambda _: 0)


def slowlog(client, words):
    name = words[1].lower()
    if name == b"get":
        return []
    return 0 if name == b"len" else OK if name == b"reset" else unknown_subcommand(b"SLOWLOG", words[1])


def memory(client, words):
    """MEMORY USAGE key: an estimate from how much the key holds."""
    if words[1].lower() != b"usage" or len(words) not in (3, 5):
        return unknown_subcommand(b"MEMORY", words[1])
    place, key = client.place, words[2]
    if place is None:
        return Later(client.open_place, lambda place: client.take(place) or memory(client, words))
    place.check(False)
    kind = place.execute([b"TYPE", key]).text
    if kind == b"none":
        return None
    if kind == b"string":
        return 64 + len(key) + place.execute([b"STRLEN", key])
    count = place.execute([{b"hash": b"HLEN", b"list": b"LLEN", b"set": b"SCARD", b"zset": b"ZCARD"}[kind], key])
    return 64 + (96 + len(key)) * (count + 1)


# name, arity, flags, first key, last key, step, function
COMMANDS = (
    ("command", -1, "loading stale", 0, 0, 0, command),
    ("config", -2, "admin noscript loading stale", 0, 0, 0, config),
    ("info", -1, "loading stale", 0, 0, 0, info),
    ("time", 1, "loading stale fast", 0, 0, 0, time),
    ("wait", 3, "noscript", 0, 0, 0, wait),
    ("slowlog", -2, "admin loading stale", 0, 0, 0, slowlog),
    ("memory", -2, "readonly", 0, 0, 0, memory),
    *((name.decode(), -1, "noscript", 0, 0, 0, refuse) for name in REFUSED),
)
