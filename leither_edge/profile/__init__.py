"""Hardware profiles: the one source of every limit."""

from .profile import Profile, ProfileError, describe, find, from_bytes, load, names

__all__ = ["Profile", "ProfileError", "describe", "find", "from_bytes", "load", "names"]
