"""Procedures that say who asks: sign-in by name and password, by key, by pass; what can be asked about node and session."""

from leither_edge.core.ids import id_to_text
from leither_edge.mimei.errors import BadInput, NotFound
from leither_edge.mimei.sessions import sign_in_message

from .content_calls import info_of, version_of
from .declared import calls
from .errors import bad_params
from .json_text import Binary, JsonError, bytes_of, parse

TABLE = {}
call = calls(TABLE)


@call("Login", "*words:text", "object", "Signs in with a name and a password, with a passport, or as a guest.")
async def login(at, *words):
    if not words or words == ("",):
        return _reply(at.library.guest())
    if len(words) == 1:
        return await at.in_thread(login_with_passport, at, words[0])
    return _reply(await at.gateway.in_turn(at.library.sign_in_with_password, words[0], words[1]))


@call("LoginWithPPT", "ppt:text", "object", "Signs in with a passport: the JSON text of the parameters of LoginWithKey.")
def login_with_passport(at, passport):
    try:
        given = parse(passport)
        if type(given) is not dict:
            raise JsonError("it is no object")
        parts = [bytes_of(given.get(name)) for name in ("key", "challenge", "signature")]
        granted = given.get("pass")
        return login_with_key(at, *parts, None if granted is None else bytes_of(granted))
    except JsonError as error:
        raise bad_params(f"The passport cannot be read: {error}") from None


@call("Challenge", "", "object", "Gives a challenge, good once and for two minutes, and the message that a key signs for it.")
def challenge(at):
    found = at.library.challenge()
    return {"challenge": Binary(found), "message": Binary(sign_in_message(at.library.node_key.id, found))}


@call("LoginWithKey", "key:bytes challenge:bytes signature:bytes pass:bytes?", "object", "Signs in with a key that signed a challenge.")
def login_with_key(at, key, challenge, signature, granted=None):
    if len(key) != 32 or len(signature) != 64:
        raise BadInput("A public key has 32 bytes and a signature 64.")
    return _reply(at.library.sign_in(key, challenge, signature, granted))


@call("Register", "*words:text", "text", "Makes a user with a name and a password, whose key this node keeps sealed; gives the user's id.")
async def register(at, *words):
    if len(words) == 1 and words[0].startswith("{"):
        try:
            given = parse(words[0])
        except JsonError as error:
            raise bad_params(str(error)) from None
        words = given.get("newname"), given.get("newpass")
    if len(words) < 2:
        raise bad_params("A new user needs a name and a password.")
    return id_to_text(await at.gateway.in_turn(at.library.register, words[0], words[1]))


@call("Logout", 'sid:session info:text=""', "null", "Ends a session with all that it opened.")
def logout(at, session, info):
    if session.sid:
        at.library.sign_out(session.sid)


@call("GetVar", "sid:session name:text *args:text", "any", "Reads mminfo, mmversions or mmtags of an id; session, ver, usage, pins.")
def get_var(at, session, name, *words):
    reader = _VARIABLES.get(name)
    if reader is None:
        raise NotFound(f"There is no variable of this name. There are: {', '.join(sorted(_VARIABLES))}.")
    if reader in (_info, _versions, _tags) and len(words) != 1:
        raise bad_params(f"{name} needs the id of a MiMei.")
    return reader(at, session, *words[:1])


def _info(at, session, mid):
    return info_of(at.library.info(session, mid))


def _versions(at, session, mid):
    return [version_of(version) for version in at.library.versions(session, mid)]


def _tags(at, session, mid):
    return at.library.tags(session, mid)


def _session(at, session, *words):
    return {
        "uid": _uid(session),
        "key": None if session.public_key is None else Binary(session.public_key),
        "canSign": session.can_sign,
        "mayKeep": session.may_keep,
        "node": id_to_text(at.library.node_key.id),
    }


def _release(at, session, *words):
    return at.gateway.version


def _usage(at, session, *words):
    found = at.library.usage(session)
    return found._asdict() if hasattr(found, "_asdict") else found


def _pins(at, session, *words):
    from .content_calls import pins

    return pins(at, session)


_VARIABLES = {
    "mminfo": _info, "mmversions": _versions, "mmtags": _tags, "session": _session, "ver": _release, "usage": _usage, "pins": _pins,
}  # fmt: skip


def _reply(session):
    return {"sid": session.sid, "uid": _uid(session)}


def _uid(session):
    return "" if session.user_id is None else id_to_text(session.user_id)
