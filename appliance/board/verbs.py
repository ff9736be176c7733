"""The privileged verbs: what each takes, how long it may last, and who carries it out."""

from appliance.board import BoardError
from appliance.board.messages import is_integer, is_text

# Who carries a verb out: the board on the worker thread, or the supervisor's loop itself.
BOARD = "board"
LOOP = "loop"

SSID_MAX_BYTES = 32  # IEEE 802.11
PASSPHRASE_MAX_BYTES = 64  # 63 characters, or the 64 hex digits of a raw key
TIME_MAX_S = 2**33  # the year 2242


class Argument:
    """One argument: its check, the sentence part that says what is allowed, and its default (REQUIRED: none)."""

    __slots__ = ("check", "allowed", "default")

    def __init__(self, check, allowed, default):
        self.check = check
        self.allowed = allowed
        self.default = default


class Verb:
    """A privileged verb: arguments by name, time limit in seconds, place (BOARD or LOOP)."""

    __slots__ = ("arguments", "time_limit_s", "place")

    def __init__(self, time_limit_s, place=BOARD, **arguments):
        self.arguments = arguments
        self.time_limit_s = time_limit_s
        self.place = place


REQUIRED = object()


def _text(max_bytes, default=REQUIRED):
    return Argument(lambda value: is_text(value, max_bytes), f"text of at most {max_bytes} bytes", default)


def _integer(low, high, default=REQUIRED):
    return Argument(lambda value: is_integer(value, low, high), f"a whole number from {low} to {high}", default)


def _flag(default):
    return Argument(lambda value: type(value) is bool, "true or false", default)


def _choice(*allowed):
    return Argument(lambda value: type(value) is str and value in allowed, " or ".join(allowed), REQUIRED)


def _is_ssid_hex(value):
    if type(value) is not str or not 2 <= len(value) <= 2 * SSID_MAX_BYTES or len(value) % 2:
        return False
    return all(digit in "0123456789abcdefABCDEF" for digit in value)


VERBS = {
    "wifi_scan": Verb(20),
    # A DHCP server behind a slow router takes most of this.
    "wifi_join": Verb(
        60,
        ssid=_text(SSID_MAX_BYTES, default=None),
        ssid_hex=Argument(_is_ssid_hex, "1 to 32 bytes in hexadecimal", None),
        passphrase=_text(PASSPHRASE_MAX_BYTES, default=""),
        hidden=_flag(False),
    ),
    "wifi_status": Verb(10),
    "wifi_forget": Verb(15),
    "ap_start": Verb(20, ssid=_text(SSID_MAX_BYTES), passphrase=_text(PASSPHRASE_MAX_BYTES, default="")),
    "ap_stop": Verb(15),
    "switch_slot": Verb(15, slot=_choice("a", "b"), trial=_flag(True)),
    "set_time": Verb(10, time_s=_integer(0, TIME_MAX_S)),
    "identify": Verb(10, seconds=_integer(1, 60, default=10)),
    "temperature": Verb(10),
    "info": Verb(10),
    "reboot": Verb(10, LOOP),
    "factory_reset": Verb(10, LOOP),
    "logs": Verb(10, LOOP, after=_integer(0, 2**53 - 1, default=None), limit=_integer(1, 500, default=100)),
    "crash": Verb(10, LOOP),
    "supervisor_status": Verb(10, LOOP),
}


def checked_arguments(name, given):
    """Arguments of verb ``name`` with defaults filled in.

    Raises BoardError unknown-verb or bad-arguments. The sentence never repeats a value: it may be a password.
    """
    verb = VERBS.get(name) if type(name) is str else None
    if verb is None:
        raise BoardError("unknown-verb", "The supervisor does not know this verb.")
    if type(given) is not dict:
        raise BoardError("bad-arguments", f"The arguments of {name} are an object.")
    if len(given) > len(verb.arguments) or any(key not in verb.arguments for key in given):
        raise BoardError("bad-arguments", f"{name} takes {', '.join(verb.arguments) or 'no arguments'}.")
    checked = {}
    for key, argument in verb.arguments.items():
        value = given.get(key, argument.default)
        if value is REQUIRED:
            raise BoardError("bad-arguments", f"{name} needs {key}: {argument.allowed}.")
        if key in given and not argument.check(value):
            raise BoardError("bad-arguments", f"{key} of {name} is {argument.allowed}.")
        checked[key] = value
    if name == "wifi_join":
        checked["ssid"] = _network_name(checked.pop("ssid"), checked.pop("ssid_hex"))
    return checked


def _network_name(ssid, ssid_hex):
    """The name as bytes. Many are no UTF-8 (old routers write GBK, Latin-1), hence the hexadecimal form."""
    if (ssid is None) == (ssid_hex is None):
        raise BoardError("bad-arguments", "wifi_join needs ssid or ssid_hex.")
    name = bytes.fromhex(ssid_hex) if ssid is None else ssid.encode()
    if not name:
        raise BoardError("bad-arguments", "ssid of wifi_join has 1 to 32 bytes.")
    return name


def carry_out(board, name, arguments):
    """Run a BOARD verb (blocking) and return its result, ready for JSON. Raises BoardError."""
    result = getattr(board, name)(**arguments)
    if name == "wifi_join":
        return {"ok": True, "address": result}
    return {"ok": True} if result is None and name != "temperature" else result
