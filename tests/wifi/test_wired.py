"""Whether a cable is plugged in, whatever it leads to."""

import pytest

from appliance.wifi import links
from appliance.wifi.wired import Wired


@pytest.mark.parametrize(("carriers", "plugged"), [((), False), (("eth1",), True), (("eth0", "eth1"), True), (("wlan0",), False)])
def test_a_cable_with_something_at_its_end_is_plugged_in(tmp_path, monkeypatch, carriers, plugged):
    monkeypatch.setattr(links, "has_carrier", lambda name: name in carriers)
    wired = Wired(["eth0", "eth1"], str(tmp_path), str(tmp_path / "resolv.conf"))
    assert wired.is_plugged is plugged and wired.address is None
    assert Wired([], str(tmp_path), str(tmp_path / "resolv.conf")).is_plugged is False
