"""The one table of commands: names, arities, flags and key positions as Redis 7.0 tells them, and who answers."""

from collections import namedtuple

from . import algebra, bits, clearing, ending, hashes, keys, lists, ranges, scans, sets, sorted_sets, sorting, strings

# name: bytes, lower case. arity: words with the name; negative: at least. flags: as COMMAND INFO names them. first, last, step:
# where the keys are among the words. function: (database, words) -> reply.
Command = namedtuple("Command", "name arity flags first last step function writes takes_room")

GROUPS = (strings, bits, keys, clearing, ending, scans, hashes, lists, sets, sorted_sets, ranges, algebra, sorting)


def _command(name, arity, flags, first, last, step, function):
    flags = tuple(flags.split())
    return Command(name.encode(), arity, flags, first, last, step, function, "write" in flags, "denyoom" in flags)


COMMANDS = {command.name: command for group in GROUPS for command in (_command(*line) for line in group.COMMANDS)}
