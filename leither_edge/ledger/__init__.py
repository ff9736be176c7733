"""Floor 3: one book of accounts, kept pulse by pulse."""
