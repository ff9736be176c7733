"""``leither mimei db``: a database at a prompt, or one command, as redis-cli does both."""

import sys

from leither_edge.cli.failure import DONE, FAILED, Failure, UsageError
from leither_edge.cli.mimei_place import content
from leither_edge.cli.mimei_replies import for_json, raw, told
from leither_edge.cli.mimei_target import target
from leither_edge.cli.output import clean

DATABASE = 3
_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "a": b"\a"}
HELP = """Commands are Redis's own: SET key value, HGETALL key, ZRANGE best 0 -1 WITHSCORES, SCAN 0 ...
Versions: LEITHER.BACKUP [memo], LEITHER.VERSIONS, LEITHER.DIFF [a] [b], LEITHER.RESTORE version
quit leaves."""


def db(home, out, args):
    """Run one command, or a prompt, or serve the database to Redis clients."""
    if args.serve:
        from leither_edge.cli.mimei_serve import serve_database

        return serve_database(home, out, args)
    with content(home, out, args) as at:
        found = target(at, args.mimei)
        if found.cid is not None or at.info(found.mid).data_type != DATABASE:
            raise UsageError(
                f"{clean(args.mimei, 60)} is not a database.", fix="Make one: leither mimei create --type database --mark NAME"
            )
        rows = at.opened(found.mid, found.version)
        try:
            if args.words:
                return one(out, rows, args)
            if at_terminal(sys.stdin) and not out.as_json:
                return prompt(out, at, found, rows, args)
            return lines(out, rows, args)
        finally:
            rows.close()


def one(out, rows, args):
    """Run the command of the command line."""
    reply = rows.execute([word.encode("utf-8", "surrogateescape") for word in args.words])
    out.result({"reply": for_json(reply), "ok": not failed(reply)}, lambda: show(out, args, reply))
    return FAILED if failed(reply) else DONE


def lines(out, rows, args):
    """Run the commands that come on standard input, a line each."""
    code, replies = DONE, []
    for line in sys.stdin:
        words = words_of(line)
        if not words:
            continue
        reply = rows.execute(words)
        code = FAILED if failed(reply) else code
        if out.as_json:
            replies.append(for_json(reply))
        else:
            show(out, args, reply)
    out.result({"replies": replies})
    return code


def prompt(out, at, found, rows, args):
    """Ask for commands until there are no more."""
    import contextlib

    with contextlib.suppress(ImportError):
        # What is typed can be gone back to.
        import readline  # noqa: F401
    name = clean(args.mimei, 40)
    out.note("quit leaves, help says more.")
    while True:
        try:
            words = words_of(input(f"{name}> "))
        except EOFError:
            out.line()
            return DONE
        except UsageError as error:
            out.line(f"(error) {error.what}")
            continue
        command = words[0].lower() if words else b""
        if command in (b"quit", b"exit"):
            return DONE
        if command == b"help":
            out.line(HELP)
        elif command.startswith(b"leither."):
            about_versions(out, at, found, command, [word.decode("utf-8", "replace") for word in words[1:]])
        elif words:
            show(out, args, rows.execute(words))


def about_versions(out, at, found, command, words):
    """Do one of the commands that Redis has not."""
    from leither_edge.cli.mimei_target import version_of
    from leither_edge.cli.mimei_versions import show_change
    from leither_edge.mimei.errors import MimeiError

    try:
        if command == b"leither.backup":
            out.line(f"(integer) {at.backup(found.mid, ' '.join(words))}")
        elif command == b"leither.versions":
            for version in at.versions(found.mid):
                out.line(f"{version.number}) {clean(version.memo)}")
        elif command == b"leither.diff":
            for change in at.diff(found.mid, *map(version_of, [*(words or ["last"]), "cur"][:2])):
                show_change(out, change)
        elif command == b"leither.restore" and words:
            at.restore(found.mid, version_of(words[0]))
            out.line("OK")
        else:
            out.line("(error) ERR unknown command, or too few words: help")
    except (MimeiError, Failure) as error:
        out.line(f"(error) ERR {error}")


def show(out, args, reply):
    """Print a reply: readable on a terminal, values alone into a pipe."""
    if args.raw if args.raw is not None else not at_terminal(out.out):
        out.out.flush()
        out.out.buffer.write(raw(reply) + b"\n")
        out.out.buffer.flush()
        return
    for line in told(reply):
        out.line(line)


def at_terminal(stream):
    """Whether somebody sits at a stream."""
    return stream.isatty()


def failed(reply):
    """Whether a reply is a refusal."""
    from leither_edge.mimei.database.replies import ErrorReply

    return isinstance(reply, ErrorReply)


def words_of(line):
    """The words (bytes) of a line, quoted as redis-cli takes them. Raises UsageError: a quote does not end."""
    words, at, line = [], 0, line.rstrip("\r\n")
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at = _word(line, at)
        words.append(word)
    return words


def _word(line, at):
    word, quote = b"", ""
    while at < len(line):
        char = line[at]
        at += 1
        if quote == '"' and char == "\\" and at < len(line):
            char = line[at]
            at += 1
            if char == "x":
                try:
                    word += bytes.fromhex(line[at : at + 2])
                    at += 2
                    continue
                except ValueError:
                    pass
            word += _ESCAPES.get(char, char.encode("utf-8", "surrogateescape"))
        elif quote == "'" and line[at - 1 : at + 1] == "\\'":
            word += b"'"
            at += 1
        elif char == quote:
            if at < len(line) and not line[at].isspace():
                raise UsageError("Behind a closing quote a space is wanted.")
            return word, at
        elif quote:
            word += char.encode("utf-8", "surrogateescape")
        elif char in "\"'" and not word:
            quote = char
        elif char.isspace():
            return word, at
        else:
            word += char.encode("utf-8", "surrogateescape")
    if quote:
        raise UsageError("A quote does not end.")
    return word, at
