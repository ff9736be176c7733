"""Procedures on databases: the original system's names, each one command of the core that the Redis protocol speaks, too."""

from leither_edge.mimei.database.replies import ErrorReply, NoArray, Pairs, Status
from leither_edge.mimei.errors import TooLarge

from .declared import Procedure, calls, parameters_of
from .errors import DATABASE, RpcError
from .values import from_value

TABLE = {}
call = calls(TABLE)

# More at once would lie in memory three times over: as rows, as objects, as text.
ITEMS_MAX = 16384

# name, parameters behind the database's, type of the result, words of the command, summary. $1 is the first parameter; $* all.
_COMMANDS = (
    ("Set", "key:bytes value:value", "null", "set $*", "Sets a string."),
    ("Get", "key:bytes", "value", "get $*", "The string of a key, null where there is none."),
    ("Del", "*key:bytes", "int", "del $*", "Deletes keys; gives how many there were."),
    ("Incr", "key:bytes", "int", "incr $*", "Adds one to a number."),
    ("IncrBy", "key:bytes delta:int", "int", "incrby $*", "Adds to a number."),
    ("Strlen", "key:bytes", "int", "strlen $*", "The length of a string in bytes."),
    ("Exists", "*key:bytes", "int", "exists $*", "How many of the keys are there."),
    ("Type", "key:bytes", "text", "type $*", "The type of a key: string, list, set, zset, hash or none."),
    ("Expire", "key:bytes seconds:int", "int", "expire $*", "Lets a key end after a time."),
    ("Ttl", "key:bytes", "int", "ttl $*", "Seconds until a key ends; -1: never, -2: no such key."),
    ("Dbsize", "", "int", "dbsize", "How many keys there are."),
    ("Hdel", "key:bytes *field:bytes", "int", "hdel $*", "Deletes fields of a hash."),
    ("Hlen", "key:bytes", "int", "hlen $*", "How many fields a hash has."),
    ("Hset", "key:bytes field:bytes value:value", "int", "hset $*", "Sets a field; gives 1 if it is new."),
    ("Hget", "key:bytes field:bytes", "value", "hget $*", "The value of a field."),
    ("Hmget", "key:bytes *fields:bytes", "value[]", "hmget $*", "The values of fields."),
    ("Hmset", "key:bytes *values:pair", "null", "hmset $*", "Sets several fields."),
    ("Hgetall", "key:bytes", "pair[]", "hgetall $*", "All fields with their values."),
    ("Hkeys", "key:bytes", "bytes[]", "hkeys $*", "All fields."),
    ("HincrBy", "key:bytes field:bytes delta:int", "int", "hincrby $*", "Adds to the number of a field."),
    ("Hscan", "key:bytes beginfield:bytes match:bytes count:int inclusive:bool", "pair[]", "leither.hscan $*",
     "Fields in order, from one on."),
    ("Hrevscan", "key:bytes beginfield:bytes match:bytes count:int inclusive:bool", "pair[]", "leither.hrevscan $*",
     "Fields in order, from one back."),
    ("Lpush", "key:bytes *value:value", "int", "lpush $*", "Puts values before a list; gives its length."),
    ("Lpop", "key:bytes", "value", "lpop $*", "Takes the first value of a list."),
    ("Rpush", "key:bytes *value:value", "int", "rpush $*", "Puts values behind a list; gives its length."),
    ("Rpop", "key:bytes", "value", "rpop $*", "Takes the last value of a list."),
    ("Lrange", "key:bytes start:int stop:int", "value[]", "lrange $*", "Values of a list; -1 is the last."),
    ("Lindex", "key:bytes index:int", "value", "lindex $*", "The value at a position of a list."),
    ("Llen", "key:bytes", "int", "llen $*", "The length of a list."),
    ("Lset", "key:bytes index:int value:value", "null", "lset $*", "Sets the value at a position of a list."),
    ("Sadd", "key:bytes *args:bytes", "int", "sadd $*", "Adds members to a set; gives how many are new."),
    ("Scard", "key:bytes", "int", "scard $*", "How many members a set has."),
    ("Sdiff", "*keys:bytes", "bytes[]", "sdiff $*", "Members of the first set that are in none of the others."),
    ("Sinter", "*keys:bytes", "bytes[]", "sinter $*", "Members that are in all the sets."),
    ("Sunion", "*keys:bytes", "bytes[]", "sunion $*", "Members that are in any of the sets."),
    ("Sismember", "key:bytes m:bytes", "int", "sismember $*", "1 if it is a member of the set."),
    ("Smembers", "key:bytes", "bytes[]", "smembers $*", "All members of a set."),
    ("Srem", "key:bytes *m:bytes", "int", "srem $*", "Takes members out of a set."),
    ("Zadd", "key:bytes *args:scored", "int", "zadd $*", "Adds members with their scores; gives how many are new."),
    ("Zcard", "key:bytes", "int", "zcard $*", "How many members a sorted set has."),
    ("Zcount", "key:bytes mins:number maxs:number", "int", "zcount $*", "How many members have a score in the range."),
    ("Zrem", "key:bytes *members:bytes", "int", "zrem $*", "Takes members out of a sorted set."),
    ("Zscore", "key:bytes member:bytes", "score", "zscore $*", "The score of a member, null where there is none."),
    ("Zrank", "key:bytes member:bytes", "int", "zrank $*", "The position of a member, the lowest score first."),
    ("Zrevrank", "key:bytes member:bytes", "int", "zrevrank $*", "The position of a member, the highest score first."),
    ("Zrange", "key:bytes mins:int maxs:int", "scored[]", "zrange $* withscores", "Members by position, the lowest score first."),
    ("Zrangebyscore", "key:bytes mins:number maxs:number offset:int=0 count:int=-1", "scored[]",
     "zrangebyscore $1 $2 $3 withscores limit $4 $5", "Members with a score in the range, the lowest first."),
    ("Zremrangebyscore", "key:bytes mins:number maxs:number", "int", "zremrangebyscore $*", "Takes out members with a score in the range."),
    ("Zrevrange", "key:bytes start:int stop:int", "scored[]", "zrevrange $* withscores", "Members by position, the highest score first."),
    ("Zrevrangebyscore", "key:bytes mins:number maxs:number offset:int=0 count:int=-1", "scored[]",
     "zrevrangebyscore $1 $3 $2 withscores limit $4 $5", "Members with a score in the range, the highest first."),
    ("ZincrBy", "key:bytes delta:number member:bytes", "score", "zincrby $*", "Adds to the score of a member."),
    ("Redis", "command:bytes *words:bytes", "any", "$*", "Runs one command in Redis's own words."),
)  # fmt: skip

