"""python -m appliance.device"""

import gc
import sys


def main(arguments):
    """Run the device; the exit code: 0 ended as asked, 1 could not start or go on, 2 wrong usage."""
    from appliance.device.options import HELP, UsageError, parse_options

    try:
        options = parse_options(arguments)
    except UsageError as error:
        sys.stderr.write(f"leither: {error}\n\n{HELP}")
        return 2
    if options.help:
        sys.stdout.write(HELP)
        return 0

    from appliance.device.first_use import at_first_use

    at_first_use("inspect", "subprocess", "idna")
    # What is being loaded is here to stay: looking for garbage in it would take a tenth of the time.
    gc.disable()
    import trio

    from appliance.device.assembly import serve_device
    from leither_edge.crypto.private_file import KeyFileError
    from leither_edge.http import ListenError
    from leither_edge.profile import ProfileError
    from leither_edge.storage import StorageError

    gc.enable()
    failures = (ProfileError, StorageError, KeyFileError, ListenError, OSError)
    try:
        trio.run(serve_device, options)
    except failures as error:
        sys.stderr.write(f"leither: {error}\n")
        return 1
    except BaseExceptionGroup as group:
        expected, rest = group.split(failures)
        if rest is not None:
            raise
        sys.stderr.write(f"leither: {_first(expected)}\n")
        return 1
    return 0


def _first(group):
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def run():
    """Run the device; ends the process."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
