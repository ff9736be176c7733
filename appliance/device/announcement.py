"""What a person at the terminal is told when the device is ready: where to go, and with which token."""

import os
import subprocess
import sys
from importlib.machinery import PathFinder

import trio

from leither_edge import __version__
from leither_edge.core.ids import id_to_text

ADDRESS_FILE = "address"
QR_LIMIT_S = 10
# In a process of its own: segno's import would stay in the node's memory.
# By standard input: what stands in a command line every user of the machine can read.
_QR_PROGRAM = "import sys, segno; segno.make(sys.stdin.read(), error='l', micro=False).terminal(compact=True, border=2)"


async def announcement(address, claim, name, device_id, profile_name, is_local_only, access_point=None, notes=()):
    """The text for the terminal.

    address: URL of the start page; claim: Claim; device_id: 20 bytes; access_point: (name, passphrase) if phones may come that way;
    notes: sentences to say first.
    """
    lines = ["", f"Leither Edge {__version__} under the profile {profile_name}, device {id_to_text(device_id)}", ""]
    lines += [*(f"  {note}" for note in notes), ""] if notes else []
    if claim.token is None:
        lines += [f"  {name} is running and has its owner.", ""]
        lines += [f"    Page      {address}", f"    Command   {_tool()} remote add NAME {address}", ""]
        return "\n".join(lines)
    setup = f"{address}?t={claim.token.replace('-', '')}"
    minutes = -int(-claim.window_s // 60)
    # The picture first: a small terminal scrolls away what stands above it. And only for a page that a phone can reach.
    lines += [] if is_local_only else (await terminal_qr(setup)).splitlines()
    lines += ["  Open this page and set the device up:", "", f"    {setup}", ""]
    lines += [f"    Claim token   {claim.token}", f"    Good for      {minutes} minutes; starting again makes it good again", ""]
    if access_point is not None:
        lines += ["  With a phone: join this Wi-Fi, and the page opens by itself.", ""]
        lines += [f"    Wi-Fi         {access_point[0]}", f"    Password      {access_point[1]}", ""]
    lines += ["  Or from a terminal:", "", f"    {_tool()} remote claim NAME {address}", ""]
    if is_local_only:
        lines += ["  Only this computer can reach it. To let a phone in on your network:  make run LISTEN=all", ""]
    return "\n".join(lines)


def _tool():
    """How the remote control is called from here: it may be installed beside this interpreter only."""
    beside = os.path.join(os.path.dirname(sys.executable), "leither")
    return os.path.relpath(beside) if os.path.exists(beside) else "leither"


async def terminal_qr(text):
    """A QR code in block characters, empty where segno is not installed."""
    if PathFinder.find_spec("segno") is None:
        return ""
    with trio.move_on_after(QR_LIMIT_S):
        try:
            program = [sys.executable, "-c", _QR_PROGRAM]
            done = await trio.run_process(program, stdin=text.encode(), capture_stdout=True, stderr=subprocess.DEVNULL, check=False)
        except OSError:
            return ""
        if done.returncode == 0:
            return done.stdout.decode(errors="replace")
    return ""


def write_address(folder, address):
    """Leave the address in the state folder, for the tools on this computer. Losing it costs nothing, so it is not synced."""
    new = os.path.join(folder, ADDRESS_FILE + ".new")
    with open(new, "w", encoding="ascii") as file:
        file.write(address + "\n")
    os.replace(new, os.path.join(folder, ADDRESS_FILE))