# The original system's numbers of the types, which its scans take.
_TYPES = ("string", "list", "hash", "set", "zset")
_SCANNED = 'mmsid:opened begin:bytes match:bytes="" count:int=100 inclusive:bool=false tp:any?'


@call("Scan", _SCANNED, "bytes[]", "Keys in order, from one on.")
async def scan(at, opened, begin, match, count, inclusive, kind):
    return await _scan(at, opened, b"leither.scan", (begin, match, count, inclusive), kind)


@call("RevScan", _SCANNED, "bytes[]", "Keys in order, from one back.")
async def reverse_scan(at, opened, begin, match, count, inclusive, kind):
    return await _scan(at, opened, b"leither.revscan", (begin, match, count, inclusive), kind)


@call("Begin", "mmsid:opened timeout:int", "null", "Begins a transaction, rolled back by itself after so many seconds.")
def begin(at, opened, timeout):
    opened.database.begin(timeout)


@call("Commit", "mmsid:opened", "null", "Makes what was changed since Begin stay.")
def commit(at, opened):
    opened.database.commit()


@call("Rollback", "mmsid:opened", "null", "Takes back what was changed since Begin.")
def rollback(at, opened):
    opened.database.rollback()


async def _scan(at, opened, name, words, kind):
    if type(kind) is int and 0 <= kind < len(_TYPES):
        kind = _TYPES[kind]
    if type(kind) is str:
        words += (kind.encode("utf-8", "replace"),)
    return _told(await run(at, opened, [name, *map(_word, words)]), "bytes[]")


