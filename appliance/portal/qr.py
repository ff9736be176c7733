"""The QR code of an address as SVG, drawn by segno where it is installed.

segno runs in a process of its own: its import would stay in the node's memory.
"""

import subprocess  # loaded by trio already
import sys

import trio

LIMIT_S = 10
KEPT_MAX = 4
_PROGRAM = (
    "import sys, io, segno; out = io.BytesIO(); code = segno.make(sys.argv[1], error='m', micro=False); "
    "code.save(out, kind='svg', border=2, omitsize=True, svgns=True, dark='#10201f', light='#fff'); "
    "sys.stdout.buffer.write(out.getvalue())"
)
_kept = {}


async def qr_svg(address):
    """SVG of the QR code of an address, or None where segno is not installed."""
    if address not in _kept:
        if len(_kept) >= KEPT_MAX:
            _kept.pop(next(iter(_kept)))
        _kept[address] = await _draw(address)
    return _kept[address]


async def _draw(address):
    with trio.move_on_after(LIMIT_S):
        try:
            # -S -E would hide the virtual environment segno lives in.
            done = await trio.run_process(
                [sys.executable, "-c", _PROGRAM, address], capture_stdout=True, stderr=subprocess.DEVNULL, check=False
            )
        except OSError:
            return None
        if done.returncode == 0 and done.stdout.startswith(b"<"):
            return done.stdout
    return None
