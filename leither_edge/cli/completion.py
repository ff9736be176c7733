"""Completion with Tab: shells ask ``leither __complete``, which walks the same grammar as the command itself.

A script made once from the grammar could not know the names of devices, groups, keys and passes, which are what one types.
"""

SCRIPTS = {
    "bash": """_leither() {
    local line=${COMP_LINE:0:COMP_POINT} word
    local current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    # The program that is completed, wherever it lies: .venv/bin/leither too.
    done < <("${COMP_WORDS[0]/#\\~/$HOME}" __complete bash "$line" "$current" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o default
    elif [[ ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -F _leither leither
""",
    "zsh": """#compdef leither
_leither() {
    local -a found
    found=("${(@f)$(${~words[1]} __complete zsh "${(pj: :)${(@)words[1,CURRENT]}}" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then
        _describe -t commands leither found
    else
        _files
    fi
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _leither "$@"
else
    compdef _leither leither
fi
""",
    "fish": """complete -c leither -f -a '(set -l program (commandline -opc)[1]; $program __complete fish (commandline -cp) 2>/dev/null)'
""",
    "tcsh": """complete leither 'p@*@`leither __complete tcsh "$COMMAND_LINE"`@'
""",
}


def script(home, out, args):
    """Print a shell's script."""
    text = SCRIPTS[args.shell]
    out.result({"shell": args.shell, "script": text}, lambda: out.line(text.rstrip("\n")))


def complete(words):
    """Print the possible endings of a command line.

    Args:
        words: [shell, line up to the cursor, current word as the shell splits it].

    Returns:
        0, whatever happens: a shell has no use for an error here.
    """
    try:
        shell, line = words[0], words[1]
        parts = line.split(" ")
        typed, current = [part for part in parts[1:-1] if part], parts[-1]
        found = [(word, text) for word, text in candidates(typed, current) if word.startswith(current)]
        # bash splits at colons and equal signs, and replaces only the last piece.
        cut = len(current) - len(words[2]) if shell == "bash" and len(words) > 2 and current.endswith(words[2]) else 0
        for word, text in found:
            if shell == "zsh":
                print(f"{word.replace(':', chr(92) + ':')}:{text}" if text else word)
            elif shell == "fish":
                print(f"{word}\t{text}")
            else:
                print(word[cut:])
    except Exception:
        return 0
    return 0


def candidates(typed, current):
    """Return [(word, explanation)] that may follow.

    Args:
        typed: whole words after the program's name.
        current: the begun word.
    """
    from leither_edge.cli import grammar
    from leither_edge.cli.book import Book
    from leither_edge.cli.home import Home
    from leither_edge.cli.target import split_target

    book = Book(Home())
    before = [word for word in typed if not word.startswith("-")]
    if before == ["remote"]:
        names = [(name, entry["address"]) for name, entry in sorted(book.remotes.items())]
        names += [("@" + group, ", ".join(sorted(members))) for group, members in sorted(book.groups.items())]
        if typed[-1] in ("--group", "-g"):
            return [(group, "") for group in sorted(book.groups)]
        return names + words_of(grammar.build().children()["remote"], current)
    target, rest = split_target(typed)
    parser = grammar.build() if target is None else grammar.build_device(target)
    previous = None
    while rest:
        children = parser.children()
        if rest[0] in children:
            parser = children[rest[0]]
        previous = rest[0]
        rest = rest[1:]
    return values(parser, previous, book) or words_of(parser, current)


def words_of(parser, current):
    """Sub-commands of a parser, or its options once a hyphen was typed."""
    if current.startswith("-"):
        return [(word, action.help or "") for action in parser._actions for word in action.option_strings if word.startswith("--")]
    return [(name, child.summary) for name, child in sorted(parser.children().items())]


