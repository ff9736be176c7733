"""SHA-256 of blocks: of large ones by OpenSSL where this computer has it, several times as fast and beside other threads.

A device has none, and trio has loaded it where there is one, so it costs no memory.
"""

from leither_edge.core.sha256 import sha256

LARGE_BYTES = 4096
_of_large = None


def digest_of(data):
    """The 32 bytes of SHA-256."""
    return sha256(data).digest() if len(data) < LARGE_BYTES else (_of_large or _find())(data).digest()


def _find():
    global _of_large
    try:
        from _hashlib import openssl_sha256 as found
    except ImportError:
        found = sha256
    _of_large = found
    return found
