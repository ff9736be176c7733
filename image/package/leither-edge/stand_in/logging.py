"""In place of the standard library's logging, for trio's three loggers, which are all that use it on the device.

Nothing on the device configures logging, and then the real one only writes warnings and worse to standard error, as they are. So does this
one, without the megabyte of modules behind it. The node's own log is leither_edge/observe/log.py.
"""

import sys

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50


class Logger:
    """What writes lines under a name, which is not shown."""

    def __init__(self, name):
        self.name = name

    def log(self, level, message, *arguments, exc_info=None):
        """Write a line, and the traceback of ``exc_info`` (an exception, or True for the current one)."""
        if level < WARNING:
            return
        text = str(message) % arguments if arguments else str(message)
        if exc_info:
            import traceback

            error = exc_info if isinstance(exc_info, BaseException) else exc_info[1] if isinstance(exc_info, tuple) else sys.exception()
            text = "\n".join([text, *"".join(traceback.format_exception(error)).splitlines()]) if error is not None else text
        try:
            sys.stderr.write(text + "\n")
        except (OSError, ValueError, AttributeError):
            pass  # nobody to tell

    def debug(self, message, *arguments, **options):
        """Nothing: only WARNING and worse are shown."""

    info = debug

    def warning(self, message, *arguments, **options):
        """Write a line."""
        self.log(WARNING, message, *arguments, **options)

    def error(self, message, *arguments, **options):
        """Write a line."""
        self.log(ERROR, message, *arguments, **options)

    critical = error

    def exception(self, message, *arguments, exc_info=True):
        """Write a line and the current exception's traceback."""
        self.log(ERROR, message, *arguments, exc_info=exc_info)


_loggers = {}


def getLogger(name="root"):  # noqa: N802 - the library's name
    """The Logger of a name."""
    return _loggers.setdefault(name, Logger(name))
