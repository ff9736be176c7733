"""Everything that goes over a machine's cable, into a file: ``INTERFACE FILE``. Frames as they are, one behind the other.

For searches in what a relay could see. Says "ready", runs until it is ended.
"""

import socket
import sys

ALL_FRAMES = 0x0003
BUFFER_BYTES = 16 << 20
FRAME_MAX_BYTES = 1 << 17


def capture(interface, path):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES)) as sock, open(path, "wb", buffering=0) as file:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        sock.bind((interface, 0))
        print("ready", flush=True)
        while True:
            file.write(sock.recv(FRAME_MAX_BYTES))


if __name__ == "__main__":
    capture(*sys.argv[1:])
