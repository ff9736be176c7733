"""Content sealed for readers: a node without a key can keep it, check it, collect it and serve it, and cannot read it."""
