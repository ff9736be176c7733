"""When people are told where to go: a device tells it once it has an address that leads to it, for nobody stands on its loopback."""

import trio

from appliance.board import BoardError
from appliance.radio import CANNOT, GONE
from leither_edge.discovery.interfaces import is_loopback

LOOK_S = 1


async def is_device(board):
    """Whether the board is that of a device, not a laptop's. To be asked before anything that keeps the board busy.

    board: async call(verb).
    """
    try:
        info = await board.call("info")
    except BoardError as error:
        # Only a device's board is ever too busy to answer.
        return error.code not in (*CANNOT, GONE)
    return isinstance(info, dict) and info.get("is_device") is True


async def announce(board, addresses, waiting, said):
    """Tell the supervisor that the node serves, and the person at the terminal where.

    board: async ready(text); addresses: Addresses; waiting: what a device tells while it has no address, None on a laptop;
    said: async () -> the announcement, made once there is one. Raises BoardError supervisor-gone.
    """
    if waiting is not None and not addresses.is_local_only and not is_reachable(addresses):
        await board.ready(waiting)
        while not is_reachable(addresses):
            await trio.sleep(LOOK_S)
    await board.ready(await said())


def is_reachable(addresses):
    """Whether another machine can reach one of the addresses."""
    return not all(is_loopback(address) for address in addresses())


def waiting_text(version, ssid):
    """What is told meanwhile. ssid: of the access point if the device opens one, or None."""
    entrance = f"its Wi-Fi “{ssid}” is open" if ssid else "a cable is plugged in"
    hint = " A cable does as well." if ssid else ""
    return f"\nLeither Edge {version} runs, and waits until {entrance}. Its page and its claim token are shown here then.{hint}\n"


def told_entrance(entrance):
    """(name, what is told of its password) of the access point, or None. entrance: as of appliance.radio."""
    if entrance is None or entrance[1]:
        return entrance
    return entrance[0], "none: this device's radio cannot encrypt its own Wi-Fi, so whoever is near can read what you type there"
