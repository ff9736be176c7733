"""Puts the supervisor's parts together and runs them."""

import os
import sys

from appliance.board import BoardError, open_board
from appliance.power_on import trouble
from appliance.supervisor.child import Launch
from appliance.supervisor.console import Console, other_consoles
from appliance.supervisor.limits import limits_from_profile
from appliance.supervisor.loop import Supervisor
from appliance.supervisor.options import HELP, UsageError, parse_options
from appliance.supervisor.slot_trial import open_trial
from appliance.supervisor.state_folder import StateFolderError, open_folder
from appliance.supervisor.watchdog import HardwareWatchdog, NoWatchdog, is_switched_off

# Where the node hangs is then in the crash record: SIGABRT makes it write its stack.
NODE_COMMAND = ("-X", "faulthandler", "-m", "appliance.device")
# The image's quick way to start a program of ours: see that file.
RUN = "/etc/leither/run.py"
NODE_COMMAND_DEVICE = ("-S", "-E", "-X", "faulthandler", RUN, "appliance.device")
NODE_USER = "leither"


def main(arguments, node_command=None, load_profile=None):
    """Run the supervisor. Returns its exit code: 0 stopped, 1 cannot run, 2 usage.

    Args:
        arguments: command line after the program's name.
        node_command: argument vector of the node without its options, for tests.
        load_profile: function of a profile's name, for tests.
    """
    try:
        options = parse_options(arguments)
    except UsageError as error:
        return _complain(f"{error}\n\n{HELP}", 2)
    if options.help:
        os.write(1, HELP.encode())
        return 0
    if load_profile is None:
        from leither_edge.profile import load as load_profile
    try:
        profile = load_profile(options.profile)
        board = open_board(options.board)
        troubles = trouble.read() if board.is_device else []
        folder_fd = open_folder(options.state)
        limits = limits_from_profile(profile, board.is_device)
        launch = Launch(
            [*(node_command or _node_command(board.is_device)), *options.node_arguments],
            limits,
            user=NODE_USER if board.is_device and os.geteuid() == 0 else None,
            folder_fd=folder_fd,
        )
    except (BoardError, StateFolderError, ValueError, OSError) as error:
        return _complain(str(error), 1)
    console = Console(shows_log=not board.is_device and not options.quiet, others=other_consoles() if board.is_device else ())
    watchdog = _open_watchdog(console) if board.is_device else NoWatchdog()
    try:
        trial = open_trial(board, folder_fd)
        return Supervisor(profile, board, launch, limits, folder_fd, console, watchdog, trial, troubles, options.data).run()
    finally:
        board.close()


def _node_command(is_device):
    return sys.executable, *(NODE_COMMAND_DEVICE if is_device and os.path.exists(RUN) else NODE_COMMAND)


def _open_watchdog(console):
    try:
        return NoWatchdog() if is_switched_off() else HardwareWatchdog()
    except OSError as error:
        console.complain(f"There is no hardware watchdog: {error.strerror}.")
        return NoWatchdog()


def _complain(text, code):
    os.write(2, f"{text}\n".encode(errors="backslashreplace"))
    return code
