"""Which sequence numbers were seen: a sliding window as in RFC 4303 section 3.4.3."""


class SequenceWindow:
    """An immutable window over the newest ``width`` sequence numbers.

    Args: highest (the newest number seen, 0 for none), mask (bit i set: highest - i was seen), width (numbers kept; with 1
    they must rise strictly).
    """

    __slots__ = ("highest", "mask", "width")

    def __init__(self, highest=0, mask=0, width=1):
        self.highest = highest
        self.mask = mask
        self.width = width

    def accepts(self, number):
        """True if ``number`` is newer than the window, or in it and not seen yet."""
        if number <= 0:
            return False
        if number > self.highest:
            return True
        behind = self.highest - number
        # The newest number itself counts as seen even if the mask was not saved with it.
        return 0 < behind < self.width and not (self.mask >> behind) & 1

    def advanced(self, number):
        """A new window in which ``number`` was seen. Raises ValueError if this one does not accept it."""
        if not self.accepts(number):
            raise ValueError("the sequence number was used before or is too old")
        if number > self.highest:
            step = number - self.highest
            kept = self.mask << step if step < self.width else 0
            return SequenceWindow(number, (kept | 1) & ((1 << self.width) - 1), self.width)
        return SequenceWindow(self.highest, self.mask | 1 << (self.highest - number), self.width)
