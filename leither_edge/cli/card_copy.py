"""Puts an image on a card and reads it back."""

import hashlib
from collections import namedtuple

from leither_edge.cli.card_image import CHUNK_BYTES
from leither_edge.cli.failure import Failure

# Code of the failure when the card gives back something else.
BROKEN = "read-back"

# offset, length: bytes; digest: SHA-256 of what was meant to be there.
Piece = namedtuple("Piece", "offset length digest")


def write_image(image, examined, changes, device, advance):
    """Write an image with changes in it; the first piece, with the partition table, comes last: half a card is no card.

    Args:
        image: Image.
        examined: Examined, of the same file a moment ago.
        changes: [(offset, bytes)] to put in place of the image's.
        device: CardDevice.
        advance: called with the number of bytes written.

    Returns:
        List of Piece, what must be read back.
    """
    whole, pieces, first, offset = hashlib.sha256(), [], [], 0
    device.write(0, bytes(min(CHUNK_BYTES, examined.size)))
    device.flush()
    for chunk in image.chunks():
        whole.update(chunk)
        chunk = changed(offset, chunk, changes)
        for start, end in examined.ranges:
            begin, stop = max(start, offset), min(end, offset + len(chunk))
            if begin >= stop:
                continue
            data = chunk[begin - offset : stop - offset]
            if offset:
                device.write(begin, data)
                advance(len(data))
            else:
                first.append((begin, data))
            pieces.append(Piece(begin, len(data), hashlib.sha256(data).digest()))
        offset += len(chunk)
        if offset > examined.size:
            break
    if whole.hexdigest() != examined.sha256:
        raise Failure(f"{image.path} has changed while it was written.", fix="Write the card again.", code="image-changed")
    device.flush()
    for begin, data in first:
        device.write(begin, data)
        advance(len(data))
    device.flush()
    return pieces


def changed(offset, chunk, changes):
    """A chunk of an image, which starts at ``offset``, with the changes that fall into it."""
    for at, data in changes:
        if at < offset + len(chunk) and at + len(data) > offset:
            begin, stop = max(at, offset), min(at + len(data), offset + len(chunk))
            chunk = chunk[: begin - offset] + data[begin - at : stop - at] + chunk[stop - offset :]
    return chunk


def read_back(device, pieces, advance):
    """Compare what the card gives back with what was written.

    Args:
        device: CardDevice.
        pieces: from write_image().
        advance: called with the number of bytes read.

    Raises:
        Failure: it is not the same.
    """
    device.forget()
    wrong = []
    for piece in pieces:
        data = device.read(piece.offset, piece.length)
        if hashlib.sha256(data).digest() != piece.digest:
            wrong.append(piece)
        advance(piece.length)
    if wrong:
        share = f"{len(wrong)} of {len(pieces)} parts differ, the first at {wrong[0].offset / 1e6:.1f} MB."
        raise Failure(
            "The card does not hold what was written to it.", share, "It is broken, or smaller than it says: take another one.",
            code=BROKEN, details={"wrong_parts": len(wrong), "first_wrong_byte": wrong[0].offset},
        )  # fmt: skip
