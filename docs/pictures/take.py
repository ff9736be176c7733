"""Take the README's pictures anew: the portal in a real browser, our commands in a real terminal, a device in QEMU."""

import argparse
import base64
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from docs.pictures.drawing import svg
from docs.pictures.palette import palette_png
from docs.pictures.screen import ScreenError
from docs.pictures.session import Session, SessionError
from image.tests.machine import free_port
from tests.browser import test_setup_walk as walking
from tests.browser.chromium import NoChromiumError, open_chromium
from tests.browser.device import running_device

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BYTES_MAX, TOTAL_BYTES_MAX = 120_000, 400_000
COLUMNS = 98
SCALE = 1.5
BOOT_LIMIT_S = 300
PASSPHRASE = "only for pictures"
PAGES = ("wifi-wrong-password", "owner", "status")

_STYLE = (
    "body { margin: 0; display: inline-flex; background: #30363d; gap: 2px }"
    "body.stacked { flex-direction: column; align-items: flex-start } svg, img { display: block }"
    "body.beside { background: #cfd8d6; gap: 12px; padding: 12px } div { background: #f4f7f6 }"
)
_PIXELS = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [image.width, image.height, btoa(text)];
}"""


class PictureError(Exception):
    """A picture could not be taken, or may not be shown."""


def main(words):
    """Take all pictures, or those named; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument("--image", type=Path, default=ROOT / "build/pi-zero/sdcard.img", help="card image for QEMU")
    parser.add_argument("--packed", type=Path, default=ROOT / "build/pi-zero/sdcard.img.xz", help="card image for `leither card write`")
    parser.add_argument("--only", choices=sorted(TAKERS), action="append", help="take only these")
    options = parser.parse_args(words)
    try:
        for path in (options.image, options.packed):
            if not path.exists():
                raise PictureError(f"There is no image {path}. Build it: make image PROFILE=pi-zero. Or name one: --image, --packed.")
        with open_chromium() as browser:
            for name in options.only or TAKERS:
                with tempfile.TemporaryDirectory(prefix="leither-") as scratch:
                    for title, html, kind in TAKERS[name](browser, Path(scratch), options):
                        keep(browser, title, html, kind)
        total = sum(path.stat().st_size for path in HERE.glob("*.png"))
        if total > TOTAL_BYTES_MAX:
            raise PictureError(f"The pictures have {total} bytes together; {TOTAL_BYTES_MAX} are allowed.")
    except (PictureError, SessionError, ScreenError, NoChromiumError) as error:
        print(f"leither: {error}", file=sys.stderr)
        return 1
    return 0


def keep(browser, title, html, kind):
    """Draw a page as large as its content and keep it as PNG. Raises PictureError when that is too large."""
    context = browser.new_context(viewport={"width": 1400, "height": 800}, device_scale_factor=1 if kind == "beside" else SCALE)
    page = context.new_page()
    page.set_content(f"<!doctype html><style>{_STYLE}</style><body class={kind}>{html}")
    shot = page.locator("body").screenshot()
    width, height, pixels = page.evaluate(_PIXELS, _data_url(shot))
    context.close()
    data = palette_png(width, height, base64.b64decode(pixels))
    if len(data) > BYTES_MAX:
        raise PictureError(f"{title}.png has {len(data)} bytes; {BYTES_MAX} are allowed.")
    (HERE / f"{title}.png").write_bytes(data)
    print(f"{title}.png  {width} x {height}  {len(data)} bytes", flush=True)


def take_portal(browser, scratch, options):
    """Three pages of the setup on a phone, side by side."""
    with running_device(scratch / "state") as device:
        walk = walking.Walk(browser, device, "phone", walking.SCRIPT, "en")
        walk.folder = scratch
        walk.page.goto(f"{device.url}/?t={device.token}")
        walking.name_device(walk, "Living room")
        walking.join_wifi(walk)
        walking.claim_with_new_key(walk)
        walking.share_and_reach(walk)
        walking.look_around(walk)
        walk.context.close()
    shots = [next(path for path in scratch.glob("*.png") if path.stem.partition("-")[2] == name) for name in PAGES]
    yield "portal", "".join(f'<div><img src="{_data_url(path.read_bytes())}"></div>' for path in shots), "beside"


