"""Changes that are in the log but not yet in the base, in memory: a page for each bucket of the tree.

A page is one byte string of records: account 20, pulse u32, amount 7 bytes; zero for an account that ended.
"""

import struct
from array import array

RECORD_BYTES = 31
_RECORD = struct.Struct(">20sI7s")


class Overlay:
    """Pending changes. bits: of an account that choose its page. count: of pending accounts."""

    __slots__ = ("bits", "count", "_pages", "_oldest")

    def __init__(self, bits):
        self.bits = bits
        self.count = 0
        self._pages = [b""] * (1 << bits)
        # Of each page: the pulse since which something of it waits; 0 for nothing.
        self._oldest = array("I", bytes(4 << bits))

    def get(self, account):
        """(pulse, amount) of a pending account, None for others."""
        page = self._pages[self._page(account)]
        at = _find(page, account)
        if at < 0:
            return None
        return int.from_bytes(page[at + 20 : at + 24], "big"), int.from_bytes(page[at + 24 : at + RECORD_BYTES], "big")

    def put(self, account, pulse, amount):
        """Remember a change."""
        number = self._page(account)
        page = self._pages[number]
        record = _RECORD.pack(account, pulse, amount.to_bytes(7, "big"))
        at = _find(page, account)
        if at < 0:
            self.count += 1
            if not page:
                self._oldest[number] = pulse
            self._pages[number] = page + record
        else:
            self._pages[number] = page[:at] + record + page[at + RECORD_BYTES :]

    def remove(self, account):
        """Forget a change; nothing happens where none is pending."""
        number = self._page(account)
        page = self._pages[number]
        at = _find(page, account)
        if at >= 0:
            self.count -= 1
            page = page[:at] + page[at + RECORD_BYTES :]
            self._pages[number] = page
            self._oldest[number] = min((pulse for _, pulse, _ in _RECORD.iter_unpack(page)), default=0)

    def run(self, page):
        """The leaf records (36 bytes each) of what is pending in a page, rising, graves (amount 0) included."""
        page = self._pages[page]
        if not page:
            return b""
        records = sorted(_RECORD.iter_unpack(page))
        return b"".join([b"\0\0\0\0" + pulse.to_bytes(4, "big") + b"\0" + amount + account for account, pulse, amount in records])

    def pages(self):
        """Numbers of the pages in which something is pending, rising."""
        return [number for number, page in enumerate(self._pages) if page]

    def between(self, low, high):
        """[(account, pulse, amount), ...] pending from ``low`` (20 bytes) to below ``high`` (20 bytes, None for the end), rising."""
        first = self._page(low)
        last = len(self._pages) - 1 if high is None else self._page(high)
        found = [
            (account, pulse, int.from_bytes(amount, "big"))
            for page in self._pages[first : last + 1]
            for account, pulse, amount in _RECORD.iter_unpack(page)
            if account >= low and (high is None or account < high)
        ]
        found.sort()
        return found

    def next_account(self, account):
        """The first pending account at or after one, round the end; None where nothing is pending."""
        if not self.count:
            return None
        page = self._page(account)
        found = [there for there, _, _ in _RECORD.iter_unpack(self._pages[page]) if there >= account]
        if not found:
            pages = self._pages
            number = next(filter(pages.__getitem__, range(page + 1, len(pages))), None)
            if number is None:
                number = next(filter(pages.__getitem__, range(page + 1)))
            found = [there for there, _, _ in _RECORD.iter_unpack(pages[number])]
        return min(found)

    def oldest(self):
        """The pulse since which the longest pending change waits, None where nothing is pending."""
        return min(filter(None, self._oldest), default=None)

    def resized(self, bits):
        """The same changes under another number of bits."""
        other = Overlay(bits)
        for account, pulse, amount in sorted(
            ((account, pulse, amount) for page in self._pages for account, pulse, amount in _RECORD.iter_unpack(page)),
            key=lambda record: record[1],
        ):
            other.put(account, pulse, int.from_bytes(amount, "big"))
        return other

    def _page(self, account):
        return int.from_bytes(account[:4], "big") >> (32 - self.bits)


def _find(page, account):
    at = page.find(account)
    while at >= 0 and at % RECORD_BYTES:
        at = page.find(account, at + 1)
    return at
