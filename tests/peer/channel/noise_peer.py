"""The other side of test_noise_peers.py: a node's channel handshake by dissononce and by noiseprotocol, with nothing of this project.

Reads a list of cases from standard input, connects for each to the port it names, and writes what came of each. Bytes are hex.
"""

import json
import socket
import struct
import sys

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.blake2b import Blake2bHash
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.handshakepatterns.interactive.XX import XXHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from noise.connection import Keypair, NoiseConnection

WAIT_S = 10


class Dissononce:
    PATTERNS = {"XX": XXHandshakePattern, "IK": IKHandshakePattern}
    HASHES = {"SHA256": SHA256Hash, "BLAKE2b": Blake2bHash}

    def __init__(self, pattern, hash_name, is_initiator, prologue, secret, remote):
        self._symmetric = SymmetricState(CipherState(ChaChaPolyCipher()), self.HASHES[hash_name]())
        self._state = HandshakeState(self._symmetric, X25519DH())
        own = X25519DH().generate_keypair(PrivateKey(secret))
        self._state.initialize(self.PATTERNS[pattern](), is_initiator, prologue, own, rs=PublicKey(remote) if remote else None)
        self._is_initiator = is_initiator

    def write(self, payload):
        out = bytearray()
        self._take(self._state.write_message(payload, out))
        return bytes(out)

    def read(self, message):
        payload = bytearray()
        self._take(self._state.read_message(message, payload))
        return bytes(payload)

    def _take(self, states):
        if states:
            self.hash = self._symmetric.get_handshake_hash()
            self._sending, self._receiving = states if self._is_initiator else states[::-1]

    def encrypt(self, data):
        return self._sending.encrypt_with_ad(b"", data)

    def decrypt(self, data):
        return self._receiving.decrypt_with_ad(b"", data)


class NoiseProtocol:
    def __init__(self, pattern, hash_name, is_initiator, prologue, secret, remote):
        self._state = NoiseConnection.from_name(f"Noise_{pattern}_25519_ChaChaPoly_{hash_name}".encode())
        self._state.set_as_initiator() if is_initiator else self._state.set_as_responder()
        self._state.set_prologue(prologue)
        self._state.set_keypair_from_private_bytes(Keypair.STATIC, secret)
        if remote:
            self._state.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, remote)
        self._state.start_handshake()

    @property
    def hash(self):
        return self._state.get_handshake_hash()

    def write(self, payload):
        return bytes(self._state.write_message(payload))

    def read(self, message):
        return bytes(self._state.read_message(message))

    def encrypt(self, data):
        return self._state.encrypt(data)

    def decrypt(self, data):
        return self._state.decrypt(data)

    def rekey(self):
        self._state.rekey_outbound_cipher()
        self._state.rekey_inbound_cipher()


LIBRARIES = {"dissononce": Dissononce, "noiseprotocol": NoiseProtocol}


def play(case):
    wire = socket.create_connection(("127.0.0.1", case["port"]), WAIT_S).makefile("rwb", 0)

    def send(message):
        wire.write(struct.pack(">H", len(message)) + message)

    def receive():
        (size,) = struct.unpack(">H", wire.read(2))
        data = b""
        while len(data) < size:
            data += wire.read(size - len(data))
        return data

    pattern, is_initiator, network = case["pattern"], case["is_initiator"], bytes(8)
    remote = bytes.fromhex(case["remote"]) if is_initiator and pattern == "IK" else None
    greeting = b"leither\1" + bytes([["XX", "IK"].index(pattern), ["SHA256", "BLAKE2b"].index(case["hash"])]) + network
    if not is_initiator:
        assert wire.read(18) == greeting
    credential = bytes.fromhex(case["credential"])
    prologue = b"leither peer channel" + greeting
    noise = LIBRARIES[case["library"]](pattern, case["hash"], is_initiator, prologue, bytes.fromhex(case["secret"]), remote)
    if is_initiator:
        wire.write(greeting)
        send(noise.write(credential if pattern == "IK" else b""))
        assert wire.read(9) == b"leither\1\0"
        shown = noise.read(receive())
        send(noise.encrypt(b"") if pattern == "IK" else noise.write(credential))
    else:
        shown = noise.read(receive())
        wire.write(b"leither\1\0")
        send(noise.write(credential))
        if pattern == "IK":
            assert noise.decrypt(receive()) == b""
        else:
            shown = noise.read(receive())
    echoed = 0
    for _ in range(case["echoes"]):
        message = noise.decrypt(receive())
        send(noise.encrypt(message[::-1]))
        echoed += len(message)
        if case["rekeys"]:
            noise.rekey()
    return {"shown": shown.hex(), "hash": bytes(noise.hash).hex(), "echoed": echoed}


if __name__ == "__main__":
    print(json.dumps([play(case) for case in json.load(sys.stdin)]))
