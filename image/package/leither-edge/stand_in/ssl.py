"""In place of the standard library's ssl on a device whose node speaks no TLS.

trio imports ssl when it is imported, for streams that this product never opens. The real module needs OpenSSL: 1.6 MB of flash
and a megabyte of memory. Every attribute that trio's modules name exists; using one says what is missing.
"""


class SSLError(OSError):
    """Any failure of TLS."""


class SSLWantReadError(SSLError):
    """More bytes from the peer are needed."""


class SSLWantWriteError(SSLError):
    """Bytes for the peer are waiting."""


class SSLSyscallError(SSLError):
    """The operating system failed."""


class SSLEOFError(SSLError):
    """The peer ended without a word."""


class SSLZeroReturnError(SSLError):
    """The peer ended properly."""


class CertificateError(SSLError, ValueError):
    """A certificate that does not fit."""


class _Missing:
    def __init__(self, *arguments, **names):
        raise SSLError("This device has no TLS: its image was built without OpenSSL.")


class SSLContext(_Missing):
    """How to speak TLS: never made here."""


class SSLObject(_Missing):
    """A TLS session: never made here."""


class SSLSocket(_Missing):
    """A socket that speaks TLS: never made here."""


class MemoryBIO(_Missing):
    """A buffer of a TLS session: never made here."""


def create_default_context(*arguments, **names):
    """Raises SSLError."""
    return SSLContext()
