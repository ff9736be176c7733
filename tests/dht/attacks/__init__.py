"""Attacks on a DHT node, each with a figure for what it did: `python -m tests.dht.attacks` prints them as one table."""
