"""What a device's refusal means to a person, and what helps."""

# code -> (what, fix); {name} is the device, {verb} the verb.
MEANINGS = {
    "wrong-device": ("The command was for another device.", "Check the address: leither remote move {name} ADDRESS"),
    "unknown-key": (
        "{name} does not know your key.",
        "If you own it, sign with its owner key: --key KEY\n"
        "If not, ask its owner for a pass: leither remote pass create --new-controller FILE",
    ),
    "bad-signature": (
        "{name} found the signature wrong.",
        "Try again; if it stays so, make a new pass: leither remote pass create --this-computer",
    ),
    "revoked": ("{name} no longer accepts your key: it was revoked.", "Ask the owner for a new pass."),
    "old-keyset": ("The keys of {name} have changed.", "Try again."),
    "replay": (
        "{name} has already seen a newer command of your key.",
        "Another computer may use a copy of this key, or this computer's clock was set back.\n"
        "Set the clock, or give each computer its own key: leither remote pass create --new-controller FILE",
    ),
    "stale": ("The command is older than {name} remembers.", "Check the clock of this computer, then try again."),
    "busy": ("{name} is doing too many things at once.", "Try again in a minute."),
    "expired": ("The command came too late for {name}.", "Check the clock of this computer, then try again."),
    "future": ("The command is dated in the future for {name}.", "Check the clock of this computer, then try again."),
    "unknown-verb": ("{name} does not know the verb “{verb}”.", "It may need an update."),
    "not-allowed": (
        "Your key may not do “{verb}” on {name}.",
        "Sign with the owner key: --key KEY, or ask the owner for a pass with more rights.",
    ),
    "challenge-required": ("{name} wants its challenge answered.", "Try again."),
    "challenge-wrong": ("The challenge of {name} was used or too old.", "Try again."),
    "bad-pass": (
        "{name} does not accept your pass.",
        "Make a new one with the owner key: leither remote pass create --this-computer --only {name}",
    ),
    "pass-expired": (
        "Your pass for {name} has ended.",
        "Renew it with the owner key: leither remote pass create --this-computer --only {name}",
    ),
    "unclaimed": ("{name} has no owner yet.", "Claim it: leither remote claim {name}"),
    "malformed": ("{name} could not read the command.", "It may need an update, or this tool does."),
    "bad-argument": ("{name} cannot do “{verb}” with what it was given.", "Give another value."),
    "storage": (
        "{name} did not do “{verb}”: it cannot write.",
        "Try again; if it stays so, start it again (leither remote {name} reboot): for that it keeps room.",
    ),
    "too-large": ("The command is too large for {name}.", "Give fewer or shorter values."),
}


def explained(name, verb, code):
    """Return (what, fix) of a refusal.

    Args:
        name: the user's name of the device.
        verb: what it was asked.
        code: the refusal's code.
    """
    what, fix = MEANINGS.get(code, ("{name} refused “{verb}”.", ""))
    return what.format(name=name, verb=verb), fix.format(name=name, verb=verb)
