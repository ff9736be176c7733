"""Signs of life for whatever takes longer than a moment."""

import contextlib
import threading
import time

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
# Nothing moves on the screen for what is done at once.
PATIENCE_S = 0.8
FRAME_S = 0.1


@contextlib.contextmanager
def waiting(out, text):
    """Show a spinner with the seconds gone while the block runs, if it takes long and somebody watches; yields ``say(text)``.

    Args:
        out: Output.
        text: what is being waited for, without a full stop.
    """
    shown = [text]

    def say(text):
        shown[0] = text

    if out.as_json or not out.err.isatty():
        yield say
        return
    done = threading.Event()
    begin = time.monotonic()

    def spin():
        if done.wait(PATIENCE_S):
            return
        number = 0
        while True:
            gone = int(time.monotonic() - begin)
            frame = out.styled(FRAMES[number % len(FRAMES)], "cyan", stream=out.err)
            out.err.write(f"\r\x1b[K{frame} {shown[0]} {out.styled(f'{gone} s', 'dim', stream=out.err)}")
            out.err.flush()
            number += 1
            if done.wait(FRAME_S):
                break
        out.err.write("\r\x1b[K")
        out.err.flush()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield say
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def counting(out, text, total, done=0):
    """Show a progress bar; yields ``advance(text)``, to be called once for each thing done.

    Args:
        out: Output.
        text: what is counted.
        total: how many there are.
        done: how many were done before.
    """
    if out.as_json or not out.err.isatty():
        yield lambda note="": None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        state = [done]

        def advance(note=""):
            state[0] += 1
            out.err.write(f"\r\x1b[K{text} {state[0]}/{total} {note}")
            out.err.flush()

        try:
            yield advance
        finally:
            out.err.write("\r\x1b[K")
            out.err.flush()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30, complete_style="cyan", finished_style="green"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}", markup=True),
    )
    console = Console(file=out.err, highlight=False)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=total, completed=done, note="")
        yield lambda note="": bar.update(task, advance=1, note=note.replace("[", "\\["))
