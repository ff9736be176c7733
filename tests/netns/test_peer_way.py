"""Two nodes behind NAT, relays between them that see ciphertext alone."""

import pytest

from tests.netns import peer_way
from tests.netns.world import why_not


@pytest.mark.slow
def test_nodes_behind_nat_meet_through_relays_that_see_nothing():
    reason = why_not()
    if reason:
        pytest.skip(reason)
    result = peer_way.measure(mib=4, count=2, say=lambda text: None)
    assert result["share"]["moved_by_other_mib"] > 1, "the rest came through the other relay"
    for name, (size, hits) in result["seen"].items():
        assert size > 1 << 20 and not hits, (name, hits)


def test_what_is_searched_for_would_be_found(tmp_path):
    class Seen:
        plain, hash = bytes(range(256)) * 256, "ab" * 32

        def seen(self, name):
            return b"frame" + (self.plain[16384:16484] + bytes.fromhex(self.hash) if name == "relay-1" else b"")

    found = peer_way.searched(Seen(), Seen.plain, Seen.hash)
    assert set(found["relay-1"][1]) == {"hash", "content"} and found["relay-2"][1] == []
