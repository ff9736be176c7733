"""What this piece of hardware is called and has: /etc/leither/board.json, written by the image build."""

import json

from appliance.board import BoardError
from appliance.board.messages import is_integer, is_text
from appliance.wifi.links import is_name

PATH = "/etc/leither/board.json"
FILE_MAX_BYTES = 16_384
INTERFACES_MAX = 8


def _is_path(value):
    return is_text(value, 200) and value.startswith("/") and "\0" not in value


def _is_word(value):
    return is_text(value, 64) and value != "" and value.isprintable() and "/" not in value and value not in (".", "..")


def _is_country(value):
    return type(value) is str and len(value) == 2 and value.isascii() and (value == "00" or (value.isalpha() and value.isupper()))


def _is_url(value):
    well = is_text(value, 200) and value.startswith(("http://", "https://"))
    return well and value.isascii() and value.isprintable() and "," not in value and " " not in value


def _is_disk(value):
    return value == "root" or _is_path(value)


def _or_none(check):
    return lambda value: value is None or check(value)


# name: (check, what is allowed, default)
MEMBERS = {
    "name": (_is_word, "a word", "device"),
    "disk": (_or_none(_is_disk), 'the path of a disk, "root" for the one this system runs from, or null', None),
    "slots": (lambda value: value in ("tryboot", "uboot", None), '"tryboot", "uboot" or null', None),
    "radio": (_or_none(is_name), "the name of a network interface, or null", None),
    "wired": (
        lambda value: type(value) is list and len(value) <= INTERFACES_MAX and all(is_name(name) for name in value),
        f"a list of at most {INTERFACES_MAX} names of network interfaces",
        (),
    ),
    "led": (_or_none(_is_word), "the name of a lamp in /sys/class/leds, or null", None),
    "country": (_is_country, "two capital letters, or 00", "00"),
    "wifi_folder": (_is_path, "a path", "/state/wifi"),
    "run_folder": (_is_path, "a path", "/run/leither"),
    "resolv": (_is_path, "a path", "/run/resolv.conf"),
    "captive_url": (_or_none(_is_url), "a URL, or null", None),
    # For a chip whose driver promises a station and an access point at once, and does not keep it.
    "radio_turns": (lambda value: type(value) is bool, "true or false", False),
    # Of others.
    "zram_mib": (lambda value: is_integer(value, 0, 65_536), "a whole number", 0),
    "state_folder": (_is_path, "a path", "/state/node"),
    "port": (lambda value: is_integer(value, 1, 65_535), "a TCP port", 80),
}


def read(path=PATH):
    """The members of the file with defaults filled in. Raises BoardError bad-board-file."""
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise BoardError("bad-board-file", f"{path} cannot be read: {error.strerror}. Is this a device of ours?") from None
    return parse(data, path)


def parse(data, where=PATH):
    """The members in the bytes of the file. Raises BoardError bad-board-file."""
    try:
        said = json.loads(data.decode()) if len(data) <= FILE_MAX_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if type(said) is not dict:
        raise BoardError("bad-board-file", f"{where} is one JSON object of at most {FILE_MAX_BYTES} bytes.")
    unknown = sorted(key for key in said if key not in MEMBERS)
    if unknown:
        raise BoardError("bad-board-file", f"{where} has members nobody reads; known: {', '.join(MEMBERS)}.")
    for key, value in said.items():
        check, allowed, _ = MEMBERS[key]
        if not check(value):
            raise BoardError("bad-board-file", f"{where}: {key} is {allowed}.")
    return {key: said.get(key, default) for key, (_, _, default) in MEMBERS.items()}
