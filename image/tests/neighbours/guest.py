"""Runs on the emulated board beside the device: brings up phone and router, walks through the page, tells what was seen.

As in tests/radio/guest.py a line is ``RADIO {"name": ..., ...}``; the test outside judges.
"""

import os
import sys
import traceback

from tests.radio.guest import HOME, PASSWORD, frequency, listed, tell, tried
from tests.radio.neighbourhood import Phone, Router, end, ends_of_logs, wait_for

# As on the card, see test_wifi.py.
ACCESS_POINT, ACCESS_POINT_KEY = "Leither-Test", "lamp-tree-door"


def radios():
    """The radios' own names by interface."""
    return {name: os.path.basename(os.readlink(f"/sys/class/net/{name}/phy80211")) for name in ("wlan1", "wlan2")}


def main():
    found = radios()
    phone, router = Phone("phone", found["wlan1"], "wlan1"), Router("router", found["wlan2"], "wlan2")
    try:
        walk(phone, router)
        tell("finished")
    except Exception:
        tell("broken", why=traceback.format_exc(), phone=ends_of_logs(phone.folder), router=ends_of_logs(router.folder))
    finally:
        for station in (phone, router):
            for program in station.programs:
                end(program)


def walk(phone, router):
    router.start(HOME, PASSWORD, 2412)
    phone.supplicant()
    flags = wait_for("the access point", lambda: phone.seen().get(ACCESS_POINT), 150)
    phone.stop()
    tell("access point", flags=flags, frequency=frequency("ap0"))
    said = phone.join(ACCESS_POINT, ACCESS_POINT_KEY)
    tell("dhcp", address=said.get("ip"), router=said.get("router"), dns=said.get("dns"))
    tell("dns", **phone.do("resolve", name="connectivitycheck.gstatic.com", server="192.168.4.1"))
    probe = phone.get("/generate_204", host="connectivitycheck.gstatic.com")
    tell("probe", status=probe.get("status"), location=probe.get("location"))
    tell("portal", status=phone.get("/setup/name").get("status"))
    tell("listed", home=listed(phone, HOME))
    tell("wrong password", **tried(phone, HOME, "wrong password"))
    # Not a router switched off during the try, as in tests/radio: here that takes longer than joining.
    tell("nowhere", **tried(phone, b"Nowhere", PASSWORD, hidden=True))
    router.start(HOME, PASSWORD, 2462)
    tell("another channel", listed=listed(phone, HOME), **tried(phone, HOME, PASSWORD), frequency=frequency("wlan0"), side=frequency("ap0"))


if __name__ == "__main__":
    sys.exit(main())
