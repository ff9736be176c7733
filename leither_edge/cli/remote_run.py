"""``leither remote NAME VERB``: one device, or every device of a group at once."""

import contextlib
import importlib
import time

from leither_edge.cli import fleet, keyring, show, verb_runs
from leither_edge.cli.book import Book
from leither_edge.cli.controller import Controller
from leither_edge.cli.dht_way import Ways
from leither_edge.cli.failure import UnreachableError
from leither_edge.cli.journal import Journal
from leither_edge.cli.progress import waiting
from leither_edge.cli.signers import Signers
from leither_edge.cli.verbs import find_verb

# Arguments that do not make it another command.
NOT_IN_KEY = (
    "json",
    "home",
    "timeout",
    "resume",
    "key",
    "passphrase_file",
    "new_owner_passphrase_file",
    "yes",
    "target",
    "run",
    "parser",
    "follow",
    "every",
    "verb_words",
    "via",
)


class Target:
    """One device under one verb of the command line.

    Attributes: name, book, controller.
    """

    def __init__(self, context, name, signer):
        self.name, self.book = name, context.book
        self._context, self._signer = context, signer
        self.controller = Controller(context.home, context.book, context.out, name, context.timeout, ways=context.ways)
        self.answer = None

    def call(self, verb, arguments, keep=False):
        """Have a command done; returns the result map of the answer."""
        wanted = self._context.verb
        keep = keep or wanted.verb is None or (wanted.keeps and verb == wanted.verb)
        self.answer = self.controller.call(verb, arguments, self._signer, self._context.journal if keep else None)
        return self.answer.result

    def resume(self):
        """Send the unanswered bytes of an earlier run again; returns the result map."""
        self.answer = self.controller.call(self._context.verb.verb, {}, self._signer, self._context.journal, resume=True)
        return self.answer.result

    def root_signers(self):
        """The Signers of ``--with-roots``, none without."""
        return self._context.root_signers()

    def owner_signer(self):
        """The Signer of the device's owner key."""
        return self._signer


class Context:
    """What a run needs: home, book, out, args, verb, journal, signers, timeout, ways."""

    def __init__(self, home, out, args):
        self.home, self.out, self.args = home, out, args
        self.verb = find_verb(args.verb_words)
        self.book = Book(home)
        self.timeout = getattr(args, "timeout", None) or self.verb.timeout or None
        self.ways = Ways(home, out, args.via, getattr(args, "timeout", None))
        self._roots = getattr(args, "with_roots", None) or ()
        self.signers = Signers(self.book, out, self._roots[0] if self._roots else args.key, args.passphrase_file)
        typed = {key: value for key, value in vars(args).items() if key not in NOT_IN_KEY and not key.startswith("command_")}
        self.journal = Journal(home, args.target, " ".join(self.verb.words), typed)
        module, _, self._function = self.verb.run.rpartition(":")
        self._module = importlib.import_module(f"leither_edge.cli.{module or 'verb_runs'}")
        self.run = getattr(self._module, self._function)
        args.home_object = home

    def prepare(self):
        """Let the verb read its words and ask its questions, once, before anything is sent."""
        prepare = getattr(self._module, f"prepare_{self._function}", None)
        if prepare:
            prepare(self.args, self.out, self.args.target)

    def finish(self, name):
        """Let the verb note here what a device has done."""
        finish = getattr(self._module, f"finish_{self._function}", None)
        if finish:
            finish(self.home, self.args, name)

    def signer(self, name):
        """The Signer for a device."""
        self.root_signers()
        owner_only = self.verb.owner or getattr(self.args, "owner", False)
        return self.signers.choose(name, self.verb.verb or self.args.verb, owner_only)

    def root_signers(self):
        """The Signers of ``--with-roots``; their passphrases are asked for at the first call."""
        return [self.signers.unlock(keyring.find_key(self.book, name)) for name in self._roots]


def run(home, out, args):
    """Do one verb."""
    context = Context(home, out, args)
    try:
        if args.target.startswith("@"):
            return fleet.run(context, Target)
        return single(context)
    finally:
        context.ways.close()


def single(context):
    """One device: send, check, show."""
    args, out, name = context.args, context.out, context.args.target
    context.book.remote(name)
    follows = getattr(args, "follow", False)
    unfinished = args.resume and context.journal.load() and context.journal.bytes_of(name)
    if args.resume and not unfinished:
        out.note("Nothing was left unfinished; sending it now.")
    if not unfinished:
        context.prepare()
    target = Target(context, name, context.signer(name))
    if follows:
        with contextlib.suppress(KeyboardInterrupt):
            verb_runs.follow(target, args, lambda line: show.log_line(out, line), out.note)
        return None
    if context.verb.keeps:
        context.journal.begin(fresh=not unfinished)
    finished = True
    begin = time.monotonic()
    try:
        with waiting(out, f"Waiting for {name}") as context.ways.say:
            result = target.resume() if unfinished else context.run(target, args)
        context.finish(name)
    except UnreachableError as error:
        # Whether it was done is known only from the device's answer; the same bytes ask for it.
        finished = context.journal.bytes_of(name) is None or not (unfinished or error.maybe_arrived)
        error.fix += f"\nIf it has moved: leither remote move {name} ADDRESS"
        if not finished:
            error.fix += "\nIt may have been done, or not. Ask for the answer, without doing it twice, by the same command with --resume."
        raise
    except (KeyboardInterrupt, SystemExit):
        finished = context.journal.bytes_of(name) is None
        raise
    finally:
        if context.verb.keeps:
            context.journal.close(finished)
    row = done_row(target, context.verb, result, begin)
    out.result(row, lambda: show.single(out, context.verb, name, result, args))
    return None


def done_row(target, verb, result, begin):
    """A finished command for JSON."""
    answer = target.answer
    return {
        "device": target.name,
        "verb": " ".join(verb.words),
        "status": "done",
        "result": result,
        "device_time": answer.device_time,
        "command_id": answer.command_id.hex(),
        "audit": [answer.audit[0], answer.audit[1].hex()] if answer.audit else None,
        "took_ms": round((time.monotonic() - begin) * 1000),
        **way_row(target),
    }


def way_row(target):
    """By which way a device answered, for JSON."""
    delivery = target.controller.delivery
    return {"via": delivery.via, **({delivery.via: delivery.facts} if delivery.facts else {})}
