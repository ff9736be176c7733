"""How many levels the heap of a tree has, and how many bits choose its pages: both follow from the number of accounts."""

# A bucket holds 10 to 20 accounts on average: a few bytes of heap an account, a few hashes a change.
BUCKET_MOST, BUCKET_LEAST = 20, 5
LEVELS_MIN, LEVELS_MAX = 1, 28


def levels_for(accounts):
    """Levels for a number of accounts."""
    levels = LEVELS_MIN
    while accounts > BUCKET_MOST << levels and levels < LEVELS_MAX:
        levels += 1
    return levels


def levels_after(levels, accounts):
    """Levels for a tree that has ``levels`` now: fewer only when far fewer would do, so that it does not go back and forth."""
    if accounts > BUCKET_MOST << levels and levels < LEVELS_MAX:
        return levels_for(accounts)
    if accounts < BUCKET_LEAST << levels and levels > LEVELS_MIN:
        return levels - 1
    return levels


def page_bits(levels):
    """Bits of an account that choose its page of history."""
    # Many pages make the levels above them dear, large ones what is below: at 65,536 accounts 1,024, at a million 2,048.
    return max(min(levels - 2, 10 + (levels - 12) // 4), 0)
