"""The entry point of ``leither``: reads the command line, runs one command, turns every failure into plain words."""

import os
import sys

from leither_edge import __version__
from leither_edge.cli.failure import DONE, FAILED, Failure
from leither_edge.cli.output import Output, clean

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
    from leither_edge.cli.target import split_target

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


def version(home, out, args):
    """Print the version."""
    import platform

    out.result({"version": __version__, "python": platform.python_version()}, lambda: out.line(f"leither {__version__}"))


def debugging():
    """Whether tracebacks are wanted."""
    return os.environ.get("LEITHER_DEBUG") == "1"


if __name__ == "__main__":
    sys.exit(main())
