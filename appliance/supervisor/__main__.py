"""python -m appliance.supervisor"""

import os
import signal
import sys

if __name__ == "__main__":
    # Ctrl-C while we are still being put together ends us without a traceback; the loop takes over from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from appliance.supervisor.start import main

    # Nothing of ours waits to be written, and taking the interpreter down would only lose a signal that comes meanwhile.
    os._exit(main(sys.argv[1:]))
