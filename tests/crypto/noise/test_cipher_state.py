"""Keys and counts of one direction: in buffers, in place, under fault."""

import pytest

from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.crypto.noise.errors import NoiseError

KEY = bytes(range(32))


@pytest.fixture
def pair():
    return CipherState(KEY), CipherState(KEY)


@pytest.mark.parametrize("size", [0, 1, 64, 65519])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_into_buffers(pair, size, kind):
    sending, receiving = pair
    plain = bytes(size // 2) + b"x" * (size - size // 2)
    out = bytearray(b"#" * (size + 20))
    assert sending.encrypt_into(out, 2, kind(plain)) == size + 16
    assert out[:2] == b"##" and out[size + 18 :] == b"##"
    back = bytearray(size + 3)
    assert receiving.decrypt_into(back, 1, kind(bytes(out[2 : size + 18]))) == size
    assert back[1 : size + 1] == plain


def test_in_place(pair):
    sending, receiving = pair
    frame = bytearray(b"..hello world" + bytes(16))
    view = memoryview(frame)
    assert sending.encrypt_into(frame, 2, view[2:13]) == 27
    assert receiving.decrypt_into(frame, 2, view[2:]) == 11
    assert frame[2:13] == b"hello world"


def test_number_goes_on_only_when_the_message_was_good(pair):
    sending, receiving = pair
    first, second = sending.encrypt(b"one"), sending.encrypt(b"two")
    for wrong in (second, first[:-1] + bytes([first[-1] ^ 1]), first + b"\0", bytes(16)):
        with pytest.raises(NoiseError) as caught:
            receiving.decrypt(wrong)
        assert caught.value.code == "authentication"
        assert receiving.nonce == receiving.count == 0
    assert receiving.decrypt(first) == b"one"
    with pytest.raises(NoiseError):
        receiving.decrypt(first)
    assert receiving.decrypt(second) == b"two"


def test_bounds(pair):
    sending, receiving = pair
    for call, data, code in (
        (sending.encrypt, bytes(65520), "too-long"),
        (receiving.decrypt, bytes(65536), "too-long"),
        (receiving.decrypt, bytes(15), "too-short"),
    ):
        with pytest.raises(NoiseError) as caught:
            call(data)
        assert caught.value.code == code
    with pytest.raises(ValueError):
        sending.encrypt_into(bytearray(18), 0, b"abc")
    with pytest.raises(ValueError):
        receiving.decrypt_into(bytearray(2), 0, sending.encrypt(b"abc"))
    assert receiving.nonce == 0 and sending.nonce == 1


def test_the_last_number_is_never_used(pair):
    sending, receiving = pair
    sending.nonce = receiving.nonce = 2**64 - 2
    assert receiving.decrypt(sending.encrypt(b"last")) == b"last"
    for call in (sending.encrypt, receiving.decrypt):
        with pytest.raises(NoiseError) as caught:
            call(bytes(16))
        assert caught.value.code == "exhausted"


def test_rekey_and_forget(pair):
    sending, receiving = pair
    receiving.decrypt(sending.encrypt(b"before"))
    sending.rekey()
    sealed = sending.encrypt(b"after")
    with pytest.raises(NoiseError):
        receiving.decrypt(sealed)
    receiving.rekey()
    assert receiving.decrypt(sealed) == b"after"
    assert (receiving.nonce, receiving.count) == (2, 1)
    receiving.forget()
    receiving.forget()
    for call in (lambda: receiving.decrypt(sealed), receiving.rekey):
        with pytest.raises(ValueError):
            call()
