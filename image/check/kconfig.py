"""Lines of Kconfig's results: fragments, defconfigs and finished .config files.

Source: the kernel's Documentation/kbuild/kconfig-language.rst and kconfig.rst.
"""

import re
from collections import namedtuple

# value: "y", "m", "n", a number as written, or text with its quotes.
Setting = namedtuple("Setting", "symbol value line")

_SET = re.compile(r"(BR2_\w+|CONFIG_\w+)=(.*)")
_OFF = re.compile(r"# (BR2_\w+|CONFIG_\w+) is not set")
_OFF_MEANT = re.compile(r"#\s*(BR2_\w+|CONFIG_\w+)\s*(is not set|=)")
_VALUE = re.compile(r'[ymn]|-?\d+|0[xX][0-9a-fA-F]+|"(?:[^"\\]|\\.)*"')
_KINDS = {
    "b": ("y or n", re.compile(r"[yn]")),
    "t": ("y, m or n", re.compile(r"[ymn]")),
    "s": ("text in quotes", re.compile(r'".*"')),
    "i": ("a whole number", re.compile(r"-?\d+")),
    "h": ("a number such as 0x4000", re.compile(r"0[xX][0-9a-fA-F]+")),
}


def parse(text):
    """(settings, problems) of a file's text; problems are (line, sentence). Comments and empty lines are passed over."""
    settings, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        found = _OFF.fullmatch(line)
        if found:
            settings.append(Setting(found[1], "n", number))
        elif line.startswith("#"):
            meant = _OFF_MEANT.match(line)
            if meant:
                problems.append((number, f"neither a comment nor a setting: write `# {meant[1]} is not set`, or {meant[1]}=..."))
        elif line.strip():
            found = _SET.fullmatch(line)
            if found and _VALUE.fullmatch(found[2]):
                settings.append(Setting(found[1], found[2], number))
            else:
                problems.append((number, f"not a setting: {line.strip()[:60]!a}; write SYMBOL=y, =m, a number or text in quotes"))
    return settings, problems


def written(symbol, value):
    """The line that sets a symbol."""
    return f"# {symbol} is not set" if value == "n" else f"{symbol}={value}"


def same(one, other):
    """True if two values mean the same, whatever base a number is in."""
    return one == other or (_number(one) is not None and _number(one) == _number(other))


def _number(value):
    try:
        return int(value, 0)
    except ValueError:
        return None


def unfit(kind, value):
    """What a symbol of this kind wants instead of ``value``, or None. kind: a letter of the symbol lists; others take anything."""
    wanted, pattern = _KINDS.get(kind, (None, None))
    if wanted is None or pattern.fullmatch(value):
        return None
    return wanted
