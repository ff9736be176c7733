"""The tree cut into groups: the units of responsibility and of exchange between nodes (white paper part II, section V).

A group is a sub-tree with at most 256 entries: account records, and child groups under their prefixes. One that outgrows this gives its
fullest branch seven bits below to a child group of its own; a child that has emptied is taken back. Where the cuts are changes storage
and duty, never a hash: the page of a group is checked against its own root, and that stands in the page above.

A prefix is a pair: the bits that its accounts share as a number, and how many.
"""

from leither_edge.ledger.group_page import BRANCH_BITS, Child, Group, side_of

ENTRIES_MAX = 256
# A group takes a child back when both fit with a quarter to spare, so that it does not go back and forth.
ENTRIES_MERGED = 192
TOP = (0, 0)


class GroupView:
    """The groups of an AccountTree. Made by one pass over its records; ``follow`` keeps it up to date with the pulses after.

    Holds one number a group, no records.
    """

    def __init__(self, tree):
        self._tree = tree
        # Of each group: how many accounts stand in it, not counting its children's; and which children it has.
        self._accounts = {}
        self._children = {}
        self._cut(TOP, self._count(TOP))

    def prefixes(self):
        """Prefixes of all groups, those above before those below."""
        return sorted(self._accounts, key=lambda prefix: (prefix[1], prefix[0]))

    def prefix_of(self, account):
        """The prefix of the group in whose page an account (20 bytes) stands, or would stand."""
        prefix = TOP
        while True:
            below = _branch(account, prefix[1] + BRANCH_BITS)
            if below not in self._children[prefix]:
                return prefix
            prefix = below

    def entries(self, prefix):
        """How many entries a group has."""
        return self._accounts[prefix] + len(self._children[prefix])

    def group(self, prefix):
        """The Group under a prefix as the tree is now. Raises KeyError where there is none, Damaged."""
        children = self._children[prefix]
        leaves, newest = [], dict.fromkeys(children, 0)
        for account, pulse, amount in self._records(prefix):
            below = _branch(account, prefix[1] + BRANCH_BITS)
            if below in newest:
                newest[below] = max(newest[below], pulse)
            else:
                leaves.append(pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account)
        found = []
        for below in sorted(children):
            held, synopsis = side_of(self.group(below))
            found.append(Child(below, newest[below], held, synopsis))
        return Group(prefix, leaves, found)

    def follow(self, came, went):
        """Take in accounts that came into being and that ended in a pulse (each 20 bytes). Raises Damaged."""
        for account in came:
            prefix = self.prefix_of(account)
            self._accounts[prefix] += 1
        for account in went:
            prefix = self.prefix_of(account)
            self._accounts[prefix] -= 1
        # Children that emptied first: a cut would look past them.
        for account in went:
            self._merge(self.prefix_of(account))
        for account in came:
            prefix = self.prefix_of(account)
            if self.entries(prefix) > ENTRIES_MAX:
                self._cut(prefix, self._count(prefix))

    def _cut(self, prefix, branches):
        """Give the fullest branches of a group to children of their own until it is small enough. branches: {prefix: accounts}."""
        own = dict(branches)
        children = self._children.get(prefix, set())
        kept = {below for below in children if below in own}
        for below in kept:
            own.pop(below)
        children = set(kept)
        while sum(own.values()) + len(children) > ENTRIES_MAX:
            fullest = max(own, key=lambda below: (own[below], below))
            if prefix[1] + BRANCH_BITS >= 160:
                break
            children.add(fullest)
            own.pop(fullest)
        self._accounts[prefix] = sum(own.values())
        self._children[prefix] = children
        for below in children - kept:
            self._cut(below, self._count(below))

    def _merge(self, prefix):
        while prefix != TOP:
            above = (prefix[0] >> BRANCH_BITS, prefix[1] - BRANCH_BITS)
            both = self.entries(prefix) + self.entries(above) - 1
            # An empty child makes room, however full the group above is: a child that holds nothing is in no page.
            if self._children[prefix] or self._accounts[prefix] and both > ENTRIES_MERGED:
                return
            self._accounts[above] += self._accounts.pop(prefix)
            self._children.pop(prefix)
            self._children[above].discard(prefix)
            prefix = above

    def _count(self, prefix):
        """{prefix seven bits below: accounts in it} of a group."""
        counts = {}
        bits = prefix[1] + BRANCH_BITS
        for account, _, _ in self._records(prefix):
            below = _branch(account, bits)
            counts[below] = counts.get(below, 0) + 1
        return counts

    def _records(self, prefix):
        number, bits = prefix
        start = (number << (160 - bits)).to_bytes(20, "big")
        for record in self._tree.records(start):
            if bits and _branch(record[0], bits)[0] != number:
                return
            yield record


def _branch(account, bits):
    return int.from_bytes(account, "big") >> (160 - bits), bits