def take_card(browser, scratch, options):
    """`leither card write`: while it writes, while it reads back, and what it says then. A file stands in for the card."""
    # With what lies beside it: checksums, description, block map.
    for path in options.packed.parent.glob(options.packed.name.partition(".")[0] + ".*"):
        (scratch / path.name).symlink_to(path.resolve())
    with laptop(scratch) as session:
        session.run("truncate -s 1G card.img")
        session.type(f"leither card write {options.packed.name} --device card.img --really --wifi Home")
        for question, answer in ((r"Password of the network.*: $", "correct horse"), ("to go on: $", "card.img")):
            session.wait(question, 60)
            session.type(answer)
        panes = []
        for what in ("Writing", "Reading back"):
            session.wait(rf"{what} .* [4-8]\d %", 60)
            panes.append([list(row) for row in session.screen.rows])
        # What stands in the pane above is not shown twice.
        panes[1] = panes[1][-1:]
        session.wait(r"^\$ $", 120)
        first = next(number for number, line in enumerate(session.screen.lines()) if "The card is ready" in line)
        panes.append(session.screen.rows[first:-1])
    yield "card", stacked(*panes), "stacked"


def take_device(browser, scratch, options):
    """The console of a device in QEMU with its claim token, and a laptop that claims it and asks how it is."""
    port = free_port()
    words = f"--image {options.image.resolve()} --folder {scratch / 'board'} --port {port}"
    with Session(ROOT, {**environment(scratch), "QEMU_OPTIONS": words}, COLUMNS) as console:
        console.wait(r"^\$ $", 10)
        console.type("make qemu PROFILE=pi-zero")
        said = ("The portal is at", "remote claim NAME")
        console.wait_for(lambda rows: all(_find(rows, text) for text in said), BOOT_LIMIT_S, "a claim token")
        rows, lines = console.screen.rows, console.screen.lines()
        # What the kernel says in between is left out.
        begin = next(number for number, line in enumerate(lines) if line.startswith(("The portal is at", "Leither Edge")))
        command = next(number for number, line in enumerate(lines) if line.startswith("Starting;"))
        yield "device", stacked(rows[: command + 1], rows[begin:]), "stacked"
        token = _find(lines, r"Claim token +([0-9A-Z-]{23})")[1]
        yield "claim", stacked(*claimed(scratch, port, token)), "stacked"


def claimed(scratch, port, token):
    """Rows of a terminal in which a key is made and a device becomes its: above its 24 words, and after the screen was wiped of them."""
    words, above = [], []

    def noted(lines):
        title = next(number for number, line in enumerate(lines) if line.startswith("Write them on paper"))
        above.extend(list(row) for row in session.screen.rows[: title + 1])
        shown = [pair for line in lines if line.startswith("  ") for pair in re.findall(r" (\d+) ([a-z]+)", line)]
        words.extend(word for _, word in sorted(shown, key=lambda pair: int(pair[0])))
        return ""

    def asked(lines):
        return words[int(re.search(r"Word (\d+): *$", lines[-1])[1]) - 1]

    word = (r"Word \d+: ", asked)
    with laptop(scratch) as session:
        session.run(
            "leither key new",
            ("When they are on paper.*: ", noted), word, word,
            ("Passphrase for the key file: ", PASSPHRASE), ("The same again: ", PASSPHRASE),
        )  # fmt: skip
        session.run(f"leither remote claim home 127.0.0.1:{port} --token {token}", (r"Passphrase of the key .*: ", PASSPHRASE))
        session.run("leither remote home status")
        below, lines = session.screen.rows[:-1], session.screen.lines()
    shown = ["".join(cell.char for cell in row) for row in above] + lines
    if len(words) != 24 or _find(shown, r"Word \d|^ +\d+ [a-z]+ +\d+ [a-z]+"):
        raise PictureError("The picture would show recovery words.")
    return above, below


@contextmanager
def laptop(scratch):
    """A Session of somebody who works in an empty folder and has used none of this before."""
    with Session(scratch, environment(scratch), COLUMNS) as session:
        yield session


def environment(home):
    """What commands get: nothing of ours but where programs are. make, for one, would tell a make inside it to be chatty."""
    return {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def stacked(*panes):
    """Parts of one screen, one above the other."""
    return "".join(svg(pane, COLUMNS) for pane in panes)


def _find(lines, pattern):
    return next(filter(None, (re.search(pattern, line) for line in lines)), None)


def _data_url(png):
    return "data:image/png;base64," + base64.b64encode(png).decode()


TAKERS = {"portal": take_portal, "card": take_card, "device": take_device}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
