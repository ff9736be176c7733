"""Ordered rows, and lists, as trees of small blocks whose shape follows from their content alone."""
