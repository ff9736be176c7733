"""How far work between nodes is: bytes, rate, time left, from whom."""

import contextlib
import time

from leither_edge.cli.card_progress import Rate
from leither_edge.cli.figures import span
from leither_edge.cli.mimei_progress import bytes_text
from leither_edge.cli.output import clean, columns_of, cut
from leither_edge.cli.progress import FRAMES

PROVIDERS_SHOWN = 3
# What is less says nothing of a line.
RATE_MIN_BYTES = 1 << 20


@contextlib.contextmanager
def shown(out, text):
    """Show one line that changes while the block runs, if somebody watches; yields ``show(progress)``.

    Args:
        out: Output.
        text: what is being done, without a full stop, until the work itself says more.
    """
    if out.as_json or not out.err.isatty():
        yield lambda progress: None
        return
    rate, begin = Rate(None), time.monotonic()

    def show(progress):
        now = time.monotonic()
        frame = out.styled(FRAMES[int((now - begin) * 2) % len(FRAMES)], "cyan", stream=out.err)
        out.err.write(f"\r\x1b[K{frame} {cut(line(text, progress, rate, now), columns_of(out.err) - 3)}")
        out.err.flush()

    try:
        yield show
    finally:
        out.err.write("\r\x1b[K")
        out.err.flush()


def line(text, progress, rate, now):
    """One line of text for {doing, done, total, providers, note}, each of which may be missing. rate: Rate; now: monotonic seconds."""
    text = clean(progress.get("doing") or text, 80)
    done, total = progress.get("done"), progress.get("total")
    if isinstance(done, int) and done >= 0:
        if done < rate.done:
            rate.__init__(None)
        rate.add(done - rate.done, now)
        rate.total = total if isinstance(total, int) and total > 0 else None
        if rate.total:
            text += f"  {rate.text()}  {bytes_text(min(done, total))} of {bytes_text(total)}"
        elif done:
            text += f"  {bytes_text(done)}" + (f"  {rate.per_second / 1e6:.1f} MB/s" if rate.per_second else "")
    providers = progress.get("providers")
    if isinstance(providers, list) and providers:
        names = [clean(name, 30) for name in providers[:PROVIDERS_SHOWN]]
        more = len(providers) - len(names)
        text += f"  from {', '.join(names)}" + (f" and {more} more" if more else "")
    note = progress.get("note")
    return text + (f"  {clean(note, 200)}" if note else "")


def took(seconds, count):
    """``in 3 s, 12.1 MB/s`` for work that is done; nothing where it was at once."""
    if seconds < 1:
        return ""
    return f" in {span(seconds)}" + (f", {count / seconds / 1e6:.1f} MB/s" if count >= RATE_MIN_BYTES else "")
