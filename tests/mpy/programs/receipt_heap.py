"""Verifies one receipt in as little memory as the runtime gives: python -m receipt_heap FOLDER.

Runs under MicroPython. The folder holds receipt.bin, organization.bin and calls.bin: the digest of each signature check that
libsodium found good. MicroPython has no Ed25519; on a microcontroller it is C outside of this heap, and takes its place here.
"""

import gc
import os
import sys


def read(name):
    with open(name, "rb") as file:
        # All at once: without a size the buffer would grow by doubling.
        return file.read(os.stat(name)[6])


def main(args):
    # Collecting early keeps what lasts together, and what is free in one piece; the receipt goes first, as the largest.
    gc.threshold(128)
    receipt = read(args[0] + "/receipt.bin")

    from leither_edge.core.receipt import verify_receipt
    from leither_edge.core.sha256 import sha256

    def verify(signature, message, key):
        call = sha256(signature)
        call.update(key)
        call.update(message)
        call = call.digest()
        with open(args[0] + "/calls.bin", "rb") as known:
            while True:
                digest = known.read(32)
                if not digest or digest == call:
                    return bool(digest)

    shown = verify_receipt(receipt, read(args[0] + "/organization.bin"), verify)
    print("pulse", shown.pulse, "amount", shown.amount)


if __name__ == "__main__":
    main(sys.argv[1:])
