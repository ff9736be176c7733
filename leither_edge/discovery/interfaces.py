"""This machine's own addresses, as its network interfaces have them now (Linux: netdevice(7), /proc/net/if_inet6)."""

import fcntl
import socket
import struct

SIOCGIFADDR = 0x8915
REQUEST_BYTES = 256
NAME_BYTES = 15
ANY_4, ANY_6 = "0.0.0.0", "::"
# Scope of an address of /proc/net/if_inet6: of the world, or of a site.
_GLOBAL = "00"
_TEMPORARY_OR_BAD = 0x01 | 0x08 | 0x20 | 0x40


def interface_addresses():
    """The IPv4 addresses of the interfaces, loopback among them; one that has none is passed over."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            request = struct.pack(f"{REQUEST_BYTES}s", name.encode()[:NAME_BYTES])
            try:
                answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, request)
            except OSError:
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def addresses_4():
    """The IPv4 addresses of the interfaces but for loopback."""
    return [address for address in interface_addresses() if not is_loopback(address)]


def addresses_6():
    """The IPv6 addresses of the interfaces that hold beyond one link and for long."""
    found = []
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        # No IPv6 in this kernel.
        return found
    for row in rows:
        if len(row) == 6 and row[3] == _GLOBAL and not int(row[4], 16) & _TEMPORARY_OR_BAD:
            found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(row[0])))
    return found


def is_loopback(address):
    """Whether an IP literal leads back to the machine it is used on."""
    return address.startswith("127.") or address == "::1"


def served(hosts):
    """The IP literals under which somebody who listens on hosts (numeric addresses) is reached; loopback only if there is nothing else."""
    found = [*(addresses_4() if ANY_4 in hosts else ()), *(addresses_6() if ANY_6 in hosts else ())]
    found += [host for host in hosts if host not in (ANY_4, ANY_6) and "%" not in host]
    beyond = [host for host in found if not is_loopback(host)]
    return list(dict.fromkeys(beyond or found or (["127.0.0.1"] if ANY_4 in hosts else ["::1"])))
