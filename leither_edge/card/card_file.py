"""leither.toml: the small file that the flashing step leaves on the card's FAT partition for the device's first start.

    [claim]
    token = "01234-56789-ABCDE-FGHJK"
    [access_point]
    ssid = "Leither-7KQM"
    passphrase = "at least 8 characters"
    [wifi]
    ssid = "Home"
    passphrase = "correct horse"
    hidden = false
    [owner]
    public_key = "48 characters"

Every section and every setting but the ssid of [wifi] may be missing. It is TOML, of which it takes one-line text and true or false:
people edit it on any computer, and each mistake is named with its line. No message repeats a value: most are secrets.
"""

import re
from collections import namedtuple

from leither_edge.card.claim_token import TOKEN_CHARACTERS, in_groups, is_token, normal_token
from leither_edge.card.wifi_network import is_passphrase, is_ssid
from leither_edge.core.ids import IdError, public_key_from_text, public_key_to_text

__all__ = ["CARD_MAX_BYTES", "Card", "CardError", "Network", "file_bytes", "parse_card", "read_card", "write_card"]

CARD_MAX_BYTES = 4096
NAME_SHOWN = 32

_SECTION = re.compile(r"\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\][ \t]*(?:#.*)?")
_SETTING = re.compile(r"""([A-Za-z0-9_-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|true|false)[ \t]*(?:#.*)?""")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_CURLY = "“”„‘’«»"


class CardError(ValueError):
    """The card's file cannot be used; the message is a sentence for whoever wrote it, with the line."""


class Network(namedtuple("Network", "ssid passphrase hidden", defaults=("", False))):
    """A Wi-Fi network: ssid, passphrase ("" if it is open), hidden."""

    __slots__ = ()

    def __repr__(self):
        return "Network(...)"


class Card(namedtuple("Card", "claim_token access_point_passphrase network owner access_point_ssid", defaults=(None,) * 5)):
    """What the card says, None for what it does not.

    claim_token: in groups of five; access_point_passphrase, access_point_ssid: text; network: Network; owner: public key, 32 bytes.
    """

    __slots__ = ()

    def __repr__(self):
        return "Card(...)"


