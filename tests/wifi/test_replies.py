"""What wpa_supplicant says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wifi import lease, nl80211, replies
from appliance.wifi.access_point import is_station

SCAN = (
    b"bssid / frequency / signal level / flags / ssid\n"
    b"02:00:00:00:02:00\t2412\t-47\t[WPA2-PSK-CCMP][ESS]\tHome\n"
    b"02:00:00:00:02:01\t5180\t-60\t[WPA2-PSK-CCMP][ESS]\tHome\n"
    b"02:00:00:00:02:02\t2437\t-55\t[WPA2-PSK+SAE-CCMP][ESS]\t\\xe5\\x92\\x96\\xe5\\x95\\xa1\n"
    b"02:00:00:00:02:03\t2462\t-70\t[WPA2-SAE-CCMP][ESS]\ttab\\there\\\\\\\"\\e\n"
    b"02:00:00:00:02:04\t2462\t-71\t[WEP][ESS]\tMuseum\n"
    b"02:00:00:00:02:05\t2462\t-72\t[ESS]\tGuest\n"
    b"02:00:00:00:02:06\t2462\t-73\t[WPA2-EAP-CCMP][ESS]\tOffice\n"
    b"02:00:00:00:02:07\t2462\t-74\t[ESS]\t\n"
    b"02:00:00:00:02:08\t2462\t-74\t[ESS]\t\\x00\\x00\\x00\n"
    b"02:00:00:00:02:09\t2462\t-7"
)


def test_a_scan():
    found = replies.scan_results(SCAN)
    assert [bss.ssid for bss in found] == [
        b"Home", b"Home", "咖啡".encode(), b'tab\there\\"\x1b', b"Museum", b"Guest", b"Office",
    ]  # fmt: skip
    assert [bss.security for bss in found] == ["wpa2", "wpa2", "wpa2", "wpa3", "wep", "open", "other"]
    best = replies.best_of_each(found)
    assert [bss.ssid for bss in best][:2] == [b"Home", "咖啡".encode()] and b"Office" not in [bss.ssid for bss in best]
    assert best[0].seen() == {"ssid": "Home", "ssid_hex": "486f6d65", "signal_dbm": -47, "security": "wpa2", "channel": 1}


@pytest.mark.parametrize(
    ("flags", "security"),
    [
        (b"[WPA-PSK-TKIP][ESS]", "wpa2"),
        (b"[WPA-PSK-CCMP+TKIP][WPA2-PSK-CCMP+TKIP][WPS][ESS]", "wpa2"),
        (b"[RSN-SAE-CCMP][ESS]", "wpa3"),
        (b"[OWE-TRANS-OPEN][ESS]", "open"),
        (b"[WPA2-OWE-CCMP][OWE-TRANS][ESS]", "open"),
        (b"[WPA2-OWE-CCMP][ESS]", "other"),
        (b"[ESS][UTF-8]", "open"),
    ],
)
def test_security(flags, security):
    assert replies.security_of(flags) == security


CHANNELS = [(2412, 1), (2472, 13), (2484, 14), (5180, 36), (5825, 165), (5955, 1), (2400, None), (60480, None)]


@pytest.mark.parametrize(("mhz", "channel"), CHANNELS)
def test_channels(mhz, channel):
    assert replies.channel_of(mhz) == channel


def test_events():
    event = replies.event(b'<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="reason=X" auth_failures=1 duration=10 reason=WRONG_KEY')
    assert (event.name, event.field("reason"), event.field("id"), event.field("none")) == (
        "CTRL-EVENT-SSID-TEMP-DISABLED", "WRONG_KEY", "0", "",
    )  # fmt: skip
    assert replies.is_event(b"<3>x") and not replies.is_event(b"OK\n")
    assert replies.event(b"").name == ""


def test_status_takes_the_first_of_two():
    assert replies.status(b"wpa_state=COMPLETED\nssid=a\nwpa_state=x\nnothing\n") == {"wpa_state": "COMPLETED", "ssid": "a"}


LINES = st.lists(
    st.tuples(st.binary(max_size=20), st.sampled_from([b"2412", b"-1", b"9" * 30, b""]), st.binary(max_size=9), st.binary(), st.binary())
)


@given(st.binary(max_size=40_000) | LINES.map(lambda rows: b"\n".join(b"\t".join(row) for row in rows)))
def test_any_bytes_are_answered(data):
    for bss in replies.scan_results(data):
        seen = bss.seen()
        assert 1 <= len(bss.ssid) <= 32 and seen["channel"] is not None and -200 <= seen["signal_dbm"] <= 0
    assert len(replies.status(data)) <= replies.LINES_MAX
    replies.event(data).field("reason")
    assert lease.address_in(data) is None or lease.address_in(data).count(".") == 3
    is_station(data)
    nl80211.answer(data)


@given(st.binary())
def test_escapes_are_undone(name):
    escaped = "".join(f"\\x{byte:02x}" if byte < 32 or byte > 126 or byte in b'\\"' else chr(byte) for byte in name).encode()
    assert replies.unescaped(escaped) == name


@pytest.mark.parametrize("text", [b"", b"192.168.4", b"0.0.0.0", b"127.0.0.1", b"224.0.0.1", b"fe80::1", b"192.168.1.2 ; reboot", b"\0"])
def test_what_is_no_address_of_a_machine(text):
    assert lease.address_in(text) is None


def test_an_address():
    assert lease.address_in(b"192.168.1.2\n") == "192.168.1.2"


def test_stations():
    assert is_station(b"02:00:00:00:01:00\nflags=[AUTH]\n") and not is_station(b"") and not is_station(b"FAIL\n")


def test_netlink_messages():
    data = nl80211.message(0x10, 3, [(2, b"nl80211\0")], 1)
    assert len(data) == 16 + 4 + 12 and int.from_bytes(data[:4], "little") == len(data)
    assert nl80211.answer(b"") == (None, None)
    assert nl80211.beside(bytes.fromhex("b827eb000001")).hex() == "be27eb000001"
    assert nl80211.beside(bytes.fromhex("020000000000")) != bytes.fromhex("020000000000")
