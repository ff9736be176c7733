"""The command line. Read by hand: argparse would cost the supervisor 1.5 MB for good."""

HELP = """\
usage: python -m appliance.supervisor [--profile NAME] [--state DIR] [--board NAME] [--quiet] [NODE OPTION ...]

Starts the node, bounds what it may use, and restarts it when it fails.

  --profile NAME   hardware profile, a name or a file (default: pi-zero)
  --state DIR      folder that holds everything the node keeps (default: .leither)
  --board NAME     what hardware there is (default: fake, a made-up one)
  --quiet          do not show the node's log

  --data DIR       folder that holds content (default: that of --state); a factory reset empties it, too

Every other option goes to the node: python -m appliance.device --help lists them.
Signals: SIGTERM or Ctrl-C stops, SIGHUP restarts the node.
"""


class UsageError(Exception):
    """The command line cannot be understood; the text says why."""


class Options:
    """profile, state, board (text), data (text or None), quiet, help (bool), node_arguments (list of text)."""

    def __init__(self):
        self.profile = "pi-zero"
        self.state = ".leither"
        self.board = "fake"
        self.data = None
        self.quiet = False
        self.help = False
        self.node_arguments = []


def parse_options(arguments):
    """Options from the arguments after the program's name. Raises UsageError."""
    options = Options()
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in ("--profile", "--state", "--board", "--data"):
            value = value if equals else next(words, "")
            if not value:
                raise UsageError(f"{name} needs a value")
            setattr(options, name[2:], value)
        elif word == "--quiet":
            options.quiet = True
        elif word in ("-h", "--help"):
            options.help = True
        else:
            options.node_arguments.append(word)
    data = ["--data", options.data] if options.data else []
    options.node_arguments = ["--profile", options.profile, "--state", options.state, *data, *options.node_arguments]
    return options
