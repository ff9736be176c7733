"""python -m appliance.supervisor"""

import _signal as signal  # the module signal makes enumerations of its numbers, a fifth of this program's time to start
import gc
import os
import sys

POWER_ON = "--power-on"
CUT_SHORT = (
    "The work of the start ended early, so something may be missing. "
    "Switch the device off and on; if that does not help, write the image anew."
)


def _power_on():
    """Carry out a start in a process of its own, whose memory is given back with it. Ends this process where nothing can be served from."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            from appliance.power_on.start import main

            code = main()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    os.waitpid(process, 0)
    from appliance.power_on import trouble

    if os.path.exists(f"{trouble.FOLDER}/{trouble.NO_STATE}"):
        from appliance.supervisor.slot_trial import keep_without_state

        keep_without_state()
        # It was said; whoever starts us waits while it is so.
        os._exit(0)
    told = f"{trouble.FOLDER}/{os.path.basename(trouble.FILE)}"
    if not os.path.exists(told):
        # The last thing a start does. init's guard of a system on trial waits for it too.
        try:
            trouble.write([trouble.Trouble("start", CUT_SHORT, False)], told)
        except OSError:
            pass  # the guard has a limit of its own


def run():
    """Run the supervisor; ends the process."""
    # Ctrl-C while we are still being put together ends us without a traceback; the loop takes over from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()
    from appliance.supervisor.start import main

    gc.enable()
    if POWER_ON in sys.argv:
        sys.argv.remove(POWER_ON)
        _power_on()
    # Nothing of ours waits to be written, and taking the interpreter down would only lose a signal that comes meanwhile.
    os._exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
