"""Handshakes by dissononce and noiseprotocol, in their environment.

For each line {library, pattern, times, payload} it writes the seconds of CPU that they took.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "peer" / "channel"))

from noise_peer import LIBRARIES, X25519DH, PrivateKey  # noqa: E402

SECRETS = b"a" * 32, b"b" * 32


def shake(make, pattern, public, payload):
    """One handshake, both sides."""
    remote = public if pattern == "IK" else None
    writer, reader = make(pattern, "SHA256", True, b"", SECRETS[0], remote), make(pattern, "SHA256", False, b"", SECRETS[1], None)
    first = writer
    for _ in range(3 if pattern == "XX" else 2):
        reader.read(writer.write(payload if writer is not first or pattern == "IK" else b""))
        writer, reader = reader, writer


def main():
    public = X25519DH().generate_keypair(PrivateKey(SECRETS[1])).public.data
    for line in sys.stdin:
        asked = json.loads(line)
        make, payload = LIBRARIES[asked["library"]], bytes(asked["payload"])
        start = time.process_time()
        for _ in range(asked["times"]):
            shake(make, asked["pattern"], public, payload)
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
