"""`make qemu`: the built image in QEMU, its portal on a local port, until Ctrl-C.

The card is a copy that is kept from start to start, so that a claimed device stays claimed; --new begins with a fresh one.
"""

import argparse
import sys
import time
from pathlib import Path

from image.tests.boards import BOARDS, board_with, open_machine
from image.tests.card import Card, CardError
from image.tests.machine import MachineError

ROOT = Path(__file__).resolve().parents[2]
STEP_S = 0.2


def main():
    """Run until Ctrl-C. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make qemu", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="pi-zero", choices=sorted(BOARDS))
    parser.add_argument("--image", type=Path, help="card image; build/PROFILE/sdcard.img if not given")
    parser.add_argument("--port", type=int, help="local port of the portal; a free one if not given")
    parser.add_argument("--folder", type=Path, help="where its card is kept; build/PROFILE/qemu if not given")
    parser.add_argument("--new", action="store_true", help="put a new card in")
    options = parser.parse_args()
    image = options.image or ROOT / "build" / options.profile / "sdcard.img"
    if not image.exists():
        how = f"Build it with: make image PROFILE={options.profile}"
        print(f"There is no image of {options.profile}: {image} does not exist. {how}", file=sys.stderr)
        return 2
    folder = options.folder or ROOT / "build" / options.profile / "qemu"
    card = folder / "card.img"
    if options.new or (card.exists() and card.stat().st_mtime < image.stat().st_mtime):
        # The folder may be anybody's: only what was made here goes.
        for old in (card, folder / "serial.log"):
            old.unlink(missing_ok=True)
    try:
        if card.exists():
            machine = board_with(options.profile, Card(card), folder, options.port)
        else:
            machine = open_machine(options.profile, image, folder, options.port)
        with machine:
            run(machine)
    except (CardError, MachineError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nPower off.")
        return 0


def run(machine):
    """Show the serial console, and the address as soon as the portal answers."""
    machine.start()
    print(f"Starting; Ctrl-C turns it off. The portal will be at {machine.url}", flush=True)
    shown, starts, answered = 0, 1, False
    while True:
        machine.keep_running()
        if len(machine.starts) != starts:
            shown, starts, answered = 0, len(machine.starts), False
            print(f"It has restarted, with slot {machine.starts[-1].slot}.", flush=True)
        for line in machine.log.since(shown):
            shown = line.number + 1
            print(line.text, flush=True)
        if not answered and machine.answers():
            answered = True
            print(f"\nThe portal is at {machine.url}\n", flush=True)
        time.sleep(STEP_S)


if __name__ == "__main__":
    sys.exit(main())
