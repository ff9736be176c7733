"""Verifies one receipt in as little memory as the runtime gives: python -m receipt_heap FOLDER.

Runs under MicroPython. The folder holds receipt.bin, organization.bin and calls.bin: the digest of each signature check that
libsodium found good. MicroPython has no Ed25519; on a microcontroller it is C outside of this heap, and takes its place here.
"""

import gc
import os
import sys

from leither_edge.core.receipt import verify_receipt
from leither_edge.core.sha256 import sha256


def read(name):
    with open(name, "rb") as file:
        # All at once: without a size the buffer would grow by doubling.
        return file.read(os.stat(name)[6])


def main(args):
    # What importing left over makes room, so that the receipt lies in one piece at the start of what is free.
    gc.collect()
    receipt = read(args[0] + "/receipt.bin")
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
