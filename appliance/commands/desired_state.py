"""The configuration as a desired-state document: every key has a schema and a default; a change holds as a whole or not at all.

The newest change wins by its issue time, whatever way and order the changes came in.
"""

from appliance.commands.arguments import BadArgument, Boolean, Choice, Integer, Text, check_arguments
from appliance.commands.tables import CONTROL

CONFIG_KEY = "config"


class Superseded(Exception):
    """A newer change is in force. ``issued``: its issue time."""

    def __init__(self, issued):
        super().__init__(issued)
        self.issued = issued


class DesiredState:
    """Reads and changes the document in transactions of the caller.

    profile: bounds of the shares; default_name: the device's name until its owner gives one.
    """

    __slots__ = ("schema",)

    def __init__(self, profile, default_name):
        quota = profile.storage.data_quota_mib
        up, down = profile.peers.bandwidth_up_kib_per_s, profile.peers.bandwidth_down_kib_per_s
        self.schema = {
            "name": Text(1, 32, default=default_name),
            "language": Choice("en", "zh", default="en"),
            # A film of 3 GB on the smallest board, and an eighth of the quota left to decide on.
            "storage_share_mib": Integer(0, quota, default=quota - quota // 8),
            "bandwidth_up_kib_per_s": Integer(0, up, default=up),
            "bandwidth_down_kib_per_s": Integer(0, down, default=down),
            # Nobody outside the house learns of a device before its owner says so.
            "reach": Choice("lan", "organization", "mainline", default="lan"),
            # Of a closed network: its id (16 hexadecimal digits) and where it is entered (host:port, with commas between).
            "dht_network": Text(0, 16, allowed=_hex_digit, allowed_are="hexadecimal digits", default=""),
            "dht_bootstrap": Text(0, 400, default=""),
            "metrics_remote": Boolean(default=False),
            # Whether content is kept and served here, and whose: of the device's own keys, or of users who register, too.
            "mimei": Choice("on", "off", default="on"),
            "mimei_users": Choice("owners", "registered", default="owners"),
            # Who reads by label alone, and so from the IPFS gateway: a label says nothing of rights.
            "mimei_labels": Choice("users", "anyone", default="users"),
            # Whether this device has channels to other nodes, and carries those of nodes that nobody reaches directly.
            "peers": Choice("on", "off", default="on"),
            "tunnel_offer": Choice("on", "off", default="off"),
            "timezone": Text(1, 64, allowed=_zone_mark, allowed_are="letters, digits, /, _, + and -", default="UTC"),
        }

    def read(self, tx):
        """The whole document with defaults filled in.

        A stored value that the schema no longer allows (another profile) gives way to its default.
        """
        document = {name: field.default for name, field in self.schema.items()}
        for name, value in tx.get(CONTROL, CONFIG_KEY, {"keys": {}})["keys"].items():
            if name in self.schema:
                try:
                    document[name] = self.schema[name].check(name, value)
                except BadArgument:
                    continue
        return document

    def issued(self, tx):
        """Issue time of the change in force, seconds since 1970; 0 if there was none."""
        return tx.get(CONTROL, CONFIG_KEY, {"issued": 0})["issued"]

    def check(self, change):
        """Return the checked change ``{key: value}``. Raises BadArgument."""
        if not change:
            raise BadArgument("Nothing to set: name at least one key.")
        return check_arguments(self.schema, change, partial=True)

    def apply(self, tx, change, issued):
        """Put a checked change in force and return the whole document. Raises Superseded if a newer one is there.

        issued: its issue time; None for a change made on the spot, which is the newest there is.
        """
        stored = tx.get(CONTROL, CONFIG_KEY, {"issued": 0, "keys": {}})
        if issued is None:
            issued = stored["issued"]
        if issued < stored["issued"]:
            raise Superseded(stored["issued"])
        tx.put(CONTROL, CONFIG_KEY, {"issued": issued, "keys": {**stored["keys"], **change}})
        return self.read(tx)


def _hex_digit(mark):
    return mark in "0123456789abcdefABCDEF"


def _zone_mark(mark):
    return mark.isascii() and (mark.isalnum() or mark in "/_+-")
