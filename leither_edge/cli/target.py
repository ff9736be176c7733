"""Which device or group the words of a command line are for."""

from leither_edge.cli.failure import UsageError

# Options that may stand before the device's name.
GLOBAL_FLAGS = ("--json",)
GLOBAL_VALUES = ("--home", "--timeout")


def split_target(arguments):
    """Find ``remote NAME ...`` or ``remote --group G ...``.

    Returns:
        (NAME or @GROUP, the words without both), or (None, the words) for every other command.
    """
    from leither_edge.cli.book import RESERVED

    before, rest = leading_options(arguments)
    if rest[:1] != ["remote"]:
        return None, arguments
    group = None
    after, rest = [], rest[1:]
    while rest and rest[0].startswith("-"):
        if rest[0] in ("--group", "-g") or rest[0].startswith("--group="):
            word, equals, group = rest[0].partition("=")
            if not equals:
                if len(rest) < 2 or rest[1].startswith("-"):
                    raise UsageError("--group needs the name of a group.", fix="See your groups: leither remote group list")
                group = rest[1]
            rest = rest[1 if equals else 2 :]
            continue
        options, remaining = leading_options(rest)
        if not options:
            return None, arguments
        after, rest = after + options, remaining
    if group is not None:
        return f"@{group}", before + after + rest
    if not rest or rest[0].startswith("-") or rest[0] in RESERVED:
        return None, arguments
    return rest[0], before + after + rest[1:]


def leading_options(words):
    """Take the general options off the front: (options, the rest)."""
    taken = 0
    while taken < len(words):
        word = words[taken]
        if word in GLOBAL_FLAGS or word.partition("=")[0] in GLOBAL_VALUES and "=" in word:
            taken += 1
        elif word in GLOBAL_VALUES and taken + 1 < len(words):
            taken += 2
        else:
            break
    return words[:taken], words[taken:]
