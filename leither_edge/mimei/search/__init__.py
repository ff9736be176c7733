"""Finds what the node holds by tags, names and words of text."""
