"""Header fields in and out: Accept by preference, paths and names as a field may hold them, without I/O."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = _UNRESERVED | frozenset(b"/!$&'()*+,;=:@")
ACCEPT_MAX = 32


def accepted(field):
    """The media ranges of an Accept field, the preferred first (RFC 9110, 12.5.1): [(type, {parameter: value})]; q=0 is left out."""
    found = []
    for position, part in enumerate(field.split(",")[:ACCEPT_MAX]):
        kind, *parameters = [piece.strip() for piece in part.split(";")]
        options, quality = {}, 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            name, value = name.strip().lower(), value.strip().strip('"')
            if name == "q":
                quality = _quality(value)
            else:
                options[name] = value
        if kind and quality > 0:
            found.append((-quality, position, kind.lower(), options))
    found.sort(key=lambda entry: entry[:2])
    return [(kind, options) for _, _, kind, options in found]


def _quality(text):
    if len(text) <= 5 and text.replace(".", "", 1).isdigit() and text.isascii():
        return min(float(text), 1.0)
    return 0.0


def quoted(text, safe=_IN_PATH):
    """A path, or with other ``safe`` bytes a value, percent-encoded (RFC 3986)."""
    data = text.encode("utf-8", "replace")
    if all(byte in safe for byte in data):
        return data.decode("ascii")
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


def quoted_value(text):
    """A value of a query, percent-encoded."""
    return quoted(text, _UNRESERVED)


def disposition(kind, name):
    """The Content-Disposition field (RFC 6266). Args: kind ("inline" or "attachment"), name of the file, "" for none."""
    if not name:
        return kind
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\/' else "_" for c in name)
    if plain == name:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quoted_value(name)}"
