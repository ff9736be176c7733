"""The parts of tests/bench/dht.py."""
