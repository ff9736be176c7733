"""The keyset in force, on disk."""

from appliance.commands.tables import CONTROL
from leither_edge.core.ids import key_id
from leither_edge.core.keyset import encode_keyset, open_rotation, parse_keyset

KEYSET_KEY = "keyset"


class KeysetStore:
    """Reads and replaces the keyset in transactions of the caller. The parsed keyset is remembered."""

    __slots__ = ("_parsed",)

    def __init__(self):
        self._parsed = (None, None)

    def current(self, tx):
        """The Keyset in force, None before the claim."""
        payload = tx.get(CONTROL, KEYSET_KEY)
        if payload is None:
            return None
        parsed = self._parsed
        if parsed[0] != payload:
            # One assignment: the writer's thread and the event loop may both be here.
            parsed = self._parsed = (payload, parse_keyset(payload))
        return parsed[1]

    def install(self, tx, keyset):
        """Put a keyset in force."""
        tx.put(CONTROL, KEYSET_KEY, encode_keyset(keyset))

    def rotate(self, tx, message, verify):
        """Put the keyset of a signed rotation in force and return it. Raises CoseError, KeysetError."""
        keyset = open_rotation(self.current(tx), message, verify)
        self.install(tx, keyset)
        return keyset


def with_roots(keyset, issuer):
    """The keyset in which a root key that signs a command counts as an owner.

    For the verbs that read and rotate the keyset only: root keys bring a rotation when every owner's key is lost, and do nothing else.
    """
    for root in keyset.roots:
        if key_id(root) == issuer and all(public_key != root for _, public_key in keyset.keys):
            return keyset._replace(keys=(*keyset.keys, ("owner", root)))
    return keyset
