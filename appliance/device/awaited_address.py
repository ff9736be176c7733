"""When people are told where to go: a device tells it once it has an address that leads to it, for nobody stands on its loopback."""

import trio

from appliance.board import BoardError
from appliance.device.addresses import is_loopback

LOOK_S = 1


async def announce(board, addresses, waiting, said):
    """Tell the supervisor that the node serves, and the person at the terminal where.

    board: async ready(text), async call(verb); addresses: Addresses; waiting: what is told while the device has no address;
    said: async () -> the announcement, made once it has one. Raises BoardError supervisor-gone.
    """
    if await must_wait(board, addresses):
        await board.ready(waiting)
        while not is_reachable(addresses):
            await trio.sleep(LOOK_S)
    await board.ready(await said())


async def must_wait(board, addresses):
    """Whether this is a device, which serves its network, and has no address in it yet."""
    if addresses.is_local_only or is_reachable(addresses):
        return False
    try:
        info = await board.call("info")
    except BoardError:
        return False
    return isinstance(info, dict) and info.get("is_device") is True


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
