"""The three roles of a key on a device, each holding what the one before it may do."""

ROLES = ("viewer", "operator", "owner")


def is_role(value):
    return isinstance(value, str) and value in ROLES


def includes(role, needed):
    """True if ``role`` may do what ``needed`` may."""
    return ROLES.index(role) >= ROLES.index(needed)
