"""What wpa_supplicant says, read: scans, states, events. Total functions: any bytes give a bounded, valid answer.

Formats: wpa_supplicant's control interface (wpa_ctrl.h and ctrl_iface of release 2.10 and 2.11). Names of networks are any bytes
and come printf-escaped; what is not understood is passed over, since a line may be cut where the daemon's buffer ended.
"""

REPLY_MAX_BYTES = 16_384  # the daemon's own buffer is 4 KiB, with one exception of 8
LINES_MAX = 512
SSID_MAX_BYTES = 32
# A reply this long may have lost its last networks.
FULL_BYTES = 3_800

OPEN, WEP, WPA2, WPA3 = "open", "wep", "wpa2", "wpa3"
# Needs a name and a password for each person, or a key exchange of its own: shown to nobody, refused when asked for.
OTHER = "other"

_ESCAPES = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("e"): 27, ord("\\"): 92, ord('"'): 34}
_HEX = b"0123456789abcdefABCDEF"


class Bss:
    """One transmitter as a scan shows it: ssid (bytes), frequency_mhz, signal_dbm, security."""

    __slots__ = ("ssid", "frequency_mhz", "signal_dbm", "security")

    def __init__(self, ssid, frequency_mhz, signal_dbm, security):
        self.ssid = ssid
        self.frequency_mhz = frequency_mhz
        self.signal_dbm = signal_dbm
        self.security = security

    def seen(self):
        """As `wifi_scan` of the board gives it."""
        return {
            "ssid": self.ssid.decode(errors="replace"),
            "ssid_hex": self.ssid.hex(),
            "signal_dbm": self.signal_dbm,
            "security": self.security,
            "channel": channel_of(self.frequency_mhz),
        }


class Event:
    """An unsolicited message: name such as "CTRL-EVENT-CONNECTED", and the rest of its line as text."""

    __slots__ = ("name", "rest")

    def __init__(self, name, rest=""):
        self.name = name
        self.rest = rest

    def field(self, key):
        """The value of ``key=`` in the rest, "" without. Not for names of networks, which may hold anything."""
        for word in reversed(self.rest.split(" ")):
            name, equals, value = word.partition("=")
            if equals and name == key:
                return value
        return ""


def unescaped(data):
    """The bytes that printf-escaped ``data`` stands for; a broken escape stands for itself."""
    out, at = bytearray(), 0
    while at < len(data):
        byte = data[at]
        follower = data[at + 1] if byte == 92 and at + 1 < len(data) else None
        if follower == ord("x") and len(data) >= at + 4 and data[at + 2] in _HEX and data[at + 3] in _HEX:
            out.append(int(data[at + 2 : at + 4], 16))
            at += 4
        elif follower in _ESCAPES:
            out.append(_ESCAPES[follower])
            at += 2
        else:
            out.append(byte)
            at += 1
    return bytes(out)


def scan_results(reply):
    """Every Bss of a SCAN_RESULTS reply that has a name, in its order."""
    found = []
    for line in reply[:REPLY_MAX_BYTES].split(b"\n")[:LINES_MAX]:
        fields = line.split(b"\t", 4)
        if len(fields) != 5:
            continue
        frequency_mhz, signal_dbm, ssid = _integer(fields[1]), _integer(fields[2]), unescaped(fields[4])
        if frequency_mhz is None or channel_of(frequency_mhz) is None or signal_dbm is None or not -200 <= signal_dbm <= 200:
            continue
        # A network that hides its name sends none, or as many zeros.
        if 1 <= len(ssid) <= SSID_MAX_BYTES and ssid.strip(b"\0"):
            found.append(Bss(ssid, frequency_mhz, min(signal_dbm, 0), security_of(fields[3])))
    return found


def security_of(flags):
    """OPEN, WEP, WPA2, WPA3 or OTHER, from the flags of a scan's line. A transition network counts as what more devices can."""
    if b"PSK" in flags:
        return WPA2
    if b"SAE" in flags:
        return WPA3
    if b"OWE-TRANS" in flags:
        return OPEN
    if b"EAP" in flags or b"OWE" in flags or b"WPA" in flags or b"RSN" in flags:
        return OTHER
    return WEP if b"WEP" in flags else OPEN


def best_of_each(networks):
    """One Bss a name and kind, the strongest, strongest first; without those nobody can join."""
    best = {}
    for network in networks:
        key = network.ssid, network.security
        if network.security != OTHER and (key not in best or network.signal_dbm > best[key].signal_dbm):
            best[key] = network
    return sorted(best.values(), key=lambda network: -network.signal_dbm)


def channel_of(frequency_mhz):
    """The channel's number (IEEE 802.11 annex E), or None where no Wi-Fi is."""
    if 2412 <= frequency_mhz <= 2472:
        return (frequency_mhz - 2407) // 5
    if frequency_mhz == 2484:
        return 14
    if 5160 <= frequency_mhz <= 5900:
        return (frequency_mhz - 5000) // 5
    return (frequency_mhz - 5950) // 5 if 5955 <= frequency_mhz <= 7115 else None


def status(reply):
    """The members of a STATUS reply as text; of one named twice the first."""
    members = {}
    for line in reply[:REPLY_MAX_BYTES].split(b"\n")[:LINES_MAX]:
        key, equals, value = line.partition(b"=")
        if equals:
            members.setdefault(key.decode(errors="replace"), value.decode(errors="replace"))
    return members


def event(packet):
    """The Event in a packet such as ``<3>CTRL-EVENT-CONNECTED - Connection to ...``."""
    text = packet[:REPLY_MAX_BYTES].decode(errors="replace")
    if text.startswith("<") and ">" in text[:4]:
        text = text.partition(">")[2]
    name, _, rest = text.strip().partition(" ")
    return Event(name, rest)


def is_event(packet):
    """Whether a packet is an event and not the answer to a request."""
    return packet[:1] == b"<"


def _integer(data):
    text = data.strip()
    return int(text) if text.lstrip(b"-").isdigit() and len(text) <= 8 and text.rfind(b"-") <= 0 else None
