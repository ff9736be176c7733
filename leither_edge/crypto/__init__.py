"""Floor 2: libsodium, and the keys that lie in files."""
