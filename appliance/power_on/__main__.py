"""python -m appliance.power_on"""

import gc
import sys


def run():
    """Carry out a start; ends the process."""
    # What it takes in memory is given back in a moment.
    gc.disable()
    from appliance.power_on.start import main

    sys.exit(main())


if __name__ == "__main__":
    run()
