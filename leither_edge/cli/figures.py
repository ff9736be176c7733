"""Values from a device as text: sizes, spans, moments, bars. Whatever comes in, something harmless comes out."""

import time

from leither_edge.cli.output import clean

BAR_CELLS = 20
# Beyond this a time is nonsense, and the C library may refuse it.
TIME_MAX = 1 << 36


def flat(value):
    """A result on one line."""
    if not value:
        return ""
    return clean(" ".join(f"{key}={item}" for key, item in value.items()), 400)


def scalar(item):
    """One value as text."""
    if item is None:
        return "-"
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, bytes):
        return item.hex()
    if isinstance(item, list):
        return ", ".join(scalar(entry) for entry in item) or "-"
    return clean(item)


def number(value, default=0):
    """A number from an answer, or the default."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def table_of(value):
    """A map from an answer, or an empty one."""
    return value if isinstance(value, dict) else {}


def span(seconds):
    """A time span in its two largest units."""
    seconds = max(0, int(number(seconds)))
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[:2])


def size(kib):
    """A size given in KiB."""
    for unit in ("KiB", "MiB", "GiB"):
        if kib < 1024 or unit == "GiB":
            return f"{kib:.0f} {unit}" if kib >= 10 or unit == "KiB" else f"{kib:.1f} {unit}"
        kib /= 1024
    return ""


def moment(timestamp):
    """A device's time in this computer's zone."""
    timestamp = number(timestamp)
    if not 0 < timestamp < TIME_MAX:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(timestamp))


def short_moment(timestamp):
    """The same without the year, for log lines."""
    return moment(timestamp)[5:] or "-"


def bar(out, used, most):
    """A bar with a percentage, warmer as it fills."""
    share = min(max(used / most, 0), 1) if most else 0
    full = round(share * BAR_CELLS)
    style = "red" if share > 0.9 else "yellow" if share > 0.75 else "green"
    cells = out.styled("█" * full, style) + out.styled("░" * (BAR_CELLS - full), "dim")
    return f"{cells}  {share:4.0%}  {size(used)} of {size(most)}"


def versions_text(versions):
    """Names and versions in one line, our own first."""
    versions = table_of(versions)
    names = sorted(versions, key=lambda name: (name not in ("leither", "node"), str(name)))
    return ", ".join(f"{clean(name, 32)} {clean(versions[name], 32)}" for name in names)
