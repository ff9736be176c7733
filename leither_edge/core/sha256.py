"""SHA-256 without OpenSSL: importing ``hashlib`` would map libcrypto, some megabytes a small device lacks."""

try:
    from _sha2 import sha256  # CPython 3.12 and newer
except ImportError:
    try:
        from _sha256 import sha256  # CPython 3.11
    except ImportError:
        from hashlib import sha256  # MicroPython, or a CPython built without its own

__all__ = ("sha256",)
