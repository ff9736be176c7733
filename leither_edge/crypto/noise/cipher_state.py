"""One direction's key and count of messages (Noise revision 34 sections 4.2 and 5.1)."""

import ctypes
from struct import pack_into

import pysodium

from leither_edge.crypto.noise.errors import NoiseError
from leither_edge.crypto.noise.suite import KEY_BYTES, MESSAGE_MAX_BYTES, TAG_BYTES

# The last number is kept for rekey.
_LAST_NONCE = (1 << 64) - 1
_PLAIN_MAX_BYTES = MESSAGE_MAX_BYTES - TAG_BYTES
_REKEY_NONCE = b"\0\0\0\0" + b"\xff" * 8

_POINTER, _SIZE, _BYTE = ctypes.c_void_p, ctypes.c_ulonglong, ctypes.c_char
_ARGUMENTS = (_POINTER, _POINTER, _POINTER, _SIZE, _POINTER, _SIZE, _POINTER, _POINTER, _POINTER)
# By index, so that the declared arguments stay with this module's own function objects. CDLL frees the interpreter's lock during a call.
_seal = pysodium.sodium["crypto_aead_chacha20poly1305_ietf_encrypt"]
_seal.argtypes = _ARGUMENTS
_open = pysodium.sodium["crypto_aead_chacha20poly1305_ietf_decrypt"]
_open.argtypes = (_POINTER, _POINTER, _POINTER, _POINTER, _SIZE, _POINTER, _SIZE, _POINTER, _POINTER)


class CipherState:
    """Encrypts or decrypts the messages of one direction, each under the next number.

    The number goes on only when a message was good: a message that was altered or repeated changes nothing.
    Attributes: count (messages since the last rekey or the beginning), nonce (of the next message).
    """

    __slots__ = ("_key", "_nonce_bytes", "nonce", "count")

    def __init__(self, key):
        """Args: key (32 bytes)."""
        if len(key) != KEY_BYTES:
            raise ValueError("a cipher's key has 32 bytes")
        self._key = ctypes.create_string_buffer(bytes(key), KEY_BYTES)
        self._nonce_bytes = ctypes.create_string_buffer(12)
        self.nonce = self.count = 0

    def encrypt(self, plain, additional=b""):
        """The message encrypted, 16 bytes longer. Raises NoiseError: too-long, exhausted."""
        out = bytearray(len(plain) + TAG_BYTES)
        self.encrypt_into(out, 0, plain, additional)
        return bytes(out)

    def decrypt(self, sealed, additional=b""):
        """The message of `encrypt`. Raises NoiseError: authentication, too-short, too-long, exhausted."""
        # One byte more, as an empty buffer has no address.
        out = bytearray(max(len(sealed) - TAG_BYTES, 0) + 1)
        size = self.decrypt_into(out, 0, sealed, additional)
        return bytes(memoryview(out)[:size])

    def encrypt_into(self, out, at, plain, additional=b""):
        """Writes a message encrypted into a buffer; gives how many bytes that are.

        Args: out (bytearray or writable memoryview), at (offset in it), plain (bytes-like, at most 65,519; may be the very place it is
        written to), additional (bytes). Raises NoiseError: too-long, exhausted; ValueError: no room, after `forget`.
        """
        size = len(plain)
        if size > _PLAIN_MAX_BYTES:
            raise NoiseError("too-long", f"a message of {size} bytes; at most {_PLAIN_MAX_BYTES} fit")
        if len(out) - at < size + TAG_BYTES:
            raise ValueError("the encrypted message does not fit into the buffer")
        self._number()
        target, source = _BYTE.from_buffer(out, at), _readable(plain)
        _seal(ctypes.byref(target), None, source, size, additional, len(additional), None, self._nonce_bytes, self._key)
        self._went_on()
        return size + TAG_BYTES

    def decrypt_into(self, out, at, sealed, additional=b""):
        """Writes the message of `encrypt_into` into a buffer; gives how many bytes that are. Where it is not good, zeros are.

        Args: as for encrypt_into; sealed (bytes-like, 16 to 65,535; may be the very place it is written to).
        Raises NoiseError: authentication, too-short, too-long, exhausted; ValueError: no room, after `forget`.
        """
        sealed_size = len(sealed)
        size = sealed_size - TAG_BYTES
        if size < 0:
            raise NoiseError("too-short", f"an encrypted message has at least {TAG_BYTES} bytes, not {sealed_size}")
        if sealed_size > MESSAGE_MAX_BYTES:
            raise NoiseError("too-long", f"an encrypted message of {sealed_size} bytes; at most {MESSAGE_MAX_BYTES} are taken")
        if len(out) - at < max(size, 1):
            raise ValueError("the message does not fit into the buffer")
        self._number()
        target, source = _BYTE.from_buffer(out, at), _readable(sealed)
        if _open(ctypes.byref(target), None, None, source, sealed_size, additional, len(additional), self._nonce_bytes, self._key):
            raise NoiseError("authentication", "a message was altered, repeated, left out, or is for another key")
        self._went_on()
        return size

    def rekey(self):
        """Puts a new key in the place of the old one, from which nobody finds the old one (section 4.2); numbers go on."""
        key = self._held()
        fresh = ctypes.create_string_buffer(KEY_BYTES + TAG_BYTES)
        _seal(fresh, None, bytes(KEY_BYTES), KEY_BYTES, None, 0, None, _REKEY_NONCE, key)
        ctypes.memmove(key, fresh, KEY_BYTES)
        pysodium.sodium.sodium_memzero(fresh, ctypes.c_size_t(len(fresh)))
        self.count = 0

    def forget(self):
        """Overwrites the key; a second call does nothing."""
        key, self._key = self._key, None
        if key is not None:
            pysodium.sodium.sodium_memzero(key, ctypes.c_size_t(KEY_BYTES))

    def _held(self):
        if self._key is None:
            raise ValueError("the key was forgotten")
        return self._key

    def _number(self):
        self._held()
        if self.nonce >= _LAST_NONCE:
            raise NoiseError("exhausted", "this channel has used all its numbers; connect anew")
        pack_into("<Q", self._nonce_bytes, 4, self.nonce)

    def _went_on(self):
        self.nonce += 1
        self.count += 1


def _readable(data):
    """What ctypes takes as the address of bytes-like data; the data must stay where it is for as long as the result lives."""
    if isinstance(data, bytes):
        return data
    if len(data) == 0:
        return None
    if isinstance(data, memoryview) and data.readonly:
        # ctypes finds the address of a view only where it may be written to.
        return bytes(data)
    return ctypes.byref(_BYTE.from_buffer(data))
