"""A ping to this node's own address from another port: what arrives came through whatever stands between it and the world."""

import trio

from leither_edge.dht import krpc, udp


async def probe(dht, engine, address, within_s):
    """True if the node heard it; it then answers others. address: packed, as others see this node; within_s: seconds to wait."""
    _, sock = udp.open_udp("::" if engine.family == 6 else "0.0.0.0", 0)
    with sock:
        tid = dht.shared.random_bytes(8)
        engine.probe(tid)
        data = krpc.query(tid, b"ping", {b"id": dht.shared.random_bytes(20)}, read_only=True, network=dht.settings.network)
        if udp.send(sock, data, address):
            # The node answers what it hears; whether it heard stands in the engine.
            with trio.move_on_after(within_s):
                await trio.lowlevel.wait_readable(sock)
        engine.probe(None)
    return engine.is_server
