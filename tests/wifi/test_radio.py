"""Station and access point on one radio, with a daemon made of nothing."""

import pytest

from appliance.board import BoardError
from appliance.wifi import access_point, chip, kept, links, nl80211, radio, station, subnet
from appliance.wifi.access_point import dnsmasq_command
from appliance.wifi.control import ControlError
from appliance.wifi.kept import KeptNetwork
from appliance.wifi.radio import Radio
from appliance.wifi.station import is_passphrase, network_settings
from tests.wifi.doubles import Air, Dhcp, Program, Supplicant

PASSWORD = "correct horse"
WPA2, SAE, WEP, OFFICE = "[WPA2-PSK-CCMP][ESS]", "[WPA2-SAE-CCMP][ESS]", "[WEP][ESS]", "[WPA2-EAP-CCMP][ESS]"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Function that makes a radio among these networks."""
    clock = [0.0]

    def monotonic():
        clock[0] += 0.05
        return clock[0]

    monkeypatch.setattr(station.time, "monotonic", monotonic)
    monkeypatch.setattr(access_point, "Program", Program)
    monkeypatch.setattr(chip, "encrypts", lambda folder: True)
    for name, value in (("exists", lambda name: name == "wlan0"), ("set_up", lambda *_: None), ("set_address", lambda *_: None),
                        ("clear_address", lambda *_: None), ("hardware_address", lambda name: bytes(6)),
                        ("networks", lambda without: [])):  # fmt: skip
        monkeypatch.setattr(links, name, value)
    monkeypatch.setattr(nl80211, "add_access_point", lambda *_: None)
    monkeypatch.setattr(nl80211, "remove", lambda *_: None)

    def make(turns=False, gives=lambda: True, **networks):
        networks = networks or {"Home": (2412, WPA2, PASSWORD), "Guest": (2462, "[ESS]", None), "New": (5180, SAE, PASSWORD)}
        air = Air(**networks)
        monkeypatch.setattr(radio, "Supplicant", lambda folder, log: Supplicant(air))
        monkeypatch.setattr(radio, "DhcpClient", lambda *_: Dhcp(gives))
        return Radio("wlan0", str(tmp_path / "run"), str(tmp_path / "wifi"), "", turns=turns), air

    return make


def refused(call, code):
    with pytest.raises(BoardError) as error:
        call()
    assert error.value.code == code and PASSWORD not in error.value.message
    return error.value.message


def test_joins_keeps_and_joins_again_by_itself(made, tmp_path):
    wlan, _ = made()
    assert wlan.status()["state"] == "disconnected"
    assert wlan.join(b"Home", PASSWORD, False) == "192.168.77.50"
    status = wlan.status()
    assert (status["state"], status["ssid"], status["configured"]) == ("joined", "Home", True)
    again, _ = made()
    assert again.status()["configured"]
    again.tick()
    again.tick()
    assert again.status()["state"] == "joined"
    again.forget()
    assert again.status()["state"] == "disconnected" and kept.load(str(tmp_path / "wifi")) is None


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("with_access_point", [False, True])
def test_reasons(made, turns, with_access_point):
    networks = {"Home": (2412, WPA2, PASSWORD), "Museum": (2412, WEP, None), "Office": (2412, OFFICE, None), "Guest": (2412, "[ESS]", None)}
    wlan, _ = made(turns, **networks)
    if with_access_point:
        wlan.ap_start("Leither", "lamp-tree-door")
    refused(lambda: wlan.join(b"Home", "wrong password", False), "wrong-password")
    assert "needs a password" in refused(lambda: wlan.join(b"Home", "", False), "wrong-password")
    assert "8 to 63" in refused(lambda: wlan.join(b"Home", "short", False), "wrong-password")
    assert "without one" in refused(lambda: wlan.join(b"Guest", PASSWORD, False), "wrong-password")
    assert "WEP" in refused(lambda: wlan.join(b"Museum", "12345", False), "unsupported")
    assert "name and password" in refused(lambda: wlan.join(b"Office", PASSWORD, False), "unsupported")
    refused(lambda: wlan.join(b"Nowhere", PASSWORD, False), "not-found")
    status = wlan.status()
    assert status["access_point"] is with_access_point and not status["configured"]


def test_no_address(made):
    wlan, _ = made(gives=lambda: False)
    refused(lambda: wlan.join(b"Home", PASSWORD, False), "no-address")
    assert wlan.status()["state"] == "disconnected"


def test_a_failed_try_goes_back_to_the_network_before(made):
    wlan, _ = made()
    wlan.join(b"Home", PASSWORD, False)
    refused(lambda: wlan.join(b"New", "wrong password", False), "wrong-password")
    wlan.tick()
    status = wlan.status()
    assert (status["state"], status["ssid"]) == ("joined", "Home")


def opened(wlan, interface):
    return [command for command in wlan._supplicant.daemons[interface].commands if " mode 2" in command]


def test_side_by_side_the_page_stays_alive_on_one_channel(made):
    wlan, _ = made()
    wlan.ap_start("Leither", "lamp-tree-door")
    wlan.ap_start("Leither", "lamp-tree-door")
    assert wlan.status()["phones"] == 1 and len(opened(wlan, "ap0")) == 1
    first = wlan._supplicant.daemons["ap0"]
    wlan.join(b"Home", PASSWORD, False)
    assert wlan._supplicant.daemons["ap0"] is first and wlan.status()["access_point"]


def test_side_by_side_the_access_point_follows_the_network(made):
    wlan, _ = made()
    wlan.ap_start("Leither", "")
    wlan.join(b"Guest", "", False)
    assert wlan._access_point.frequency_mhz == 2462 and wlan.status()["state"] == "joined"
    assert ("key_mgmt", "NONE") in access_point.access_point_settings("x", "", 2462)


def test_a_chip_that_cannot_encrypt_opens_it_without_a_password(made, monkeypatch):
    monkeypatch.setattr(chip, "encrypts", lambda folder: False)
    wlan, _ = made()
    wlan.ap_start("Leither", "lamp-tree-door")
    wlan.ap_start("Leither", "lamp-tree-door")
    assert len(opened(wlan, "ap0")) == 1 and wlan.status()["encrypts"] is False
    commands = wlan._supplicant.daemons["ap0"].commands
    assert any(command.endswith("key_mgmt NONE") for command in commands) and not any("lamp" in command for command in commands)


def test_in_turns_the_access_point_gives_way_and_comes_back(made):
    wlan, _ = made(turns=True)
    wlan.ap_start("Leither", "lamp-tree-door")
    assert {network["ssid"] for network in wlan.scan()} == {"Home", "Guest", "New"}
    refused(lambda: wlan.join(b"Home", "wrong password", False), "wrong-password")
    assert wlan.status()["access_point"]
    wlan.join(b"Home", PASSWORD, False)
    status = wlan.status()
    assert status["state"] == "joined" and not status["access_point"]
    refused(lambda: wlan.ap_start("Leither", "lamp-tree-door"), "failed")


def test_a_chip_that_cannot_do_both_is_found_out(made, monkeypatch):
    def cannot(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(nl80211, "add_access_point", cannot)
    wlan, _ = made()
    wlan.ap_start("Leither", "lamp-tree-door")
    assert wlan.status()["access_point"] and opened(wlan, "wlan0")
    wlan.ap_stop()
    wlan.ap_stop()
    assert not wlan.status()["access_point"]


def test_a_daemon_that_dies_is_set_up_anew(made):
    wlan, _ = made()
    wlan.join(b"Home", PASSWORD, False)

    def dead(*_):
        raise ControlError("wpa_supplicant did not answer STATUS.")

    wlan._supplicant.daemons["wlan0"].request = dead
    wlan._supplicant.daemons["wlan0"].ask = dead
    refused(wlan.scan, "failed")
    wlan._again_s = 0
    wlan.tick()
    wlan.tick()
    assert wlan.status()["state"] == "joined"


@pytest.mark.parametrize("passphrase", ["short", "x" * 64, "line\nbreak", "7" * 65])
def test_an_access_point_with_a_password_nobody_can_use(made, passphrase):
    wlan, _ = made()
    refused(lambda: wlan.ap_start("Leither", passphrase), "bad-arguments")


def test_what_the_daemon_is_told():
    name = "咖啡馆".encode("gbk")
    told = dict(network_settings(KeptNetwork(name, 'say "hi" now', True, "wpa2")))
    assert told["ssid"] == name.hex() and told["psk"] == '"say "hi" now"' and told["scan_ssid"] == "1" and "SAE" not in told["key_mgmt"]
    assert dict(network_settings(KeptNetwork(b"x", "ab" * 32, False, "wpa2")))["psk"] == "ab" * 32
    told = dict(network_settings(KeptNetwork(b"x", PASSWORD, False, "wpa3")))
    assert told["key_mgmt"] == "SAE" and told["ieee80211w"] == "2" and "psk" not in told
    told = dict(access_point.access_point_settings("Leither", "lamp-tree-door", 2412))
    assert (told["key_mgmt"], told["proto"], told["pairwise"], "ieee80211w" in told) == ("WPA-PSK", "RSN", "CCMP", False)
    assert is_passphrase("ÄÖÜ-Straße") and not is_passphrase("seven77") and not is_passphrase("\x00" * 10)


def test_dhcp_option_for_captive_portals_is_a_choice():
    first, other = subnet.SUBNETS[:2]
    assert not any("option" in word for word in dnsmasq_command("ap0", "/run/x", first, None))
    assert "--dhcp-option=114,http://192.168.4.1/api" in dnsmasq_command("ap0", "/run/x", first, "http://192.168.4.1/api")
    assert f"--dhcp-option=114,http://{other}.1/api" in dnsmasq_command("ap0", "/run/x", other, "http://192.168.4.1/api")
    assert "--dhcp-option=114,https://example.org/" in dnsmasq_command("ap0", "/run/x", other, "https://example.org/")


def addresses_given(monkeypatch, used):
    """Have the interfaces say this, and note the addresses that the access point takes."""
    given = []
    monkeypatch.setattr(links, "networks", lambda without: [entry[1:] for entry in used if entry[0] != without])
    monkeypatch.setattr(links, "set_address", lambda name, address, mask: given.append((name, address)))
    return given


def test_an_access_point_opens_beside_a_home_network_of_the_same_numbers(made, monkeypatch):
    used = [("lo", "127.0.0.1", "255.0.0.0"), ("wlan0", "192.168.4.23", "255.255.255.0"), ("ap0", "192.168.4.1", "255.255.255.0")]
    given = addresses_given(monkeypatch, used)
    wlan, _ = made()
    wlan.join(b"Home", PASSWORD, False)
    wlan.ap_start("Leither", "lamp-tree-door")
    assert given == [("ap0", f"{subnet.SUBNETS[1]}.1")]
    wlan.tick()
    assert len(given) == 1 and wlan.moves == 0


@pytest.mark.parametrize("turns", [False, True])
def test_an_open_access_point_makes_room_for_a_lease_once(made, monkeypatch, turns):
    used = []
    given = addresses_given(monkeypatch, used)
    wlan, _ = made(turns)
    wlan.ap_start("Leither", "lamp-tree-door")
    wlan.tick()
    name = wlan._access_point.interface
    assert given == [(name, "192.168.4.1")] and wlan.moves == 0
    used.append(("eth0", "192.168.4.23", "255.255.255.0"))
    for _ in range(3):
        wlan.tick()
    assert given[1:] == [(name, f"{subnet.SUBNETS[1]}.1")] and wlan.moves == 1
    assert wlan.status()["access_point"] and wlan._access_point.passphrase == "lamp-tree-door"
    used.clear()
    wlan.tick()
    assert len(given) == 2, "phones are not thrown out to go back"
