"""Nodes that share, follow and fetch from one another, over real channels."""

import pytest

from leither_edge.core.ids import public_key_to_text
from leither_edge.flow import told
from leither_edge.flow.errors import NoSource
from leither_edge.mimei.errors import BadInput, Forbidden, NotFound

from .flowing import flowing


async def test_what_is_shared_appears_there_with_every_version(tmp_path):
    async with flowing(tmp_path, "anna", "ben") as (anna, ben):
        mid = await anna.made(b"one")
        share = await anna.flow.share(anna.session, mid, ben.public_key)
        assert (share.state, share.users) == (told.ACCEPTED, (ben.id,))
        await ben.until(lambda: ben.last(mid) == 0)
        assert await ben.read(mid) == b"one"
        await anna.made(b"two", mid=mid)
        await ben.until(lambda: ben.last(mid) == 1)
        assert await ben.read(mid) == b"two" and await ben.read(mid, "cur") == b"two"
        assert [(follow.mid, follow.problem) for follow in ben.flow.follows(ben.session)] == [(mid, None)]
        assert [share.follows for share in anna.flow.shares(anna.session)] == [True]
        # Taken back: what came stays, what is new does not come.
        await anna.flow.unshare(anna.session, mid, ben.public_key)
        await anna.made(b"three", mid=mid)
        with pytest.raises(NoSource):
            await ben.flow.sync(ben.session, mid)
        assert await ben.read(mid) == b"two" and anna.flow.shares(anna.session) == []
        assert ben.flow.follows(ben.session)[0].problem[0] == "unshared"
