"""Rows of the members of hashes, sets and sorted sets, and the index of scores beside them."""

from . import ranks
from .layout import CUT_MEMBER_BYTES, DATA, member_rest, pack_score, split_member, unpack_score, with_member


class Members:
    """What Database knows of members; the base of it, with its rows (`store`, `erase`, `derive`, `underive`), bounds and prefixes."""

    __slots__ = ()

    def member(self, header, member):
        """Return the value of a member, or None."""
        value = self.get(self.members + header.part + member_rest(member))
        if value is None or len(member) < CUT_MEMBER_BYTES:
            return value
        return split_member(member_rest(member), value)[1]

    def put_member(self, header, member, value):
        """Set the value of a member; the caller counts it."""
        self.store(self.members + header.part + member_rest(member), with_member(member, value))

    def drop_member(self, header, member):
        """Delete a member; return whether it was there. The caller counts it."""
        return self.erase(self.members + header.part + member_rest(member))

    def each_member(self, header, start=b"", reverse=False):
        """Yield (member, value) in order, from the member's part of a row key `start` on."""
        prefix = self.members + header.part
        length = len(prefix)
        # Above whatever a member's part can be.
        position = prefix + (start or b"\xff" * CUT_MEMBER_BYTES if reverse else start)
        for row, value in self.tx.scan(DATA, position, reverse):
            if row[:length] != prefix:
                break
            part = row[length:]
            yield (part, value) if len(part) != CUT_MEMBER_BYTES else split_member(part, value)
            self.step()

    def put_score(self, header, member, score, old):
        """Set a member's score, in its row and in the index. old: the score it had, or None."""
        # -0 is 0: their members are in one order.
        packed = pack_score(score + 0.0)
        part = member_rest(member)
        self.store(self.members + header.part + part, with_member(member, packed))
        prefix = self.index + header.part
        if old is not None:
            self._drop_index(header, pack_score(old) + part)
        self.derive(prefix + packed + part, with_member(member, b""))
        if header.has_parts:
            ranks.add(self, header, packed + part, 1)

    def drop_score(self, header, member, score):
        """Delete a member of a sorted set with its index row."""
        part = member_rest(member)
        self.erase(self.members + header.part + part)
        self._drop_index(header, pack_score(score) + part)

    def _drop_index(self, header, position):
        self.underive(self.index + header.part + position)
        if header.has_parts:
            ranks.add(self, header, position, -1)

    def each_score(self, header, start=b"", reverse=False):
        """Yield (member, score) in the order of scores, from index position `start` (packed score, then a member's part) on."""
        prefix = self.index + header.part
        length = len(prefix)
        member_at = length + 8
        position = prefix + (start or b"\xff" * (CUT_MEMBER_BYTES + 8) if reverse else start)
        for row, value in self.tx.scan(DATA, position, reverse):
            if row[:length] != prefix:
                break
            part = row[member_at:]
            member = part if len(part) != CUT_MEMBER_BYTES else split_member(part, value)[0]
            yield member, unpack_score(row[length:member_at])
            self.step()
