"""``leither ledger plot``: how a book grew, as a picture."""

import os
from collections import namedtuple

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.ledger_access import opened
from leither_edge.cli.ledger_head import first_pulse, head, header_at
from leither_edge.cli.ledger_place import find
from leither_edge.cli.progress import counting

KINDS = (".png", ".svg")
POINTS_MAX = 400
# Classes of matplotlib.
Drawing = namedtuple("Drawing", "figure days day_texts ticks")
INCHES, DOTS_PER_INCH = (9, 7), 120


def plot(home, out, args):
    """Draw accounts, points and transfers over time."""
    if not args.out.lower().endswith(KINDS):
        raise UsageError(f"{args.out} is neither a .png nor an .svg file.", fix="Name the picture like growth.png or growth.svg.")
    drawing = drawing_parts()
    with opened(find(home, args), args) as access:
        samples = sampled(access, out)
        name = access.folder and os.path.basename(access.folder) or access.address
    try:
        draw(drawing, samples, name).savefig(args.out, dpi=DOTS_PER_INCH)
    except OSError as error:
        raise Failure(f"{args.out} could not be written.", f"{error.strerror}.") from None
    facts = {"file": os.path.abspath(args.out), "points": len(samples), "from_pulse": samples[0][0].pulse, "to_pulse": samples[-1][0].pulse}
    out.result(facts, lambda: out.done(f"{args.out} shows pulses {facts['from_pulse']} to {facts['to_pulse']}."))


def drawing_parts():
    """What is used of matplotlib, or a Failure that says that it is missing."""
    try:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise Failure(
            "A picture needs the package “matplotlib”.", "It is not installed.", "Install it: pip install 'leither-edge[plot]'",
            code="missing-package",
        ) from None  # fmt: skip
    return Drawing(Figure, AutoDateLocator, ConciseDateFormatter, MaxNLocator)


def sampled(access, out):
    """[(Header, number of its transfers or None), ...] of pulses evenly apart, the first and the newest among them."""
    from leither_edge.ledger.errors import BookError

    now = head(access)
    first, last = first_pulse(access, now), now.header.pulse
    count = min(POINTS_MAX, last - first + 1)
    pulses = sorted({first + (last - first) * number // max(count - 1, 1) for number in range(count)})
    samples = []
    with counting(out, "Reading pulses", len(pulses)) as advance:
        for pulse in pulses:
            try:
                transfers = len(access.ask("transactions", pulse=pulse)["transactions"])
            except (BookError, Failure) as error:
                if error.code not in ("purged", "not-keeper"):
                    raise
                transfers = None
            samples.append((header_at(access, now.certificate, pulse), transfers))
            advance()
    return samples


def draw(drawing, samples, name):
    """The figure of samples."""
    from datetime import datetime

    times = [datetime.fromtimestamp(header.time).astimezone() for header, _ in samples]
    figure = drawing.figure(figsize=INCHES, layout="constrained")
    figure.suptitle(f"{name}: pulses {samples[0][0].pulse} to {samples[-1][0].pulse}")
    axes = figure.subplots(3, sharex=True)
    lines = (
        ("Accounts", [header.accounts for header, _ in samples]), ("Points", [header.total for header, _ in samples]),
        ("Transfers a pulse", [count for _, count in samples]),
    )  # fmt: skip
    for axis, (title, values) in zip(axes, lines, strict=True):
        known = [(time, value) for time, value in zip(times, values, strict=True) if value is not None]
        axis.plot([time for time, _ in known], [value for _, value in known], drawstyle="steps-post", linewidth=1.5)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
        axis.yaxis.set_major_locator(drawing.ticks(integer=True))
        axis.grid(alpha=0.3)
    days = drawing.days(tz=times[0].tzinfo)
    axes[-1].xaxis.set_major_locator(days)
    axes[-1].xaxis.set_major_formatter(drawing.day_texts(days, tz=times[0].tzinfo))
    return figure
