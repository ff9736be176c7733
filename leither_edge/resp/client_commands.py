"""Commands about the connection itself: greeting, sign-in, names, transactions."""

from leither_edge.mimei.database.replies import OK, ErrorReply, Members, Status, wrong_arity
from leither_edge.mimei.errors import BadInput, NotSignedIn

from .answers import Text
from .connection import Later
from .refusals import WRONG_PASSWORD

NAME_MAX_BYTES = 256
# The version whose commands and answers these are.
REDIS_VERSION = b"7.0.15"

PONG = Status(b"PONG")
_BAD_NAME = ErrorReply(b"ERR Client names cannot contain spaces, newlines or special characters.")


def ping(client, words):
    if len(words) > 2:
        return wrong_arity(b"ping")
    return words[1] if len(words) == 2 else PONG


def echo(client, words):
    return words[1]


def quit(client, words):
    client.leaving = True
    return OK


def reset(client, words):
    client.shared.sign_off(client)
    client.reset()
    return Status(b"RESET")


def multi(client, words):
    return client.multi()


def exec(client, words):
    return client.exec()


def discard(client, words):
    return client.discard()


def watch(client, words):
    return client.watch(words[1:])


def unwatch(client, words):
    return client.unwatch()


def auth(client, words):
    """AUTH [name] password: a name-and-password user; with one word the id of a session begun elsewhere."""
    if len(words) > 3:
        return ErrorReply(b"ERR syntax error")
    return _sign_in(client, words[1:], lambda: OK)


def _sign_in(client, credentials, then):
    try:
        text = [word.decode() for word in credentials]
    except UnicodeDecodeError:
        return WRONG_PASSWORD
    places = client.shared.places

    def work():
        try:
            return places.session(text[0]) if len(text) == 1 else places.sign_in(*text)
        except (NotSignedIn, BadInput):
            return None

    def done(session):
        # An empty id is that of a guest.
        if session is None or session.user_id is None:
            client.shared.counters.add("resp_refusals", reason="sign-in")
            return WRONG_PASSWORD
        client.shared.sign_off(client)
        client.become(session, credentials[0] if len(text) == 2 else places.name_of(session))
        client.began_session = len(text) == 2
        return then()

    return Later(work, done)


def hello(client, words):
    """HELLO [protocol [AUTH name password] [SETNAME name]]"""
    protocol, credentials, name = 3 if client.resp3 else 2, None, None
    if len(words) > 1:
        if not words[1].isdigit():
            return ErrorReply(b"ERR Protocol version is not an integer or out of range")
        protocol = int(words[1][:4])
        if protocol not in (2, 3):
            return ErrorReply(b"NOPROTO unsupported protocol version")
    at = 2
    while at < len(words):
        option = words[at].lower()
        if option == b"auth" and len(words) > at + 2:
            credentials = words[at + 1 : at + 3]
            at += 3
        elif option == b"setname" and len(words) > at + 1:
            name = words[at + 1]
            at += 2
        else:
            return ErrorReply(b"ERR Syntax error in HELLO option '%b'" % words[at][:64])
    if name is not None and not _is_name(name):
        return _BAD_NAME

    def greet():
        if name is not None:
            client.name = name
        client.resp3 = protocol == 3
        return {
            b"server": b"redis", b"version": REDIS_VERSION, b"proto": protocol, b"id": client.number, b"mode": b"standalone",
            b"role": b"master", b"modules": [],
        }  # fmt: skip

    return greet() if credentials is None else _sign_in(client, credentials, greet)


def client(client, words):
    """CLIENT and its subcommands."""
    name, count = words[1].lower(), len(words)
    if name == b"id" and count == 2:
        return client.number
    if name == b"getname" and count == 2:
        return client.name or None
    if name == b"setname" and count == 3:
        if not _is_name(words[2]):
            return _BAD_NAME
        client.name = words[2]
        return OK
    if name == b"setinfo" and count == 4:
        what = words[2].lower()
        if what not in (b"lib-name", b"lib-ver"):
            return ErrorReply(b"ERR Unrecognized option '%b'" % words[2][:64])
        if not _is_name(words[3]):
            return ErrorReply(b"ERR %b cannot contain spaces, newlines or special characters." % what)
        client.library[what == b"lib-ver"] = words[3]
        return OK
    if name == b"info" and count == 2:
        return Text(describe(client, client.shared.now_ms()))
    if name == b"list":
        now = client.shared.now_ms()
        # Nobody learns of others' connections; guests have nothing in common.
        everyone, user_id = client.shared.clients.values(), client.session.user_id
        own = [each for each in everyone if each is client or each.session.user_id == user_id is not None]
        return Text(b"".join(describe(each, now) for each in own))
    if name in (b"no-evict", b"no-touch") and count == 3:
        return OK if words[2].lower() in (b"on", b"off") else ErrorReply(b"ERR syntax error")
    if name == b"getredir" and count == 2:
        return -1
    return unknown_subcommand(b"CLIENT", words[1])


