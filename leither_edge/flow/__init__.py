"""Floor 5: content on its way between nodes: publish, provide, sync, follow, share, back up."""
