"""The kernel's network interfaces, by ioctl (netdevice(7)) and /sys/class/net: no program is started for them."""

import _socket as socket  # the module socket makes enumerations of its numbers, a fifth of the supervisor's time to start
import errno
import fcntl
import os
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
SIOCGIFADDR, SIOCSIFADDR = 0x8915, 0x8916
SIOCGIFNETMASK, SIOCSIFNETMASK = 0x891B, 0x891C
IFF_UP = 0x1
NAME_MAX_BYTES = 15
SYS_NET = "/sys/class/net"


def is_name(text):
    """Whether ``text`` can be an interface's name: what the kernel allows, without the letters of paths and shells."""
    if type(text) is not str or not 0 < len(text) <= NAME_MAX_BYTES or text[0] in "-.":
        return False
    return all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in text)


def exists(name):
    """Whether there is such an interface now."""
    return os.path.exists(f"{SYS_NET}/{name}")


def hardware_address(name):
    """The hardware address of an interface, 6 bytes. Raises OSError."""
    try:
        with open(f"{SYS_NET}/{name}/address", "rb") as file:
            address = bytes.fromhex(file.read(32).decode().strip().replace(":", ""))
    except ValueError:
        address = b""
    if len(address) != 6:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return address


def has_carrier(name):
    """Whether something is at the other end. An interface that is down has none."""
    try:
        with open(f"{SYS_NET}/{name}/carrier", "rb") as file:
            return file.read(2).strip() == b"1"
    except OSError:
        return False


def set_up(name, up=True):
    """Switch an interface on or off. Raises OSError."""
    with _asking() as asking:
        flags = struct.unpack_from("H", fcntl.ioctl(asking, SIOCGIFFLAGS, _request(name)), 16)[0]
        fcntl.ioctl(asking, SIOCSIFFLAGS, _request(name, struct.pack("H", flags | IFF_UP if up else flags & ~IFF_UP)))


def set_address(name, address, mask="255.255.255.0"):
    """Give an interface an IPv4 address. Raises OSError."""
    with _asking() as asking:
        fcntl.ioctl(asking, SIOCSIFADDR, _request(name, _address(address)))
        fcntl.ioctl(asking, SIOCSIFNETMASK, _request(name, _address(mask)))


def clear_address(name):
    """Take its IPv4 address from an interface; none or no interface is no error."""
    try:
        with _asking() as asking:
            fcntl.ioctl(asking, SIOCSIFADDR, _request(name, _address("0.0.0.0")))
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.EADDRNOTAVAIL):
            raise


def address_of(name):
    """The IPv4 address of an interface, or None."""
    try:
        with _asking() as asking:
            return socket.inet_ntoa(fcntl.ioctl(asking, SIOCGIFADDR, _request(name))[20:24])
    except OSError:
        return None


class Asking(socket.socket):
    """A socket that is closed at the end of a block, as those of the module socket are."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def networks(without):
    """(address, mask) of every interface that has an IPv4 address, but for the interface ``without``."""
    found = []
    with _asking() as asking:
        for _, name in socket.if_nameindex():
            if name == without:
                continue
            try:
                said = [fcntl.ioctl(asking, number, _request(name)) for number in (SIOCGIFADDR, SIOCGIFNETMASK)]
            except OSError:
                continue
            found.append(tuple(socket.inet_ntoa(answer[20:24]) for answer in said))
    return found


def _asking():
    return Asking(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)


def _request(name, value=b""):
    return struct.pack("16s24s", name.encode(), value)


def _address(text):
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
