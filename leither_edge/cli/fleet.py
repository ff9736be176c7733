"""One command to every device of a group: at once, with a bar, a table of answers, and a way to carry on."""

import queue
import threading
import time

from leither_edge.cli import show
from leither_edge.cli.failure import DONE, FAILED, UNREACHABLE, Failure, UnreachableError, UsageError
from leither_edge.cli.output import clean, plain
from leither_edge.cli.progress import counting

AT_ONCE = 16


def run(context, make_target):
    """Do a verb at every device of a group.

    Args:
        context: remote_run.Context.
        make_target: (context, name, signer) -> Target.

    Returns:
        exit code: 0 when all did it, else the one all failures share, else 1.
    """
    args, out, journal = context.args, context.out, context.journal
    group = args.target[1:]
    names = context.book.group(group)
    if getattr(args, "follow", False):
        raise UsageError("One log at a time can be followed.", fix="Name one device, or leave --follow out.")
    resumed = journal.load()
    if resumed and not args.resume:
        out.note(f"An earlier run of this was broken off ({journal.answers} had answered). This is a new one; --resume would carry on.")
    elif args.resume and not resumed:
        out.note("Nothing was left unfinished; sending it now.")
    resumed = resumed and args.resume
    context.prepare()
    rows = {name: journal.row_of(name) for name in names} if resumed else dict.fromkeys(names)
    waiting = [name for name in names if rows[name] is None]
    journal.begin(fresh=not resumed)
    finished = False
    try:
        signers = {name: choose(context, name) for name in waiting}
        with counting(out, " ".join(context.verb.words), len(names), len(names) - len(waiting)) as advance:
            for name, row in answers(context, make_target, signers, resumed):
                rows[name] = row
                if row["exit_code"] == DONE:
                    context.finish(name)
                if row["exit_code"] != UNREACHABLE:
                    journal.answered(name, row)
                advance(name)
        finished = not any(row["exit_code"] == UNREACHABLE for row in rows.values())
    except KeyboardInterrupt:
        answered = sum(row is not None for row in rows.values())
        raise Failure(
            f"Stopped: {answered} of {len(names)} had answered.",
            fix="Carry on with the same command and --resume: nothing is done twice.",
            exit_code=130,
            code="stopped",
        ) from None
    finally:
        journal.close(finished)
    return report(context, group, names, rows)


def choose(context, name):
    """The Signer for a device, or the Failure to show in its row."""
    try:
        return context.signer(name)
    except UsageError as error:
        if error.code in ("no-key", "which-key"):
            return error
        raise


def answers(context, make_target, signers, resumed):
    """Yield (name, row) as devices answer."""
    todo, done = queue.SimpleQueue(), queue.SimpleQueue()
    for item in signers.items():
        todo.put(item)

    def work():
        while True:
            try:
                name, signer = todo.get_nowait()
            except queue.Empty:
                return
            done.put((name, ask(context, make_target, name, signer, resumed)))

    # Daemons: Ctrl-C must not wait for the slowest device; what was sent is in the journal.
    for _ in range(min(AT_ONCE, len(signers))):
        threading.Thread(target=work, daemon=True).start()
    for _ in signers:
        yield done.get()


def ask(context, make_target, name, signer, resumed):
    """One device's row."""
    begin = time.monotonic()
    row = {"device": name, "status": "done", "exit_code": DONE}
    # Bytes of the run that is carried on may have arrived then, whatever happens now.
    unfinished = resumed and context.journal.bytes_of(name) is not None
    try:
        if isinstance(signer, Failure):
            raise signer
        target = make_target(context, name, signer)
        row["result"] = plain(target.resume() if unfinished else context.run(target, context.args))
        row["via"] = target.controller.delivery.via
    except Failure as error:
        if isinstance(error, UnreachableError) and not (unfinished or error.maybe_arrived):
            context.journal.never_left(name)
        row.update(
            status=error.details.get("status") if isinstance(error.details.get("status"), str) else error.code, exit_code=error.exit_code
        )
        row["error"] = {"code": error.code, "message": error.what, "why": error.why}
    except Exception as error:
        row.update(
            status="internal",
            exit_code=FAILED,
            error={"code": "internal", "message": f"{type(error).__name__}: {clean(error, 200)}", "why": ""},
        )
    row["took_ms"] = round((time.monotonic() - begin) * 1000)
    return row


def report(context, group, names, rows):
    """Print the table of answers; returns the exit code."""
    out = context.out
    codes = {rows[name]["exit_code"] for name in names} - {DONE}
    good = sum(rows[name]["exit_code"] == DONE for name in names)
    silent = [name for name in names if rows[name]["exit_code"] == UNREACHABLE]
    exit_code = DONE if not codes else codes.pop() if len(codes) == 1 else FAILED
    value = {
        "group": group, "verb": " ".join(context.verb.words), "done": good, "not_done": len(names) - good,
        "unreachable": silent, "devices": [rows[name] for name in names],
    }  # fmt: skip

    def table():
        show.fleet(out, context.verb, [rows[name] for name in names])
        out.line()
        if good == len(names):
            out.done(f"All {good} devices of @{group} did it." if good > 1 else f"The one device of @{group} did it.")
        else:
            out.line(f"{out.styled(f'{good} of {len(names)}', 'bold', 'yellow')} devices of @{group} did it.")
        if silent:
            out.next_step("Ask those again that did not answer; nothing is done twice:", f"leither remote @{group} … --resume")

    out.result(value, table)
    return exit_code
