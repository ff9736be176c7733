"""The Leither Edge node: keeps a person's data, serves others', and answers signed commands."""

__version__ = "0.1.0"
