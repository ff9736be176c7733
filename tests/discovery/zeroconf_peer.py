"""PyPI's zeroconf in an environment of its own: `INSTANCE PORT ADDRESS`. Registers a service, then reads lines and answers each with JSON.

    find NAME     the service of this instance: [port, [address], {text}] or null
    browse        the instances there are
"""

import json
import socket
import sys

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf

TYPE = "_leither._tcp.local."
WAIT_MS = 5000


class Seen:
    def __init__(self):
        self.names = []

    def add_service(self, zeroconf, type_, name):
        self.names.append(name)

    update_service = add_service

    def remove_service(self, zeroconf, type_, name):
        self.names = [other for other in self.names if other != name]


def main(instance, port, address):
    zeroconf = Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    info = ServiceInfo(
        TYPE, f"{instance}.{TYPE}", port=int(port), addresses=[socket.inet_aton("192.0.2.77")], properties={"v": "1", "n": "by zeroconf"},
        server=f"{instance}.local.",
    )  # fmt: skip
    zeroconf.register_service(info)
    seen = Seen()
    ServiceBrowser(zeroconf, TYPE, seen)
    print("ready", flush=True)
    for line in sys.stdin:
        verb, _, name = line.strip().partition(" ")
        answer = sorted(set(seen.names)) if verb == "browse" else facts(zeroconf.get_service_info(TYPE, f"{name}.{TYPE}", WAIT_MS))
        print(json.dumps(answer), flush=True)
    zeroconf.close()


def facts(info):
    if info is None:
        return None
    return [info.port, info.parsed_addresses(), {key.decode(): value.decode() for key, value in info.properties.items()}]


if __name__ == "__main__":
    main(*sys.argv[1:])
