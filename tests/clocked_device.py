"""The device's process on a clock of the test's choosing; for all but the clock it is the real thing.

LEITHER_CLOCK_START: what the clock says at the start, seconds since 1970 (default: the time it is). LEITHER_CLOCK_RATE: how many
times as fast as real time everything goes from SIGUSR1 on, so that a day of its life fits a test. There is no supervisor: its clock
would not follow.
"""

import os
import signal
import sys
import time

import trio
import trio.testing

from appliance.device.assembly import serve_device
from appliance.device.options import parse_options


async def live(options, start_s, rate):
    clock = trio.lowlevel.current_clock()
    born = clock.current_time()

    async def hurry():
        with trio.open_signal_receiver(signal.SIGUSR1) as signals:
            async for _ in signals:
                clock.rate = rate

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hurry)
        await serve_device(options, clock=lambda: start_s + clock.current_time() - born)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    start_s = float(os.environ.get("LEITHER_CLOCK_START", time.time()))
    rate = float(os.environ.get("LEITHER_CLOCK_RATE", 1))
    trio.run(live, parse_options(sys.argv[1:]), start_s, rate, clock=trio.testing.MockClock(rate=1.0))
