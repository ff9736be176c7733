"""Floor 4: channels between nodes: encrypted, authenticated, many streams on one connection."""
