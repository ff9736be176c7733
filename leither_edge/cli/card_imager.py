"""``leither card imager-list``: the list from which Raspberry Pi Imager offers images."""

import datetime
import os
import pathlib
import re

from leither_edge.cli.card_image import Image, examine
from leither_edge.cli.card_progress import measured
from leither_edge.cli.failure import UsageError
from leither_edge.cli.output import clean

# Imager's own words for boards (the tags in its os_list_imagingutility_v4.json), by profile: Zero W; Zero 2 W, which counts as a Pi 3.
TAGS = {"pi-zero": ["pi1-32bit", "pi3-32bit"]}
ICON = (
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'>"
    "<rect width='40' height='40' rx='8' fill='%2310201f'/><path d='M13 9v21h15' fill='none' stroke='%23fff' stroke-width='5'/></svg>"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TEXT_MAX = 300


def imager_list(home, out, args):
    """Print the list for one or several images; every figure is measured, not believed."""
    if args.base_url and not re.fullmatch(r"(https?|file)://[^\s\"'<>]+", args.base_url):
        raise UsageError(f"{args.base_url} is not an address.", fix="It is like https://example.org/images")
    entries = []
    for path in args.images:
        image = Image(path)
        with measured(out, f"Checking {os.path.basename(path)}", image.size) as advance:
            entries.append(entry(image, examine(image, advance), args))
    listing = {"os_list": entries}
    # It is JSON for people and programs alike.
    import json

    out.result(listing, lambda: out.line(json.dumps(listing, indent=2, ensure_ascii=False)))


def entry(image, examined, args):
    """One image of the list.

    Source: rpi-imager, doc/json-schema/os-list-schema.json. ``init_format`` none keeps Imager from offering settings that no file
    of ours reads.
    """
    name = os.path.basename(image.path)
    profile = text(image.facts, "profile", "")
    address = pathlib.Path(image.path).absolute().as_uri()
    if args.base_url:
        address = f"{args.base_url.rstrip('/')}/{pathlib.PurePosixPath(pathlib.Path('/', name).as_uri()).name}"
    date = text(image.facts, "release_date", "")
    if not DAY.fullmatch(date):
        date = datetime.datetime.fromtimestamp(os.stat(image.path).st_mtime, datetime.UTC).strftime("%Y-%m-%d")
    return {
        "name": text(image.facts, "name", f"Leither Edge {profile}".strip()),
        "description": text(image.facts, "description", "A node of the Leither decentralized cloud that you own"),
        "icon": ICON,
        "url": address,
        "extract_size": examined.size,
        "extract_sha256": examined.sha256,
        "image_download_size": examined.download_size,
        "image_download_sha256": examined.download_sha256,
        "release_date": date,
        "init_format": "none",
        "devices": args.tag or TAGS.get(profile, []),
    }


def text(facts, name, instead):
    """A text of an image's description, or what stands in for it."""
    value = facts.get(name)
    return clean(value, TEXT_MAX) if isinstance(value, str) and value else instead
