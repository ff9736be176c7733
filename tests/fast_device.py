"""The device's process on a clock that can be made to run fast, so that a day of its life fits a test.

SIGUSR1 sets it going LEITHER_CLOCK_RATE times as fast as real time; until then, and for all but the clock, it is the real thing.
There is no supervisor: its clock would not follow.
"""

import os
import signal
import sys
import time

import trio
import trio.testing

from appliance.device.assembly import serve_device
from appliance.device.options import parse_options


async def live(options, fast):
    clock = trio.lowlevel.current_clock()
    born = clock.current_time()
    started = time.time()

    async def hurry():
        with trio.open_signal_receiver(signal.SIGUSR1) as signals:
            async for _ in signals:
                clock.rate = fast

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hurry)
        await serve_device(options, clock=lambda: started + clock.current_time() - born)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(live, parse_options(sys.argv[1:]), float(os.environ["LEITHER_CLOCK_RATE"]), clock=trio.testing.MockClock(rate=1.0))
