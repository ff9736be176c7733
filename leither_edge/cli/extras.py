"""The packages of the ``cli`` extra: imported when needed, missed in plain words."""

from leither_edge.cli.failure import Failure


def qr_lines(text):
    """Return a QR code as terminal lines, or None without the ``segno`` package.

    Args:
        text: what it says.
    """
    try:
        import segno
    except ImportError:
        return None
    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Light modules are drawn and dark ones left out, as terminals are dark more often than light; phones read both.
    glyphs = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return ["".join(glyphs[bool(a), bool(b)] for a, b in zip(rows[i], rows[i + 1], strict=True)) for i in range(0, len(rows), 2)]


def recovery_words():
    """Return the module that turns keys into words.

    Raises:
        Failure: when the ``mnemonic`` package is missing.
    """
    try:
        import mnemonic  # noqa: F401

        from leither_edge.crypto import recovery_words as module
    except ImportError as error:
        if (error.name or "").split(".")[0] != "mnemonic":
            raise
        raise missing("Recovery words need the package “mnemonic”.") from None
    return module


def missing(what):
    """The error for a package of the extra that is not installed."""
    return Failure(what, "It is not installed.", "Install it: pip install 'leither-edge[cli]'", code="missing-package")