def describe(client, now_ms):
    """The line of CLIENT LIST about a connection."""
    queue = client.queue
    return b"id=%d addr=%b name=%b age=%d idle=%d flags=%b db=%b multi=%d cmd=%b user=%b lib-name=%b lib-ver=%b resp=%d\n" % (
        client.number, client.address.encode(), client.name, (now_ms - client.began) // 1000, (now_ms - client.used) // 1000,
        b"N" if queue is None else b"x", client.selector, -1 if queue is None else len(queue), client.last or b"NULL", client.user,
        client.library[0], client.library[1], 3 if client.resp3 else 2,
    )  # fmt: skip


def acl(client, words):
    """ACL WHOAMI, USERS, LIST, GETUSER of oneself, CAT. Rights are set on the content, not here."""
    name, count = words[1].lower(), len(words)
    is_guest = client.session.user_id is None
    rules = b"+@read" if is_guest else b"+@all"
    if name == b"whoami" and count == 2:
        return client.user
    if name == b"users" and count == 2:
        return [client.user]
    if name == b"list" and count == 2:
        return [b"user %b on ~* &* %b" % (client.user, rules)]
    if name == b"getuser" and count == 3:
        if words[2] != client.user:
            return None
        return {
            b"flags": Members([b"on"] + [b"nopass"] * is_guest), b"passwords": [], b"commands": rules, b"keys": b"~*", b"channels": b"",
            b"selectors": [],
        }  # fmt: skip
    if name == b"cat":
        from .server_commands import CATEGORIES, in_category

        if count == 2:
            return list(CATEGORIES)
        if count == 3:
            wanted = words[2].lower()
            if wanted not in CATEGORIES:
                return ErrorReply(b"ERR Unknown category '%b'" % words[2][:64])
            return in_category(client, wanted)
    if name in (b"setuser", b"deluser", b"load", b"save", b"genpass", b"log", b"dryrun"):
        return ErrorReply(b"ERR users and rights belong to the content: leither mimei rights --help")
    return unknown_subcommand(b"ACL", words[1])


def unknown_subcommand(command, name):
    """The ErrorReply to a subcommand that is not there."""
    return ErrorReply(b"ERR unknown subcommand '%b'. Try %b HELP." % (name[:128], command))


def _is_name(word):
    return len(word) <= NAME_MAX_BYTES and all(32 < byte < 127 for byte in word)


# name, arity, flags, first key, last key, step, function
COMMANDS = (
    ("ping", -1, "fast", 0, 0, 0, ping),
    ("echo", 2, "loading stale fast", 0, 0, 0, echo),
    ("quit", -1, "allow_busy noscript loading stale fast no_auth no_queue", 0, 0, 0, quit),
    ("reset", 1, "allow_busy noscript loading stale fast no_auth no_queue", 0, 0, 0, reset),
    ("multi", 1, "noscript loading stale fast allow_busy no_queue", 0, 0, 0, multi),
    ("exec", 1, "noscript loading stale skip_slowlog no_queue", 0, 0, 0, exec),
    ("discard", 1, "noscript loading stale fast allow_busy no_queue", 0, 0, 0, discard),
    ("watch", -2, "noscript loading stale fast allow_busy no_queue", 1, -1, 1, watch),
    ("unwatch", 1, "noscript loading stale fast allow_busy", 0, 0, 0, unwatch),
    ("auth", -2, "noscript loading stale fast no_auth allow_busy no_multi", 0, 0, 0, auth),
    ("hello", -1, "noscript loading stale fast no_auth allow_busy no_multi", 0, 0, 0, hello),
    ("client", -2, "noscript loading stale", 0, 0, 0, client),
    ("acl", -2, "noscript loading stale", 0, 0, 0, acl),
)
