"""An invitation as one text, for a mail or a QR code: `leither:peer/<code>/<record in base64url>`.

Whoever has it can come, once, so it is sent in private.
"""

import binascii

from leither_edge.peer.invite import record as records
from leither_edge.peer.invite.code import read_code
from leither_edge.peer.invite.errors import InviteError

SCHEME = "leither:peer/"
LINK_MAX_CHARS = len(SCHEME) + 40 + 1 + (records.PLAIN_MAX_BYTES * 4 + 2) // 3


def write_link(symbols, record):
    """The link of a code (twelve characters) and a Record. Raises InviteError (bad-record)."""
    text = binascii.b2a_base64(records.write(record), newline=False).decode().rstrip("=")
    return f"{SCHEME}{symbols}/{text.replace('+', '-').replace('/', '_')}"


def read_invitation(text):
    """(twelve characters, Record or None) of a link, or of a code alone. Raises InviteError: bad-code, bad-link, bad-record."""
    text = text.strip() if isinstance(text, str) else ""
    if not text.lower().startswith(SCHEME):
        return read_code(text), None
    code, slash, data = text[len(SCHEME) :].partition("/")
    if len(text) > LINK_MAX_CHARS or not slash:
        raise InviteError("bad-link", "This link is not a whole invitation: copy all of it.")
    try:
        plain = binascii.a2b_base64(data.replace("-", "+").replace("_", "/") + "=" * (-len(data) % 4), strict_mode=True)
    except ValueError:
        raise InviteError("bad-link", "This link was damaged on its way: copy all of it again.") from None
    return read_code(code), records.read(plain)