def read_card(path):
    """The Card in a file, None if there is no such file. Raises CardError."""
    try:
        with open(path, "rb") as file:
            data = file.read(CARD_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CardError(f"The card's file cannot be read: {error.strerror}.") from None
    return parse_card(data)


def parse_card(data):
    """The Card in the bytes of a file. Raises CardError."""
    said = {}
    for number, section, name, value in _settings(_text(data)):
        if name is None:
            said[section] = {}
        else:
            said[section][name] = _checked(number, section, name, value)
    wifi = said.get("wifi")
    if wifi is not None:
        wifi = _network(wifi)
    access_point = said.get("access_point", {})
    return Card(
        said.get("claim", {}).get("token"),
        access_point.get("passphrase"),
        wifi,
        said.get("owner", {}).get("public_key"),
        access_point.get("ssid"),
    )


def write_card(card):
    """The text of the file that says what ``card`` (Card) says. Raises CardError for what could not be read back."""
    lines = ["# Read by the device whenever it starts. It holds secrets: delete it once the device has its owner."]
    if card.claim_token is not None:
        lines += ["", "[claim]", f"token = {_quoted(card.claim_token)}"]
    if card.access_point_ssid is not None or card.access_point_passphrase is not None:
        lines += ["", "[access_point]"]
    if card.access_point_ssid is not None:
        lines += [f"ssid = {_quoted(card.access_point_ssid)}"]
    if card.access_point_passphrase is not None:
        lines += [f"passphrase = {_quoted(card.access_point_passphrase)}"]
    if card.network is not None:
        ssid, passphrase, hidden = card.network
        lines += ["", "[wifi]", f"ssid = {_quoted(ssid)}", f"passphrase = {_quoted(passphrase)}"]
        lines += [f"hidden = {'true' if hidden else 'false'}"]
    if card.owner is not None:
        lines += ["", "[owner]", f"public_key = {_quoted(public_key_to_text(card.owner))}"]
    text = "\n".join([*lines, ""])
    parse_card(text.encode("utf-8", "surrogatepass"))
    return text


def file_bytes(card, size=CARD_MAX_BYTES):
    """The bytes of the file for a card (Card), filled up with empty lines to ``size``. Raises CardError."""
    data = write_card(card).encode()
    if len(data) > size:
        raise CardError(f"The card's file has room for {size:,} bytes, and its settings take {len(data):,}.")
    return data + b"\n" * (size - len(data))


# Lines


def _text(data):
    if len(data) > CARD_MAX_BYTES:
        raise CardError(f"The card's file has more than {CARD_MAX_BYTES:,} bytes. It takes a few lines only.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise CardError("The card's file is saved as UTF-16. Save it again and choose the encoding UTF-8.")
    try:
        # With the mark that Windows puts before UTF-8, or without.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(data[: error.start].count(b"\n") + 1, "this is not UTF-8. Save the file again and choose the encoding UTF-8") from None


def _settings(text):
    """(line number, section, None, None) for each section, (line number, section, name, value) for each setting."""
    section, seen = None, set()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if any((mark < " " and mark != "\t") or mark == "\x7f" for mark in line):
            raise _wrong(number, "a character stands here that no keyboard writes. Write the line anew")
        line = line.strip(" \t")
        if not line or line.startswith("#"):
            continue
        if match := _SECTION.fullmatch(line):
            section, name, value = match[1], None, None
            if section not in _SETTINGS:
                raise _wrong(number, f"there is no section [{section[:NAME_SHOWN]}]. Allowed: {_sections()}")
        elif match := _SETTING.fullmatch(line):
            if section is None:
                raise _wrong(number, f"a setting stands before the first section. Sections: {_sections()}")
            name, value = match[1], _value(number, match[2])
            if name not in _SETTINGS[section]:
                allowed = ", ".join(_SETTINGS[section])
                raise _wrong(number, f"[{section}] has no setting named {name[:NAME_SHOWN]}. Allowed: {allowed}")
        else:
            raise _wrong(number, _unreadable(line))
        if (section, name) in seen:
            raise _wrong(number, f"{name or f'[{section}]'} is here for the second time")
        seen.add((section, name))
        yield number, section, name, value


def _unreadable(line):
    if any(mark in line for mark in _CURLY):
        return """this cannot be read. Put the text between straight quotes: "..." """.rstrip()
    if line.startswith("["):
        return "this cannot be read. A section is written like [wifi]"
    return """this cannot be read. A setting is written like name = "text", or name = true"""


def _value(number, written):
    if written in ("true", "false"):
        return written == "true"
    if written[0] == "'":
        return written[1:-1]

    def unescaped(match):
        code = match[1]
        if code in _ESCAPED:
            return _ESCAPED[code]
        point = int(code[1:], 16) if len(code) > 1 else -1
        if not 0 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise _wrong(number, "a backslash between double quotes is written twice: \\\\")
        return chr(point)

    return _ESCAPE.sub(unescaped, written[1:-1])


def _quoted(text):
    marks = []
    for mark in text:
        if mark in '"\\':
            marks.append("\\" + mark)
        elif mark.isprintable():
            marks.append(mark)
        else:
            marks.append(f"\\u{ord(mark):04x}" if ord(mark) < 0x10000 else f"\\U{ord(mark):08x}")
    return '"' + "".join(marks) + '"'


# Values


def _checked(number, section, name, value):
    try:
        return _SETTINGS[section][name](value)
    except ValueError as error:
        raise _wrong(number, f"{name} of [{section}] {error}") from None


def _written(value):
    if not isinstance(value, str):
        raise ValueError('is text between quotes: "..."')
    return value


def _token(value):
    token = normal_token(_written(value))
    if not is_token(token):
        raise ValueError(f"has {TOKEN_CHARACTERS} letters and digits, without U")
    return in_groups(token)


def _access_point_passphrase(value):
    # IEEE 802.11-2020 J.4.1
    if not 8 <= len(_written(value)) <= 63 or any(not " " <= mark <= "~" for mark in value):
        raise ValueError("has 8 to 63 characters: letters without accents, digits, marks")
    return value


def _ssid(value):
    if not is_ssid(_written(value).encode("utf-8", "surrogatepass")):
        raise ValueError("has 1 to 32 bytes: a character of an alphabet other than the Latin takes two to four")
    return value


def _wifi_passphrase(value):
    if _written(value) and not is_passphrase(value):
        raise ValueError("has 8 to 63 characters; it is left out, or empty, for an open network")
    return value


def _yes_or_no(value):
    if not isinstance(value, bool):
        raise ValueError("is true or false, without quotes")
    return value


def _public_key(value):
    try:
        return public_key_from_text("".join(_written(value).split()))
    except IdError as error:
        raise ValueError(f"is not good: {error}") from None


_SETTINGS = {
    "claim": {"token": _token},
    "access_point": {"ssid": _ssid, "passphrase": _access_point_passphrase},
    "wifi": {"ssid": _ssid, "passphrase": _wifi_passphrase, "hidden": _yes_or_no},
    "owner": {"public_key": _public_key},
}


def _network(said):
    if "ssid" not in said:
        raise CardError("In the card's file [wifi] has no ssid, the name of the network.")
    return Network(**said)


def _wrong(number, what):
    return CardError(f"In line {number} of the card's file {what}.")


def _sections():
    return ", ".join(f"[{name}]" for name in _SETTINGS)
