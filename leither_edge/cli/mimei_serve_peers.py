"""``leither mimei serve --peers``: channels to other nodes beside the gateway, found in the network that this computer has joined."""

import contextlib

from leither_edge.cli.dht_network import chosen, described, remembered, told_by
from leither_edge.cli.failure import UsageError
from leither_edge.cli.output import clean

PEER_PORT = 8042
EVERYWHERE = ("0.0.0.0", "::")


def network_of(home, args):
    """The Network in which others are met, or None where none was joined or named."""
    return chosen(home, args) if told_by(args) is not None else remembered(home)


@contextlib.asynccontextmanager
async def peers_beside(at, args, network, owners, counters, log):
    """The PeerNode of a store that is served.

    Args: at (LocalContent), network (Network or None), owners (-> [public key] of the user's).
    """
    from leither_edge.cli.store_key import keep
    from leither_edge.peer.errors import PeerError
    from leither_edge.peer_node import open_peer_node

    async with contextlib.AsyncExitStack() as stack:
        dht = await stack.enter_async_context(_dht(network, counters, log)) if network is not None else None
        own = [at.library.node_key.public_key, at.key.public_key]
        try:
            node = await stack.enter_async_context(
                open_peer_node(
                    at.library, at.folder, at.library.limits, hosts=EVERYWHERE, port=args.peer_port, dht=dht, counters=counters, log=log,
                    name=args.name or "", own_key=at.key.public_key, may_run=lambda session: session.public_key in own,
                    owners=lambda: [*own, *owners()], publishes=dht is not None, is_public=network is not None and network.id is None,
                    maps_port=True,
                )  # fmt: skip
            )
        except PeerError as error:
            raise UsageError(
                "It cannot listen for other nodes there.", f"{error}", "Another --peer-port; 0 takes a free one.", code="listen"
            ) from None
        node.backup.keeping.before = lambda: keep(at.library, at.library.node_key, owners())
        node.offer_tunnels(args.offer_tunnel)
        yield node


def _dht(network, counters, log):
    from leither_edge.cli.dht_access import hosts
    from leither_edge.dht import Settings, open_dht
    from leither_edge.dht.settings import LAN, MAINLINE

    doors = [*network.bootstrap, *(MAINLINE if network.mainline else ())]
    settings = Settings(
        network=network.id, bootstrap=dict.fromkeys(doors), hosts=hosts(), discovery=network.lan, local_only=network.id == LAN
    )
    return open_dht(settings, counters=counters, log=log)


def rows(node, network):
    """[(what, text)] to show of the channels."""
    where = described(network) if network is not None else "the address book, and this house"
    return [("Other nodes", f"TCP port {node.port}; found in {clean(where, 100)}"), ("This node's id", node.id_text)]
