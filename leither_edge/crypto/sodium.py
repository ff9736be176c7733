"""libsodium, as far as this product uses it."""

import pysodium

SEED_BYTES = 32
SECRET_BYTES = 64
PUBLIC_KEY_BYTES = 32
# What a sealed box adds: the sender's one-time key and the MAC.
SEALED_MORE_BYTES = 48
SIGNATURE_BYTES = 64

# Until it is called, libsodium takes its slowest code everywhere: a fourth of what the processor can do.
if pysodium.sodium.sodium_init() < 0:
    raise ImportError("libsodium does not start: it gets no random bytes from this system")

SALT_BYTES = 16
NONCE_BYTES = 24
KEY_BYTES = 32


def keypair_from_seed(seed):
    """The (32-byte public key, 64-byte secret key) of a 32-byte Ed25519 seed (RFC 8032)."""
    if len(seed) != SEED_BYTES:
        raise ValueError("an Ed25519 seed has 32 bytes")
    return pysodium.crypto_sign_seed_keypair(seed)


def sign(message, secret):
    """The 64-byte Ed25519 signature of a message. Args: secret (32-byte seed or 64-byte secret key)."""
    if len(secret) == SEED_BYTES:
        secret = keypair_from_seed(secret)[1]
    elif len(secret) != SECRET_BYTES:
        raise ValueError("an Ed25519 secret has 32 or 64 bytes")
    return pysodium.crypto_sign_detached(message, secret)


def verify(signature, message, public_key):
    """True if the signature is good; a value of a wrong size or kind is a bad signature, never an exception."""
    if not (isinstance(signature, bytes) and isinstance(message, bytes) and isinstance(public_key, bytes)):
        return False
    if len(signature) != SIGNATURE_BYTES or len(public_key) != PUBLIC_KEY_BYTES:
        return False
    try:
        pysodium.crypto_sign_verify_detached(signature, message, public_key)
    except ValueError:
        return False
    return True


def random_bytes(count):
    """Bytes from the operating system's random source."""
    return pysodium.randombytes(count)


def equal(a, b):
    """Compares two byte strings in a time that does not tell where they differ."""
    return len(a) == len(b) and pysodium.sodium.sodium_memcmp(bytes(a), bytes(b), len(a)) == 0


def argon2id(passphrase, salt, operations, memory_bytes):
    """A 32-byte key from a passphrase (RFC 9106, Argon2id 1.3, one lane).

    Args: passphrase (bytes), salt (16 bytes), operations (passes), memory_bytes. Raises MemoryError.
    """
    try:
        return pysodium.crypto_pwhash(
            KEY_BYTES, passphrase, salt, operations, memory_bytes, pysodium.crypto_pwhash_ALG_ARGON2ID13
        )
    except ValueError:
        raise MemoryError(f"no {memory_bytes >> 20} MiB of memory for the passphrase") from None


def keyed_hash(message, key, size):
    """BLAKE2b of a message under a key (RFC 7693). Args: key (16 to 64 bytes), size (16 to 64 bytes)."""
    return pysodium.crypto_generichash(message, key, size)


def seal(message, additional, nonce, key):
    """XChaCha20-Poly1305: the message encrypted, 16 bytes longer. Args: additional (bytes), nonce (24 bytes), key (32 bytes)."""
    return pysodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, additional, nonce, key)


def unseal(sealed, additional, nonce, key):
    """The message of ``seal``, or None if the key is wrong or a byte was altered."""
    try:
        return pysodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, additional, nonce, key)
    except ValueError:
        return None


def seal_to(message, public_key):
    """The message for the holder of an Ed25519 key alone (libsodium sealed box), 48 bytes longer. Raises ValueError: not a key."""
    return pysodium.crypto_box_seal(message, pysodium.crypto_sign_pk_to_box_pk(public_key))


def open_sealed(sealed, public_key, secret):
    """The message of ``seal_to``, or None if it is for another key or a byte was altered. Args: secret (64-byte secret key)."""
    try:
        return pysodium.crypto_box_seal_open(
            sealed, pysodium.crypto_sign_pk_to_box_pk(public_key), pysodium.crypto_sign_sk_to_box_sk(secret)
        )
    except ValueError:
        return None
