"""How far a long work is: bytes, rate, time left."""

import contextlib
import time

from leither_edge.cli.card_progress import SHOW_EVERY_S, Rate
from leither_edge.cli.figures import size
from leither_edge.cli.output import clean, columns_of, cut

# What is done sooner needs no bar.
PATIENCE_S = 2.0


def bytes_text(count):
    """A number of bytes for people."""
    if count is None:
        return "-"
    return f"{count} B" if count < 1024 else size(count / 1024)


def plural(count, word, words=None):
    """``1 file``, ``2 files``."""
    return f"{count} {word if count == 1 else words or word + 's'}"


@contextlib.contextmanager
def moving(out, text, total=None):
    """Show a bar once the block takes longer than a moment, if somebody watches; yields ``tell(done, note="")``.

    Args:
        out: Output.
        text: what is being done, without a full stop.
        total: bytes in all, None where nobody knows.
    """
    if out.as_json or not out.err.isatty():
        yield lambda done, note="": None
        return
    rate, shown, begin = Rate(total), [False, 0.0], time.monotonic()

    def tell(done, note=""):
        now = time.monotonic()
        rate.add(done - rate.done, now)
        if now - begin < PATIENCE_S or now - shown[1] < SHOW_EVERY_S:
            return
        shown[:] = True, now
        line = rate.text() if total else bytes_text(done) + (f"  {rate.per_second / 1e6:.1f} MB/s" if rate.per_second else "")
        line = f"{text}  {line}  {clean(note, 200)}".rstrip()
        out.err.write(f"\r\x1b[K{cut(line, columns_of(out.err) - 1)}")
        out.err.flush()

    try:
        yield tell
    finally:
        if shown[0]:
            out.err.write("\r\x1b[K")
            out.err.flush()
