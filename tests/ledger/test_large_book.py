"""Two million accounts, streamed in and changed, within the memory and the disk they may take."""

import pytest

from tests.bench.ledger_parts import large
from tests.own_environment import ROOT

ACCOUNTS = 2_000_000
MIB = 1 << 20
# An interpreter with the store's and the tree's modules, and a pulse's changes.
PROCESS_BYTES = 48 * MIB


@pytest.mark.slow
def test_two_million_accounts(tmp_path):
    seen = large.measure(tmp_path / "book", ACCOUNTS, 200, ROOT)
    assert seen["load_peak_rss"] <= PROCESS_BYTES + 16 * ACCOUNTS
    assert seen["own_rss"] <= PROCESS_BYTES + 16 * ACCOUNTS
    assert seen["loaded_bytes"] <= 36.5 * ACCOUNTS
    assert seen["lived_bytes"] <= 36.5 * ACCOUNTS
    assert seen["written_per_pulse"] <= 64 * 1024
