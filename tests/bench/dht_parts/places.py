"""Loopback addresses, each in a /24 of its own, so that no rule of one node a network is bent."""


def place(number, first=10):
    """The address of a node by its number: 127.x.y.1."""
    return f"127.{first + number // 250}.{1 + number % 250}.1"


def median(values):
    """The middle one of some numbers, None of none."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None
