"""What a device can be told to do.

kind READ: changes nothing. STATE: changes our own tables, in the transaction that also holds sequence, answer and audit
entry. OUTSIDE: changes something else; the sequence is durable before, the answer is recorded after. LAST: the answer is
recorded and sent, then the effect ends us.
"""

from collections import namedtuple

from appliance.commands import audit_log
from appliance.commands.arguments import BadArgument, Boolean, Bytes, Integer, Text
from appliance.commands.board_calls import board_call, is_board_error
from appliance.commands.desired_state import Superseded
from appliance.commands.plain import plain, sentence
from appliance.commands.status import gather_status, status
from leither_edge.core.cose import CoseError
from leither_edge.core.keyset import KEYSET_MAX_BYTES, KeysetError, encode_keyset
from leither_edge.crypto.sodium import verify

READ, STATE, OUTSIDE, LAST = "read", "state", "outside", "last"
LOG_LINES_MAX = 1000
NUMBER_MAX = 2**53 - 1
BOARD_LINES_MAX = 500
# What an answer has besides the list that is its result.
ANSWER_FRAME_BYTES = 600
AUDIT_ENTRIES_AT_ONCE = 200

# arguments: {name: field}, or None for the keys of the desired state. run: of READ and STATE (call, tx) -> result;
# of OUTSIDE and LAST async (call) -> result. gather: async (call) -> what the board says, handed to run as call.facts.
Verb = namedtuple("Verb", "name role dangerous kind arguments run gather", defaults=(None,))
# services: Services. issuer: key id or None. role, limited: of the issuer; limited if a pass names verbs. issued: s.
# pass_left_s: until the issuer's pass ends, None without one.
Call = namedtuple("Call", "services arguments issuer role limited issued facts pass_left_s", defaults=(None,))
# What verbs work with. sign_in: (code, key id, role, pass_left_s) -> bool. names: async keep(packet) and forget(key), each with a result
# or VerbFailed; None while the device is in no DHT. reach: () -> what it knows of the DHT, for `status`, or None; itself None without one.
# content: the store of content, with async figures() and collect(), see kept_mimei; None without one.
Services = namedtuple("Services", "store board config keysets profile floor clock device_id versions uptime sign_in names reach content")


