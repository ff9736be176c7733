"""Argument parsing on argparse, with help pages that are meant to be read."""

import argparse
import re
import sys

from leither_edge.cli.failure import UsageError
from leither_edge.cli.output import columns_of, wants_color

HELP_WIDTH = 100
# An id may have a version and a path behind it.
KEY_OR_ID = re.compile(r"-([A-Za-z0-9_-]{26}(@[a-z0-9]+)?(:.*)?|[A-Za-z0-9_-]{47})", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are UsageError and whose help has headings, columns and examples.

    Args:
        summary: one sentence; the first line of the page.
        details: more sentences, a paragraph each.
        examples: (comment, command) pairs.
        usage_lines: forms of the command, without the program's name; made from the arguments when left out.
        sections: extra (heading, [(name, text)]) blocks after the commands.
        footer: the same, at the end of the page.
    """

    def __init__(self, *args, summary="", details=(), examples=(), usage_lines=(), sections=(), footer=(), **kwargs):
        kwargs.setdefault("add_help", False)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        self.summary, self.details, self.examples = summary, details, examples
        self.usage_lines, self.sections, self.footer = usage_lines, sections, footer
        self.groups = {}
        # Adds the sub-commands once they are asked for: most commands are of another family.
        self.later = None
        # Whether words that begin with a hyphen and are no option of ours are arguments: of a command that we only hand on.
        self.takes_any_word = False
        self.add_argument("-h", "--help", action="help", default=argparse.SUPPRESS, help="show this page")

    def command(self, name, summary, *, run=None, group="COMMANDS", **page):
        """Add a sub-command.

        Args:
            name: its word.
            summary: one sentence.
            run: "module:function" that does it, imported only then.
            group: heading under which the parent's help lists it.
            page: further arguments of Parser.
        """
        if self._subparsers is None:
            self._commands = self.add_subparsers(dest=f"command_{len(self.prog.split())}", metavar="COMMAND", parser_class=Parser)
        child = self._commands.add_parser(name, help=summary, summary=summary, prog=f"{self.prog} {name}", **page)
        child.set_defaults(run=run, parser=child)
        self.groups.setdefault(group, []).append((name, summary))
        return child

    def _complete(self):
        if self.later is not None:
            later, self.later = self.later, None
            later()

    def parse_known_args(self, args=None, namespace=None):
        self._complete()
        return super().parse_known_args(args, namespace)

    def _get_formatter(self):
        # argparse makes one for each argument, and would ask for the terminal's size each time.
        return argparse.HelpFormatter(self.prog, width=HELP_WIDTH)

    def children(self):
        """Return the sub-commands as {word: Parser}."""
        self._complete()
        return dict(self._commands.choices) if self._subparsers is not None else {}

    def _parse_optional(self, arg_string):
        # One id or key in 64 begins with a hyphen; no option of ours has the length of either.
        if KEY_OR_ID.fullmatch(arg_string) and arg_string not in self._option_string_actions:
            return None
        if self.takes_any_word and arg_string.partition("=")[0] not in self._option_string_actions:
            return None
        return super()._parse_optional(arg_string)

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            kind = "command" if isinstance(action, argparse._SubParsersAction) else f"value for {shown_name(action)}"
            raise UsageError(
                f"“{value}” is not a {kind}.",
                fix=f"{nearest(value, action.choices)}See: {self.prog} --help",
            )

    def error(self, message):
        """Turn argparse's message into a UsageError (exit code 2)."""
        message = message[:1].upper() + message[1:].rstrip(".")
        raise UsageError(f"{message}.", fix=f"{self._near_option(message)}See: {self.prog} --help")

    def _near_option(self, message):
        if not message.startswith("Unrecognized arguments: -"):
            return ""
        return nearest(message.split()[2], [word for action in self._actions for word in action.option_strings])

    def format_help(self):
        """Return the help page."""
        self._complete()
        style = Styled(wants_color(sys.stdout))
        room = min(columns_of(sys.stdout), HELP_WIDTH)
        blocks = ["\n\n".join(wrapped(text, room) for text in (self.summary, *self.details) if text)]
        blocks.append(style.heading("USAGE") + "".join(f"\n  {line}" for line in self._usage()))
        for heading, rows in self.groups.items():
            blocks.append(style.heading(heading) + style.columns(rows, room))
        for heading, rows in self.sections:
            blocks.append(style.heading(heading) + style.columns(rows, room))
        if self.examples:
            lines = []
            for comment, line in self.examples:
                lines += [f"\n  {style.dim('# ' + comment)}"] if comment else []
                lines.append(f"\n  {style.command('$ ' + line)}")
            blocks.append(style.heading("EXAMPLES") + "".join(lines))
        visible = [action for action in self._actions if action.help != argparse.SUPPRESS]
        arguments = [action for action in visible if not action.option_strings and not isinstance(action, argparse._SubParsersAction)]
        options = [action for action in visible if action.option_strings]
        for heading, actions in (("ARGUMENTS", arguments), ("OPTIONS", options)):
            if actions:
                blocks.append(style.heading(heading) + style.columns([(shown_name(a), a.help or "") for a in actions], room))
        for heading, rows in self.footer:
            blocks.append(style.heading(heading) + style.columns(rows, room))
        return "\n\n".join(blocks) + "\n"

    def _usage(self):
        if self.usage_lines:
            return [f"{self.prog} {line}" for line in self.usage_lines]
        parts = [self.prog]
        if self._subparsers is not None:
            return [f"{self.prog} COMMAND [OPTIONS]"]
        for action in self._actions:
            if not action.option_strings:
                name = action.metavar or action.dest.upper()
                many = "..." if action.nargs in ("+", "*") else ""
                parts.append(f"[{name}{many}]" if action.nargs in ("?", "*") else f"{name}{many}")
            elif action.required:
                parts.append(shown_name(action))
        return [" ".join([*parts, "[OPTIONS]"])]


class Styled:
    """Styles of the help page."""

    def __init__(self, color):
        self._color = color

    def _wrap(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def heading(self, text):
        """A block's title."""
        return self._wrap("1", text)

    def dim(self, text):
        """A comment."""
        return self._wrap("2", text)

    def command(self, text):
        """Something to type."""
        return self._wrap("36", text)

    def columns(self, rows, room):
        """Names on the left, text wrapped on the right."""
        left = min(max(len(name) for name, _ in rows) + 2, 34)
        out = []
        for name, text in rows:
            lines = wrapped(text, room - left - 2).splitlines() or [""]
            first = f"{self._wrap('36', name)}{' ' * max(left - len(name), 2)}"
            if len(name) + 2 > left:
                out.append(f"\n  {self._wrap('36', name)}\n  {' ' * left}{lines[0]}")
            else:
                out.append(f"\n  {first}{lines[0]}")
            out += [f"\n  {' ' * left}{line}" for line in lines[1:]]
        return "".join(out)


def shown_name(action):
    """How an option or argument stands in help: ``--key KEY``."""
    if not action.option_strings:
        return action.metavar or action.dest.upper()
    name = ", ".join(action.option_strings)
    value = action.metavar or action.dest.upper()
    return name if action.nargs == 0 else f"{name} {' '.join(value) if isinstance(value, tuple) else value}"


def wrapped(text, room):
    """Break text at spaces into lines of at most room columns."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def nearest(word, known):
    """Return "Did you mean …? " when a known word is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(word, [str(k) for k in known], n=1, cutoff=0.6)
    return f"Did you mean “{close[0]}”?\n" if close else ""
