"""The parts of tests/bench/ledger.py."""
