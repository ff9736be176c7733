"""Letters and their pieces, put into the DHT and fetched from it; the same for both ends. Uses trio."""

import trio

from leither_edge.dht import DhtError, item
from leither_edge.mailbox.bodies import LetterError, checked, joined
from leither_edge.mailbox.letters import open_letter

# Searches at once: a body is there in seconds, and no entrance's rate limit is reached.
AT_ONCE = 4
# Codes of BEP 44: the sequence number is not above, or not the one to be replaced.
OLD_SEQUENCE, OTHER_SEQUENCE = 302, 301
_TRIES = 3


async def put_letter(dht, letter, key, salt, next_seq, progress=None):
    """Store a Letter under a key with the next sequence number, or one that the network has not passed.

    dht: node; key: public_key and sign; salt: bytes; next_seq: (at least) -> a number above all that were used, kept for good.
    Returns (sequence number, Report of the letter's item). Raises DhtError: some piece, or the letter, was stored nowhere.
    """
    await _each(letter.pieces, lambda piece: dht.put_immutable(piece[1]))
    seq = next_seq(0)
    for _ in range(_TRIES):
        signed = item.make_mutable(letter.value, key.public_key, salt, seq, key.sign)
        report = failure = None
        try:
            report = await dht.put_mutable(signed, progress=progress)
        except DhtError as error:
            if error.report is None or not _is_old(error.report):
                raise
            failure = error
        if failure is None and not _is_old(report):
            return seq, report
        # Another copy of this key, or we before we lost our memory, was ahead. A sequence number is as good as another.
        newest = (await dht.get_mutable(key.public_key, salt)).value
        # Where the rest took it and nobody has a newer one, whoever refused it has no reason that counts.
        is_there = failure is None and newest == signed
        if newest is None or newest.seq < seq or is_there or (higher := next_seq(newest.seq + 1)) <= newest.seq:
            break
        seq = higher
    if failure is not None:
        raise failure
    return seq, report


async def read_letter(dht, value, unseal, otherwise=None):
    """The bytes in a letter, for read_queue or read_answers, fetched from where it says.

    Args: value (of the item); unseal (sealed -> bytes or None); otherwise: async (Named) -> sealed bytes or None, asked where the
    DHT does not have all of them. Raises LetterError: malformed, sealed, missing, altered; DhtError.
    """
    named = open_letter(value, unseal)
    if isinstance(named, bytes):
        return named
    sealed, failure = None, LetterError("missing", "it is too large for the DHT, and its sender cannot be reached over HTTP")
    if named.body.targets:
        try:
            sealed = await _fetch(dht, named.body)
        except (LetterError, DhtError) as error:
            failure = error
    if sealed is None and otherwise is not None:
        sealed = await otherwise(named)
        sealed = None if sealed is None else checked(named.body, sealed)
    if sealed is None:
        raise failure
    plain = unseal(sealed)
    if plain is None:
        raise LetterError("sealed", "the letter's body is not sealed to this key")
    return plain


async def _fetch(dht, body):
    found = {}

    async def one(target):
        found[target] = (await dht.get_immutable(target)).value

    await _each(body.targets, one)
    values = [found.get(target) for target in body.targets]
    if None in values:
        raise LetterError("missing", f"{values.count(None)} of its {len(values)} pieces are gone from the DHT")
    return joined(body, values)


def _is_old(report):
    return any(row.outcome == "refused" and row.code in (OLD_SEQUENCE, OTHER_SEQUENCE) for row in report.rows)


async def _each(things, do):
    """Do something with each, a few at once; the first DhtError ends it."""
    waiting, failures = list(things)[::-1], []

    async def work():
        while waiting and not failures:
            try:
                await do(waiting.pop())
            except DhtError as error:
                failures.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(min(AT_ONCE, len(waiting))):
            nursery.start_soon(work)
    if failures:
        raise failures[0]
