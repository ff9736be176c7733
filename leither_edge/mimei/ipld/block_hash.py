"""SHA-256 of blocks: of large ones by OpenSSL where this computer has it, several times as fast and beside other threads.

A device has none, and trio has loaded it where there is one, so it costs no memory.
"""

from leither_edge.core.sha256 import sha256

LARGE_BYTES = 4096
# A slow board hashes a megabyte in a tenth of a second; its other threads would wait that long if it were one step.
_STEP_BYTES = 64 << 10
_of_large = None


def digest_of(data):
    """The 32 bytes of SHA-256."""
    return (sha256(data) if len(data) < LARGE_BYTES else (_of_large or _find())(data)).digest()


def _find():
    global _of_large
    try:
        from _hashlib import openssl_sha256 as found
    except ImportError:
        found = _in_steps
    _of_large = found
    return found


def _in_steps(data):
    digest, view = sha256(), memoryview(data)
    for at in range(0, len(data), _STEP_BYTES):
        digest.update(view[at : at + _STEP_BYTES])
    return digest
