"""A node's content on a friend's node, sealed: kept up to date, checked, and brought back."""
