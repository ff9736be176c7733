"""Questions to the user, and passphrases from wherever they may come."""

import os
import sys

from leither_edge.cli.failure import CancelledError, Failure, UsageError

PASSPHRASE_MIN = 8
PASSPHRASE_MAX = 1024
TRIES = 3


def interactive():
    """Whether there is a person to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question):
    """Ask a question on the terminal and return the answer without outer spaces."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise CancelledError("Nothing was entered, so nothing was done.")
    return line.strip()


def ask_secret(question):
    """Ask without showing what is typed."""
    import getpass

    try:
        return getpass.getpass(question)
    except EOFError:
        raise CancelledError("Nothing was entered, so nothing was done.") from None


def confirm(question, expected, out, flag="--yes"):
    """Let the user type a word before something that cannot be undone.

    Args:
        question: what will happen, one or two sentences.
        expected: the word to type.
        out: Output.
        flag: option that answers for scripts.
    """
    if out.as_json or not interactive():
        raise UsageError(f"{question} Nobody is here to confirm that.", fix=f"Add {flag} if you are sure.", code="needs-confirmation")
    print(f"{out.styled('!', 'yellow', 'bold', stream=out.err)} {question}", file=out.err)
    if ask(f"  Type {out.styled(expected, 'bold', stream=out.err)} to go on: ") != expected:
        raise CancelledError("That was something else, so nothing was done.")


def read_limited(path, limit, what):
    """Read a small file, or standard input for ``-``."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise Failure(f"{what} {path} could not be read.", error.strerror) from None
    if len(data) > limit:
        raise Failure(f"{path} is too large to be {what.lower()}.", f"More than {limit} bytes.")
    return data


def given_passphrase(file):
    """Return the passphrase of ``--passphrase-file`` or LEITHER_PASSPHRASE, or None."""
    if file:
        text = read_limited(file, PASSPHRASE_MAX, "Passphrase file").splitlines()
        try:
            text = text[0].decode() if text else ""
        except UnicodeDecodeError:
            raise Failure(f"The passphrase in {file} is not text (UTF-8).") from None
        if not text:
            raise Failure(f"The first line of {file} is empty.", "A passphrase cannot be empty.")
        return text
    return os.environ.get("LEITHER_PASSPHRASE") or None


def given_new_passphrase(file):
    """Return the passphrase given for a new key file, or None where somebody is here to type one."""
    given = given_passphrase(file)
    if given is not None:
        if len(given) < PASSPHRASE_MIN:
            raise UsageError(
                f"The passphrase has fewer than {PASSPHRASE_MIN} characters.", fix="Use a longer one: four random words are good."
            )
        return given
    if not interactive():
        raise UsageError(
            "A passphrase is needed, and nobody is here to type one.",
            fix="Give it with --passphrase-file FILE or LEITHER_PASSPHRASE.",
            code="needs-passphrase",
        )
    return None


def typed_new_passphrase():
    """Let the user type a passphrase for a new key file twice."""
    for _ in range(TRIES):
        first = ask_secret("Passphrase for the key file: ")
        if len(first) < PASSPHRASE_MIN:
            print(f"  Use at least {PASSPHRASE_MIN} characters: four random words are good.", file=sys.stderr)
        elif first != ask_secret("The same again: "):
            print("  The two were different.", file=sys.stderr)
        else:
            return first
    raise CancelledError("No passphrase was chosen, so nothing was done.")
