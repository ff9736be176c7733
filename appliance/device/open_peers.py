"""What the device's channels need once they are open: bounds from the configuration, commands that come over them, an orderly end."""

import os

import trio

from appliance.commands.admission import Unauthentic
from appliance.commands.executor import TryAgain
from appliance.device.open_mimei import clock_of, may_join
from leither_edge.core.keyset import find_key, owner_keys
from leither_edge.core.roles import includes
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer_node import open_peer_node

# How often it is looked whether there are friends to come back to after a restart.
LOOK_S = 60
COMMAND = "command"


async def live(kept, library, listeners, opened):
    """Serve channels until cancelled.

    Args: kept (KeptPeers), library (Library), listeners (sockets), opened (called with the PeerNode).
    """
    node, executor = kept.node, kept.executor
    async with open_peer_node(
        library, node.folder, node.profile, listeners=listeners, dht=kept.dht, lan=kept.lan, counters=node.counters, log=node.log,
        name=lambda: executor.config["name"], clock=clock_of(kept.mimei), own_key=next(iter(owners(executor.keyset)), None),
        may_run=lambda session: may_run(executor.keyset, session), owners=lambda: owners(executor.keyset),
        may_keep=lambda key: may_join(executor.keyset, executor.config["mimei_users"], library.accounts.has_key, key, None),
    ) as peer_node:  # fmt: skip
        peer_node.services.add(COMMAND, taker_of_commands(executor, node.profile.commands.command_max_bytes), for_strangers=True)
        opened(peer_node)
        while True:
            # Before it is looked at, so that no change falls between looking and waiting.
            changed = kept.mimei.changed
            follow(peer_node, executor.config)
            await trio.to_thread.run_sync(write_mark, kept.mark, peer_node.has_company())
            with trio.move_on_after(LOOK_S):
                await changed.wait()


def follow(peer_node, config):
    """Do as the configuration says."""
    peer_node.set_bandwidth(config["bandwidth_up_kib_per_s"], config["bandwidth_down_kib_per_s"])
    peer_node.offer_tunnels(config["tunnel_offer"] == "on")


def owners(keyset):
    """[public key] of the device's owners, by the keyset in force (or None)."""
    return [] if keyset is None else list(owner_keys(keyset).values())


def may_run(keyset, session):
    """Whether a Session is of an owner or operator of the device. Args: keyset (in force, or None)."""
    if keyset is None or session.user_id is None or session.user_id in keyset.revoked:
        return False
    found = find_key(keyset, session.user_id)
    return found is not None and includes(found[0], "operator")


def taker_of_commands(executor, max_bytes):
    """The service of signed commands: {command: bytes} in, {answer: bytes} out. The executor judges them as it does those of HTTP."""

    async def take(call):
        data = call.arguments.get("command") if isinstance(call.arguments, dict) else None
        if not isinstance(data, bytes) or len(data) > max_bytes:
            raise Refused("bad-call", f"A command is bytes, at most {max_bytes} of them.")
        try:
            return {"answer": await executor.execute(data)}
        except Unauthentic as error:
            raise Refused(error.code, str(error)) from None
        except TryAgain as error:
            raise Refused("storage" if error.code == "storage" else "busy", str(error)) from None

    return take


def write_mark(path, is_wanted):
    """Make the file that says that there is somebody to look after, or take it away. For a worker thread."""
    if os.path.exists(path) == is_wanted:
        return
    if not is_wanted:
        os.unlink(path)
        return
    with open(path, "wb"):
        pass
