"""What each verb does: the signed commands it takes and the answer it gives. ``show`` modules print it."""

import json
import time

from leither_edge.cli.failure import Failure, UnreachableError, UsageError
from leither_edge.cli.prompt import ask_secret, confirm, interactive, read_limited

WIFI_PASSPHRASE_MAX = 64
CONFIG_TRUE, CONFIG_FALSE = ("true", "yes", "on"), ("false", "no", "off")
# Settings that are text even when they look like a number or a truth value.
CONFIG_TEXT = (
    "name", "language", "reach", "dht_network", "dht_bootstrap", "mimei", "mimei_users", "mimei_labels", "peers", "timezone",
    "tunnel_offer",
)  # fmt: skip
LOG_FOLLOW_AT_ONCE = 200


def status(target, args):
    """The device's state."""
    return target.call("status", {})


def logs(target, args):
    """The newest lines."""
    return target.call("logs", {"limit": args.lines})


def follow(target, args, emit, warn):
    """Call ``emit(line)`` for every new line of the log until the user stops; ``warn(text)`` when the device is lost."""
    newest, lost = 0, False
    batch = logs(target, args).get("lines") or []
    while True:
        for line in batch:
            newest = max(newest, number_of(line))
            emit(line)
        time.sleep(args.every)
        try:
            batch = target.call("logs", {"after": newest, "limit": LOG_FOLLOW_AT_ONCE}).get("lines") or []
            if lost and not batch and number_of((target.call("logs", {"limit": 1}).get("lines") or [None])[-1]) < newest:
                # It started anew, and so did the numbers of its lines.
                newest, batch = 0, logs(target, args).get("lines") or []
            lost = False
        except UnreachableError as error:
            if not lost:
                warn(f"{error.what} Waiting until it is back.")
            lost, batch = True, []


def number_of(line):
    """The number of a log line, 0 where it has none."""
    number = line.get("n") if isinstance(line, dict) else None
    return number if type(number) is int else 0


def config_get(target, args):
    """The settings."""
    result = target.call("config-get", {})
    config = result.get("config")
    if not isinstance(config, dict):
        raise Failure(f"{target.name} sent no settings.", "Its answer is signed, but empty.", "It may need an update.")
    if args.name is not None:
        if args.name not in config:
            raise UsageError(f"There is no setting “{args.name}”.", fix=f"There are: {', '.join(sorted(map(str, config)))}")
        return {"name": args.name, "value": config[args.name]}
    return result


def config_set(target, args):
    """Change settings."""
    return target.call("config-set", args.change)


def prepare_config_set(args, out, target):
    """Read KEY=VALUE words."""
    args.change = {}
    for word in args.settings:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UsageError(f"“{word}” is not a setting.", fix="Write it as KEY=VALUE, for example language=en.")
        if name in args.change:
            raise UsageError(f"“{name}” is given twice.", fix="Give each setting once.")
        args.change[name] = text if name in CONFIG_TEXT else scalar(text)


def scalar(text):
    """A number, a truth value, or the text itself."""
    if text.lower() in CONFIG_TRUE:
        return True
    if text.lower() in CONFIG_FALSE:
        return False
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 17 else text


def reboot(target, args):
    """Restart."""
    return target.call("reboot", {})


def prepare_reboot(args, out, target):
    """A group is restarted only after a question."""
    if target.startswith("@") and not args.yes:
        confirm(f"Every device of {target} will start again.", target[1:], out)


def identify(target, args):
    """Blink."""
    return target.call("identify", {"seconds": args.seconds})


def collect(target, args):
    """Delete blocks that nothing reaches."""
    return target.call("mimei-collect", {})


def wifi_scan(target, args):
    """Networks in reach."""
    return target.call("wifi-scan", {})


def wifi_join(target, args):
    """Join a network."""
    return target.call("wifi-set", {"ssid": args.ssid, "passphrase": args.wifi_passphrase, "hidden": args.hidden})


def prepare_wifi_join(args, out, target):
    """Get the network's passphrase before anything is sent."""
    if args.open:
        args.wifi_passphrase = ""
    elif args.wifi_passphrase_file:
        data = read_limited(args.wifi_passphrase_file, 4 * WIFI_PASSPHRASE_MAX, "Passphrase file")
        args.wifi_passphrase = (data.decode("utf-8", "replace").splitlines() or [""])[0]
    elif interactive() and not out.as_json:
        args.wifi_passphrase = ask_secret(f"Passphrase of the network “{args.ssid}”: ")
    else:
        raise UsageError(
            "The network's passphrase is needed, and nobody is here to type it.",
            fix="Give it with --wifi-passphrase-file FILE, or say --open.",
        )
    size = len(args.wifi_passphrase)
    if not args.open and not 8 <= size <= WIFI_PASSPHRASE_MAX:
        raise UsageError("A Wi-Fi passphrase has 8 to 63 characters.", fix="Check it; for a network without one say --open.")


def wifi_forget(target, args):
    """Forget the network."""
    return target.call("wifi-forget", {})


def prepare_wifi_forget(args, out, target):
    """Ask first: the device may be out of reach afterwards."""
    if not args.yes:
        confirm(
            "The device leaves its network. If it has no cable it will only be reachable at its own access point.", target.lstrip("@"), out
        )


def sign_in(target, args):
    """Let a browser in."""
    return target.call("sign-in", {"code": args.code.strip()})


def factory_reset(target, args):
    """Wipe the device."""
    return target.call("factory-reset", {})


def prepare_factory_reset(args, out, target):
    """The device's name must be typed."""
    if not args.yes:
        confirm(f"Everything on {target} will be wiped: data, settings, owner, identity. This cannot be undone.", target, out)


def call(target, args):
    """Any verb."""
    return target.call(args.verb, args.values)


def prepare_call(args, out, target):
    """Read KEY=VALUE and KEY:=JSON words."""
    args.values = {}
    for word in args.arguments:
        name, equals, text = word.partition("=")
        if not equals or not name.rstrip(":"):
            raise UsageError(f"“{word}” is not an argument.", fix="Write KEY=TEXT, or KEY:=JSON for numbers, true, false and lists.")
        if name.endswith(":"):
            try:
                args.values[name[:-1]] = json.loads(text)
            except (ValueError, RecursionError):
                raise UsageError(f"“{text}” is not JSON.", fix='Examples: seconds:=5  hidden:=true  verbs:=["status"]') from None
        else:
            args.values[name] = text
