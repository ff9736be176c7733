"""An invitation as it is told: a code to say, words that spell it, a link and its picture."""

import json

from leither_edge.cli.card_page import picture
from leither_edge.cli.extras import qr_lines
from leither_edge.cli.figures import moment
from leither_edge.cli.output import clean, columns_of

# The spelling alphabet of the ICAO (Annex 10, volume II): the words that are least confused over a bad line.
SPELLED = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        (
            "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango "
            "Uniform Victor Whiskey X-ray Yankee Zulu zero one two three four five six seven eight nine"
        ).split(),
        strict=True,
    )
)  # fmt: skip


def spelled(code):
    """Words for a voice: those of a code's groups, a line each."""
    return [" ".join(SPELLED.get(char, char) for char in group) for group in code.upper().split("-")]


def show_invitation(out, told, is_remote):
    """Print what a friend needs: {code, link, until}; with ``--json`` a line of its own, as the result comes only when he has come."""
    code, link = clean(told["code"], 40), clean(told.get("link") or "", 4096)
    if out.as_json:
        print(json.dumps({"code": code, "link": link, "until": told.get("until")}), file=out.err, flush=True)
        return
    if out.err.isatty():
        out.err.write("\r\x1b[K")
    out.line(f"Tell your friend this code:  {out.styled(code, 'bold')}")
    for line in spelled(code):
        out.line(f"  {out.styled(line, 'dim')}")
    out.next_step("He types:", f"leither peer accept {code}")
    if link:
        out.next_step("Or send him this, in a mail or message that only he reads:", f"leither peer accept {link}")
        # Wider than the terminal, it would be torn.
        if len((qr_lines(link) or [""])[0]) + 2 <= columns_of(out.out):
            picture(out, "Or let him read it from here:", link)
    if told.get("until"):
        out.note(f"It is good once, until {moment(told['until'])}.")
    if not is_remote:
        out.note("This command waits until he has come. Ctrl-C takes the invitation back.")
