"""The parts of tests/bench/mimei.py."""
