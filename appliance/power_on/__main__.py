"""python -m appliance.power_on"""

import sys

if __name__ == "__main__":
    from appliance.power_on.start import main

    sys.exit(main())
