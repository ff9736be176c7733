"""The entry point of ``leither``: reads the command line, runs one command, turns every failure into plain words."""

import os
import sys

from leither_edge.cli.failure import DONE, FAILED, Failure, UsageError
from leither_edge.cli.output import Output, clean

# Options that may stand before the device's name.
GLOBAL_FLAGS = ("--json",)
GLOBAL_VALUES = ("--home", "--timeout")
INTERRUPTED = 130


def main(arguments=None):
    """Run one command.

    Args:
        arguments: words after the program's name; those of the process unless given.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["__complete"]:
        from leither_edge.cli.completion import complete

        return complete(arguments[1:])
    out = Output("--json" in arguments)
    try:
        return dispatch(arguments, out)
    except Failure as error:
        if debugging():
            raise
        out.failure(error)
        return error.exit_code
    except KeyboardInterrupt:
        out.failure(Failure("Stopped.", code="stopped", exit_code=INTERRUPTED))
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, like `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ModuleNotFoundError as error:
        if debugging():
            raise
        out.failure(
            Failure(
                f"A part of this program is missing: {error.name}.",
                fix="Install it anew: pip install 'leither-edge[cli]'",
                code="missing-package",
            )
        )
        return FAILED
    except Exception as error:
        if debugging():
            raise
        reason = f"{type(error).__name__}: {clean(error, 300)}"
        out.failure(
            Failure(
                "That should not have happened: a mistake in this program.",
                reason,
                "See where it happened: LEITHER_DEBUG=1 leither …",
                code="internal",
            )
        )
        return FAILED


def dispatch(arguments, out):
    """Parse the words and run the command; returns its exit code."""
    from leither_edge.cli import grammar
    from leither_edge.cli.home import Home

    target, arguments = split_target(arguments)
    try:
        if target is None:
            args = grammar.build().parse_args(arguments)
        else:
            args = grammar.build_device(target).parse_args(arguments)
            args.target = target
    except SystemExit as end:
        return end.code or DONE
    if getattr(args, "version", False):
        args.run = "main:version"
    if args.run is None:
        args.parser.print_help()
        return DONE
    module, _, function = args.run.partition(":")
    import importlib

    run = getattr(importlib.import_module(f"leither_edge.cli.{module}"), function)
    return run(Home(getattr(args, "home", None)), out, args) or DONE


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


def version(home, out, args):
    """Print the version."""
    import platform

    number = installed_version()
    out.result({"version": number, "python": platform.python_version()}, lambda: out.line(f"leither {number}"))


def installed_version():
    """The version of the installed package, or of the source tree it runs from."""
    from importlib import metadata

    try:
        return metadata.version("leither-edge")
    except metadata.PackageNotFoundError:
        import leither_edge

        return getattr(leither_edge, "__version__", "0.1.0")


def debugging():
    """Whether tracebacks are wanted."""
    return os.environ.get("LEITHER_DEBUG") == "1"


if __name__ == "__main__":
    sys.exit(main())