async def run(at, opened, words):
    """The core's reply to a command on what MMOpen gave. Raises RpcError for Redis's errors, and what the view raises."""
    reply = await at.gateway.command(opened, words)
    if type(reply) is ErrorReply:
        sentence = reply.text.decode("utf-8", "replace")
        raise RpcError(DATABASE, sentence, sentence.partition(" ")[0].lower())
    return reply


def _word(argument):
    if type(argument) is bytes:
        return argument
    return b"%d" % argument


def _words(template, arguments):
    flat = []
    for argument in arguments:
        # A pair of field and value, or of score and member, is two words.
        flat.extend(map(_word, argument) if type(argument) is tuple else (_word(argument),))
    words = []
    for word in template:
        if word == "$*":
            words.extend(flat)
        else:
            words.append(flat[int(word[1:]) - 1] if word[0] == "$" else word.encode())
    return words


def _told(reply, kind):
    """What stands in JSON for a reply. Args: kind (type of the result)."""
    if kind == "null":
        return None
    if kind == "value":
        return from_value(reply)
    if kind == "score":
        return _score(reply)
    if kind == "text":
        return reply.text if type(reply) is Status else reply
    if kind == "pair[]":
        return [{"field": field, "value": from_value(value)} for field, value in _pairs(reply)]
    if kind == "scored[]":
        return [{"score": _score(score), "member": member} for member, score in _pairs(reply)]
    if kind in ("value[]", "bytes[]"):
        reply = _bounded(reply)
        return list(map(from_value, reply)) if kind == "value[]" else list(reply)
    return _plain(reply) if kind == "any" else reply


def _bounded(reply):
    items = [] if reply is None or type(reply) is NoArray else getattr(reply, "items", reply)
    if type(items) is not list:
        items = list(items)
    if len(items) > ITEMS_MAX:
        raise TooLarge(f"The answer has more than {ITEMS_MAX} parts. Read it in pieces, with a scan or a range.")
    return items


def _pairs(reply):
    items = list(reply.items()) if type(reply) is dict else _bounded(reply)
    if len(items) > ITEMS_MAX:
        _bounded(items)
    return items if not items or type(items[0]) is tuple else zip(items[::2], items[1::2], strict=True)


def _score(reply):
    if reply is None:
        return None
    number = float(reply)
    return int(number) if number == number // 1 and abs(number) < 1 << 53 else number


def _plain(reply):
    if type(reply) is Status:
        return reply.text
    if type(reply) is NoArray:
        return None
    if type(reply) is dict:
        return [[_plain(key), _plain(value)] for key, value in reply.items()]
    if type(reply) is Pairs:
        return [list(pair) for pair in _bounded(reply)]
    if type(reply) is list or hasattr(reply, "items"):
        return [_plain(part) for part in _bounded(reply)]
    return reply


def _procedure(name, parameters, result, template, summary):
    template = template.split()

    async def command(at, opened, *arguments):
        return _told(await run(at, opened, _words(template, arguments)), result)

    return Procedure(name, parameters_of("mmsid:opened " + parameters), result, summary, command)


def _clearing(name, length, kind, takes_many):
    """A procedure that deletes keys of one kind. Args: length (the command that counts what is in one)."""

    async def clear(at, opened, *keys):
        total = 0
        for key in keys:
            # A key of another kind is refused here, before it is deleted.
            count = await run(at, opened, [length, key])
            if count:
                await run(at, opened, [b"del", key])
                total += 1 if takes_many else count
        return total

    if takes_many:
        return Procedure(name, parameters_of("mmsid:opened *key:bytes"), "int", f"Deletes {kind}s; gives how many there were.", clear)
    return Procedure(name, parameters_of("mmsid:opened key:bytes"), "int", f"Deletes a {kind}; gives how much was in it.", clear)


for _row in _COMMANDS:
    TABLE[_row[0]] = _procedure(*_row)
for _letter, _length, _kind in (("H", b"hlen", "hash"), ("L", b"llen", "list"), ("S", b"scard", "set"), ("Z", b"zcard", "sorted set")):
    TABLE[f"{_letter}clear"] = _clearing(f"{_letter}clear", _length, _kind, False)
    TABLE[f"{_letter}mclear"] = _clearing(f"{_letter}mclear", _length, _kind, True)
