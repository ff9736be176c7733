"""A ping to this node's own address from another port: what arrives came through whatever stands between it and the world."""

import trio

from leither_edge.dht import compact, krpc, udp


async def probe(dht, engine, address, within_s):
    """True if the node heard it; it then answers others. address: packed, as others see this node; within_s: seconds to wait."""
    any_host = "::" if engine.family == 6 else "0.0.0.0"
    own = dht.engines[engine.family]
    _, sock = udp.open_udp(any_host, 0)
    with sock:
        tid = dht.shared.random_bytes(8)
        own.probe(tid)
        data = krpc.query(tid, b"ping", {b"id": dht.shared.random_bytes(20)}, read_only=True, network=dht.settings.network)
        if not udp.send(sock, data, address):
            return False
        with trio.move_on_after(within_s):
            await trio.lowlevel.wait_readable(sock)
            for reply, sender in udp.receive(sock, 4):
                try:
                    message = krpc.parse(reply)
                except krpc.PacketError:
                    continue
                if message.tid == tid and compact.ip(sender) == compact.ip(address):
                    break
        own.probe(None)
    return engine.is_server
