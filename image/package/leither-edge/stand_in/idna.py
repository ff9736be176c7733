"""In place of the package idna, which trio asks only for host names that are not ASCII.

The package and the tables of Unicode it needs are 380 kB packed, a twentieth of the root file system. The device looks up hosts that its
own settings name; such a name can always be written in ASCII, as xn--.
"""


class IDNAError(UnicodeError):
    """A name that cannot be looked up."""


def encode(name, uts46=False):
    """ASCII bytes of a host name. Raises IDNAError for one that is not ASCII."""
    try:
        return name.encode("ascii")
    except UnicodeEncodeError:
        raise IDNAError(f"The host name {name!r} is not ASCII. Write it in the form that begins with xn--.") from None
