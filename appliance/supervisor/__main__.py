"""python -m appliance.supervisor"""

import _signal as signal  # the module signal makes enumerations of its numbers, a fifth of this program's time to start
import gc
import os
import sys


def run():
    """Run the supervisor; ends the process."""
    # Ctrl-C while we are still being put together ends us without a traceback; the loop takes over from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()
    from appliance.supervisor.start import main

    gc.enable()
    # Nothing of ours waits to be written, and taking the interpreter down would only lose a signal that comes meanwhile.
    os._exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
