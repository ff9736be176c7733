"""A device in a process of its own, to be killed at any moment. Commands and answers go over a pipe."""

import os

import trio

from .device import FakeBoard, running

EFFECTS = "effects"


class EffectBoard(FakeBoard):
    """Writes each effect to a file, durably, as a radio or a lamp would keep it."""

    def __init__(self, folder):
        super().__init__()
        self._path = os.path.join(folder, EFFECTS)
        self.answers["wifi_join"] = self._join

    async def _join(self, ssid, passphrase, hidden):
        # Time for a kill to fall between acceptance and effect, and between effect and answer.
        await trio.sleep(0.002)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, ssid.encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        await trio.sleep(0.002)
        return {"ok": True}


def serve(folder, pipe, owner_seed):
    """Execute what comes over the pipe until killed. Sends the claim token or b"claimed" first."""

    async def main():
        async with running(folder, board=EffectBoard(folder)) as device:
            if owner_seed and device.executor.keyset is None:
                device.own(device.controller(owner_seed))
            claim = device.claim()
            pipe.send_bytes((claim.token or "claimed").encode())
            while True:
                data = await trio.to_thread.run_sync(pipe.recv_bytes)
                if data[:6] == b"claim:":
                    await claim.claim(claim.token, data[6:])
                    pipe.send_bytes(b"claimed")
                else:
                    pipe.send_bytes(await device.executor.execute(data))

    trio.run(main)
