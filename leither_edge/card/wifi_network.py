"""What a Wi-Fi network's name and passphrase may be, and the text of its QR code."""

SSID_MAX_BYTES = 32  # IEEE 802.11-2020 9.4.2.2
PASSPHRASE_MIN = 8  # IEEE 802.11-2020 J.4.1: 8 to 63 ASCII characters, or the key as 64 hexadecimal digits
PASSPHRASE_MAX = 63
_HEX = "0123456789abcdefABCDEF"
_ESCAPED = '\\;,":'


def is_ssid(name):
    """Whether bytes can be a network's name."""
    return 1 <= len(name) <= SSID_MAX_BYTES


def is_passphrase(text):
    """Whether a text can be a network's passphrase, or its key in hexadecimal."""
    if len(text) == 64 and all(character in _HEX for character in text):
        return True
    size = len(text.encode("utf-8", "surrogatepass"))
    return PASSPHRASE_MIN <= size <= PASSPHRASE_MAX and all(ord(character) >= 32 for character in text)


def qr_text(ssid, passphrase):
    """What a phone's camera reads to join a network; "" as passphrase means an open one.

    Source: WPA3 specification 3.0, section 7 (URI format), with the backslash escapes that phones read.
    """
    if not passphrase:
        return f"WIFI:T:nopass;S:{_escaped(ssid)};;"
    return f"WIFI:T:WPA;S:{_escaped(ssid)};P:{_escaped(passphrase)};;"


def _escaped(text):
    return "".join("\\" + mark if mark in _ESCAPED else mark for mark in text)