class VerbFailed(Exception):
    """The verb could not do it. code: a word for programs; the text is a sentence. Nothing was changed in our tables."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _hex_digit(mark):
    return mark in "0123456789abcdefABCDEF"


class Passphrase(Text):
    """A WPA passphrase of 8 to 63 characters, the key as 64 hexadecimal digits (IEEE 802.11-2020 J.4.1), or none."""

    __slots__ = ()

    def check(self, name, value):
        value = super().check(name, value)
        if value and not (8 <= len(value) <= 63 or (len(value) == 64 and all(map(_hex_digit, value)))):
            raise BadArgument(f"{name} must have 8 to 63 characters, or none for an open network.")
        return value


class Ssid(Text):
    """The name of a Wi-Fi network: 1 to 32 bytes (IEEE 802.11-2020 9.4.2.2)."""

    __slots__ = ()

    def check(self, name, value):
        value = super().check(name, value)
        if len(value.encode()) > 32:
            raise BadArgument(f"{name} must have at most 32 bytes.")
        return value


class SsidHex(Text):
    """The name of a Wi-Fi network that is no valid text: its bytes in hexadecimal."""

    __slots__ = ()

    def check(self, name, value):
        value = super().check(name, value)
        if len(value) % 2:
            raise BadArgument(f"{name} must have two hexadecimal digits a byte.")
        return value


async def _gather_logs(call):
    asked = {name: value for name, value in call.arguments.items() if value is not None}
    asked["limit"] = min(asked["limit"], BOARD_LINES_MAX)
    return await _asked(call, "logs", **asked)


def _logs(call, tx):
    """The lines that fit an answer: the newest, or those that follow ``after``, so that nothing is left out between two pages."""
    newest = call.arguments["after"] is None
    lines, room = [], call.services.profile.commands.answer_max_bytes - ANSWER_FRAME_BYTES
    found = [line for line in plain(call.facts or {}).get("lines", []) if isinstance(line, dict)]
    for line in reversed(found) if newest else found:
        room -= sum(len(str(value).encode()) + len(key) + 12 for key, value in line.items())
        if room < 0:
            break
        lines.append(line)
    return {"lines": lines[::-1] if newest else lines}


def _audit(call, tx):
    room = call.services.profile.commands.answer_max_bytes - ANSWER_FRAME_BYTES
    return audit_log.page(tx, call.arguments["after"], call.arguments["limit"], room)


def _config_get(call, tx):
    config = call.services.config
    return {"config": config.read(tx), "issued": config.issued(tx)}


def _config_set(call, tx):
    try:
        document = call.services.config.apply(tx, call.arguments, call.issued)
    except Superseded as newer:
        raise VerbFailed(
            "superseded", f"A newer configuration is in force, issued at {newer.issued}. Read it, and set again with the present time."
        ) from None
    return {"config": document, "issued": call.services.config.issued(tx)}


def _keyset_get(call, tx):
    keyset = call.services.keysets.current(tx)
    if keyset is None:
        raise VerbFailed("unclaimed", "This device has no owner yet.")
    return {"keyset": encode_keyset(keyset), "version": keyset.version}


def _keyset_set(call, tx):
    try:
        keyset = call.services.keysets.rotate(tx, call.arguments["keyset"], verify)
    except (CoseError, KeysetError) as error:
        raise VerbFailed(error.code, sentence(error)) from None
    return {"version": keyset.version}


async def _gather_networks(call):
    return await _asked(call, "wifi_scan")


def _wifi_scan(call, tx):
    return {"networks": plain(call.facts or [])}


async def _wifi_set(call):
    network = {name: value for name, value in call.arguments.items() if value is not None}
    if ("ssid" in network) == ("ssid_hex" in network):
        raise VerbFailed("bad-argument", "Name the network by ssid, or by ssid_hex where its name is no valid text.")
    joined = plain(await _asked(call, "wifi_join", **network))
    return joined if isinstance(joined, dict) else {}


async def _wifi_forget(call):
    await _asked(call, "wifi_forget")
    return {}


async def _identify(call):
    await _asked(call, "identify", **call.arguments)
    return {}


async def _sign_in(call):
    if call.limited:
        raise VerbFailed("not-allowed", "A pass that is limited to some verbs cannot sign a browser in.")
    sign_in = call.services.sign_in
    if sign_in is None or not sign_in(call.arguments["code"], call.issuer, call.role, call.pass_left_s):
        raise VerbFailed("wrong-code", "No browser shows this code, or it is too old. Load the page again and use the new one.")
    return {"role": call.role}


async def _name_keep(call):
    return await _names(call).keep(call.arguments["packet"])


async def _name_forget(call):
    return await _names(call).forget(call.arguments["key"])


def _names(call):
    if call.services.names is None:
        raise VerbFailed("no-network", "This device is in no network of nodes now. Try again in a minute, or look at its setting reach.")
    return call.services.names


async def _collect(call):
    if call.services.content is None:
        raise VerbFailed("no-content", "This device keeps no content.")
    return await call.services.content.collect()


async def _reboot(call):
    await _asked(call, "reboot")


async def _factory_reset(call):
    await _asked(call, "factory_reset")


async def _asked(call, board_verb, **arguments):
    try:
        return await board_call(call.services.board, board_verb, **arguments)
    except Exception as error:
        if not is_board_error(error):
            raise
        raise VerbFailed(error.code, sentence(error)) from error


_NETWORK = {
    "ssid": Ssid(1, 32, default=None),
    "ssid_hex": SsidHex(2, 64, allowed=_hex_digit, allowed_are="hexadecimal digits", default=None),
    "passphrase": Passphrase(0, 64, default=""),
    "hidden": Boolean(default=False),
}
_AUDIT_PAGE = {"after": Integer(0, NUMBER_MAX, default=0), "limit": Integer(1, AUDIT_ENTRIES_AT_ONCE, default=AUDIT_ENTRIES_AT_ONCE)}
# A signed packet in pkarr's own form: key, signature, sequence number, DNS message.
_PACKET = {"packet": Bytes(105, 1104)}
# Without "after" the newest lines.
_LOG_PAGE = {"after": Integer(0, NUMBER_MAX, default=None), "limit": Integer(1, LOG_LINES_MAX, default=100)}

VERBS = {
    verb.name: verb
    for verb in (
        Verb("status", "viewer", False, READ, {}, status, gather_status),
        Verb("config-get", "viewer", False, READ, {}, _config_get),
        Verb("keyset-get", "viewer", False, READ, {}, _keyset_get),
        Verb("audit", "viewer", False, READ, _AUDIT_PAGE, _audit),
        Verb("logs", "operator", False, READ, _LOG_PAGE, _logs, _gather_logs),
        Verb("config-set", "operator", False, STATE, None, _config_set),
        Verb("keyset-set", "owner", True, STATE, {"keyset": Bytes(1, KEYSET_MAX_BYTES)}, _keyset_set),
        Verb("wifi-scan", "operator", False, READ, {}, _wifi_scan, _gather_networks),
        Verb("wifi-set", "operator", False, OUTSIDE, _NETWORK, _wifi_set),
        Verb("wifi-forget", "operator", False, OUTSIDE, {}, _wifi_forget),
        Verb("identify", "operator", False, OUTSIDE, {"seconds": Integer(1, 60, default=10)}, _identify),
        Verb("sign-in", "viewer", False, OUTSIDE, {"code": Text(4, 32)}, _sign_in),
        Verb("name-keep", "operator", False, OUTSIDE, _PACKET, _name_keep),
        Verb("name-forget", "operator", False, OUTSIDE, {"key": Bytes(32, 32)}, _name_forget),
        Verb("mimei-collect", "operator", False, OUTSIDE, {}, _collect),
        Verb("reboot", "operator", False, LAST, {}, _reboot),
        Verb("factory-reset", "owner", True, LAST, {}, _factory_reset),
    )
}
