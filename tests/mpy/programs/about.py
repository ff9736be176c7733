"""Says which MicroPython this is, and how wide its words are."""

import sys


def main(args):
    print("MicroPython", ".".join(str(part) for part in sys.implementation[1][:3]), "32-bit" if sys.maxsize < 1 << 32 else "64-bit")


if __name__ == "__main__":
    main([])
