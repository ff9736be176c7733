"""Who a request was meant for: us, a captive portal detector, or somebody else's name rebound to our address.

Every phone and laptop asks some host of its maker for a page it knows. While the device is captive (unclaimed, or its own
access point is open) the answer to any host that is not ours is a redirect to the portal, whatever the path: no list of
probes has to be kept, and no system is ever told "204" or "Success". Otherwise a foreign host is refused, which is what
stops DNS rebinding.
"""

OWN = "own"
REDIRECT = "redirect"
MISDIRECTED = "misdirected"

# Paths of the address in DHCP option 114 (RFC 8910): a client may ask for it under any name that led it here.
CAPTIVE_API_PATH = "/captive-portal/api"

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
SHARED_NAME = "leither.local"


def decide(method, host, captive, own_hosts):
    """What to do with a request before any page sees it.

    Args:
        method: HTTP method, upper case.
        host: host of the request without port, lower case, IPv6 with or without brackets; "" if the client sent none (HTTP/1.0).
        captive: whether strangers are to be led to the portal.
        own_hosts: container of every name and IP literal of this device, lower case, IPv6 without brackets.

    Returns: OWN, REDIRECT (302 to the portal) or MISDIRECTED (421, RFC 9110 section 15.5.20).
    """
    if bare_host(host) in own_hosts:
        return OWN
    if captive and method in ("GET", "HEAD"):
        return REDIRECT
    return MISDIRECTED


def bare_host(host):
    """The host without brackets, trailing dot and zone, lower case."""
    host = host.lower()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    return host.partition("%")[0].rstrip(".")


def own_hosts(addresses, device_name, extra_names=()):
    """Every host under which the portal may be reached.

    Args:
        addresses: IP literals of this device.
        device_name: the owner's name for it; as far as it can be a DNS label it counts with `.local` behind it.
        extra_names: names from the configuration.
    """
    hosts = set(LOOPBACK_HOSTS)
    hosts.add(SHARED_NAME)
    hosts.update(bare_host(address) for address in addresses)
    hosts.update(bare_host(name) for name in extra_names if name)
    label = dns_label(device_name)
    if label:
        hosts.add(label + ".local")
    return hosts


def dns_label(name):
    """The name as a DNS label (RFC 1035 2.3.1: letters, digits, hyphens, at most 63), "" if nothing is left of it."""
    kept = "".join(character if character.isascii() and character.isalnum() else "-" for character in name.lower())
    while "--" in kept:
        kept = kept.replace("--", "-")
    return kept.strip("-")[:63].strip("-")


def captive_api_body(captive, portal_url):
    """The RFC 8908 document. Its page is plain HTTP: no public authority certifies a device that has only a private address."""
    if not captive:
        return b'{"captive":false}'
    url = portal_url.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{"captive":true,"user-portal-url":"{url}","can-extend-session":false}}'.encode()


def redirect_body(portal_url):
    """A body for the redirect: some Android builds take an empty answer for a dead network."""
    url = portal_url.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'<!doctype html><title>Leither</title><a href="{url}">{url}</a>'.encode()
