"""What outlives a fetch: which labels are on their way, so that a collection leaves what came, and which providers gave wrong bytes."""

from .tables import FETCHING, SHUNNED

# What nobody went on with for so long is given up, and its blocks go with the next collection.
KEPT_S = 14 * 86400
FETCHING_MAX = 4096
# A provider of wrong bytes is not asked for a day, then two, up to a month: a worn card is replaced some day.
SHUN_S, SHUN_MAX_S = 86400, 30 * 86400
SHUNNED_MAX = 1024
_ID_BYTES = 20


def begin_fetch(tx, user, roots, now):
    """Notes labels that a user has this node fetch; what nobody went on with is forgotten.

    Args: tx (of a change), user (20 bytes), roots ([label]), now (whole s).
    """
    for key in [key for key, when in tx.scan(FETCHING) if when < now - KEPT_S]:
        tx.delete(FETCHING, key)
    for root in roots:
        tx.put(FETCHING, user + root, now)
    if tx.count(FETCHING) > FETCHING_MAX:
        rows = sorted((when, key) for key, when in tx.scan(FETCHING))
        for _, key in rows[: len(rows) - FETCHING_MAX]:
            tx.delete(FETCHING, key)


def end_fetch(tx, user, roots):
    """Notes that these labels are kept by something else now, or given up; where what keeps them is written, in the same transaction."""
    for root in roots:
        if tx.get(FETCHING, user + root) is not None:
            tx.delete(FETCHING, user + root)


def fetching(tx, user=None):
    """Yields (user, label, when it was begun or gone on with, s) of what is on its way. Args: user (20 bytes; None: of all)."""
    for key, when in tx.scan(FETCHING, start=user):
        if user is not None and key[:_ID_BYTES] != user:
            return
        yield key[:_ID_BYTES], key[_ID_BYTES:], when


def keeper(clock):
    """A function for library.keepers: what is on its way is kept, as far as it has come. Args: clock (-> s since 1970)."""

    def keep(tx):
        oldest = clock() - KEPT_S
        for user, label, when in fetching(tx):
            if when >= oldest:
                yield user, label, False

    return keep


def shun(tx, key, name, now):
    """Notes that a provider gave wrong bytes. Args: key (bytes that name it for good), name (text for people)."""
    row = tx.get(SHUNNED, key)
    times = 1 if row is None else row[0] + 1
    tx.put(SHUNNED, key, [times, now, min(SHUN_MAX_S, SHUN_S << min(times - 1, 10)), name])
    if tx.count(SHUNNED) > SHUNNED_MAX:
        tx.delete(SHUNNED, min((row[1], key) for key, row in tx.scan(SHUNNED))[1])


def is_shunned(tx, key, now):
    """Whether a provider gave wrong bytes a short while ago."""
    row = tx.get(SHUNNED, key)
    return row is not None and row[1] <= now < row[1] + row[2]


def shunned(tx):
    """Yields (key, name, how often it gave wrong bytes, when last (s), when it is asked again (s))."""
    for key, (times, when, period, name) in tx.scan(SHUNNED):
        yield key, name, times, when, when + period


def forgive(tx, key):
    """Has a provider asked again; returns whether it was shunned."""
    if tx.get(SHUNNED, key) is None:
        return False
    tx.delete(SHUNNED, key)
    return True