def values(parser, previous, book):
    """What an option or argument may be, where this computer knows."""
    keys = [(name, entry["kind"]) for name, entry in sorted(book.keys.items())]
    remotes = [(name, entry["address"]) for name, entry in sorted(book.remotes.items())]
    if previous in ("--key", "--new-owner"):
        return keys
    if previous == "--only":
        return remotes
    if parser.prog.startswith("leither ledger "):
        return ledger_values(parser.prog.split()[2], previous, keys, book.home)
    if parser.prog.startswith("leither card "):
        return card_values(parser.prog.split()[2], previous, keys)
    if parser.prog.startswith("leither name "):
        return name_values(parser.prog.split()[2:], previous, book.home)
    if parser.prog.startswith("leither peer "):
        return peer_values(parser.prog.split()[2], previous, remotes, book.home)
    if parser.prog.startswith("leither mimei "):
        return mimei_values(parser.prog.split()[2:], previous, keys, remotes, book.home)
    if parser.prog in ("leither dht get", "leither dht lookup") and previous == parser.prog.split()[2]:
        return keys
    if previous == "--role":
        return [(role, "") for role in ("viewer", "operator", "owner")]
    if previous and previous.startswith("--"):
        return []
    path = parser.prog.split()[1:]
    if path[:2] in (["remote", "remove"], ["remote", "rename"], ["remote", "move"], ["remote", "claim"]) or path[:3] == [
        "remote",
        "group",
        "add",
    ]:
        return remotes
    if path[:3] == ["remote", "group", "remove"]:
        return [(group, "") for group in sorted(book.groups)]
    if path in (["key", "show"], ["key", "delete"]):
        return keys
    if path == ["profile", "show"]:
        from leither_edge.profile import names

        return [(name, "") for name in names()]
    if path == ["completion"]:
        return [(shell, "") for shell in SCRIPTS]
    if path[-2:] == ["config", "set"]:
        return [(f"{name}=", "") for name in CONFIG_NAMES]
    if path[-2:] == ["config", "get"]:
        return [(name, "") for name in CONFIG_NAMES]
    return []


def card_values(command, previous, keys):
    """The same for ``leither card``: keys and disks; anything else is a file, which shells know best."""
    if previous == "--owner":
        return [(name, kind) for name, kind in keys if kind == "owner"]
    if previous == "--device" or (command in ("show", "settings") and previous == command):
        from leither_edge.cli.card_disks import Machine, refusal, size_text

        return [(disk.path, f"{disk.model}, {size_text(disk.size)}") for disk in Machine().disks() if refusal(disk) is None]
    return []


def ledger_values(command, previous, keys, home):
    """The same for ``leither ledger``: books and people; offers, receipts and pulses nobody completes."""
    if previous == "--book":
        from leither_edge.cli.ledger_place import names

        return [(name, "") for name in names(home)]
    if previous in ("--treasurer", "--account"):
        return keys
    if previous != command:
        return []
    if command in ("grant", "pay"):
        return keys
    if command in ("balance", "history", "receipt", "proof"):
        return [*keys, ("treasury", "what the organization holds")]
    return []


def peer_values(command, previous, remotes, home):
    """The same for ``leither peer``: nodes of the address book of this computer's store."""
    if previous == "--node":
        return remotes
    if previous == "--may":
        from leither_edge.cli.peer_grammar import ROLES

        return [(role, "") for role in ROLES]
    if previous != command or command in ("list", "invite", "accept"):
        return []
    from leither_edge.cli.mimei_store import known_peers

    return known_peers(home)


def mimei_values(command, previous, keys, remotes, home):
    """The same for ``leither mimei``: devices, and what a store of this computer holds; anything else is a file."""
    if previous == "--node":
        return remotes
    if previous in ("--from", "--peers") or previous == command[0] in ("backup-to", "restore-from") or is_second(command, previous):
        from leither_edge.cli.mimei_store import known_peers

        return known_peers(home)
    if previous == "--type":
        return [(name, "") for name in ("files", "file", "database", "stream")]
    if previous == "--profile":
        return [(name, "") for name in ("unixfs-v1-2025", "unixfs-v0-2015")]
    if command == ["rights"] and previous not in ("rights", "--key"):
        return [(name, "") for name in ("author", "member", "guest", "public", "read-only", "all", "none")]
    if (
        previous == command[-1]
        and command[0] != "pin"
        and command[-1] not in ("create", "ref", "add", "put", "import", "search", "gc", "fsck", "serve", "jobs")
    ):
        from leither_edge.cli.mimei_store import known

        return known(home)
    return []


def is_second(command, previous):
    """Whether what follows names a friend's node, behind a MiMei."""
    return command[0] in ("share", "unshare", "leave") and previous != command[0] and not previous.startswith("-")


def name_values(command, previous, home):
    """The same for ``leither name``: whoever is known by a name."""
    if previous != command[-1]:
        return []
    if command in (["resolve"], ["show"]):
        from leither_edge.cli.name_target import known_names

        return known_names(home)
    if command == ["pet", "remove"]:
        from leither_edge.cli.name_book import NameBook

        return [(pet, name) for pet, name in sorted(NameBook(home).pets.items())]
    return []


CONFIG_NAMES = (
    "name",
    "language",
    "storage_share_mib",
    "dht_bootstrap",
    "dht_network",
    "bandwidth_up_kib_per_s",
    "bandwidth_down_kib_per_s",
    "reach",
    "metrics_remote",
    "mimei",
    "mimei_labels",
    "mimei_users",
    "peers",
    "timezone",
    "tunnel_offer",
)
