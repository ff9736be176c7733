"""Signed transfers that wait for a pulse: bounded, fair between those who send them, their signatures checked in portions.

An offered transfer waits unchecked; unchecked() hands out a portion, check() looks at its signatures (in any thread), checked()
takes the result; take() gives a pulse its share in the order of ids, and the rest stays for the next ones.
"""

from leither_edge.core.transfer import TransferError, read_transfer
from leither_edge.ledger.errors import Refused, refused
from leither_edge.ledger.fair_queue import FairQueue
from leither_edge.ledger.validation import check_signed, check_terms


class Pool:
    """Serves one run of a bookkeeper.

    Args: count_max (transfers), bytes_max (of them as sent; in memory they are some seven times that), each_max (transfers of one
    submitter; None: a quarter).
    """

    def __init__(self, count_max, bytes_max, each_max=None):
        self._count_max, self._bytes_max = count_max, bytes_max
        self._each_max = each_max or max(1, count_max // 4)
        self._unchecked, self._ready = FairQueue(), FairQueue()
        # Of all that are held: {data: submitter}. Of those whose signatures are good: their ids.
        self._held, self._ids = {}, set()
        self._each = {}
        self.bytes = 0
        self.signatures_checked = 0

    def __len__(self):
        return len(self._held)

    @property
    def unchecked_count(self):
        """How many wait for their signatures to be checked."""
        return len(self._unchecked)

    @property
    def ready_count(self):
        """How many wait for a pulse."""
        return len(self._ready)

    def offer(self, data, submitter, situation):
        """Takes a transfer in, its signatures unchecked, and returns it as Signed.

        Args: data (bytes), submitter (anything hashable: who sent it), situation (Situation of the next pulse).
        Raises Refused: malformed, doubled, pool-full, and whatever is wrong with its terms.
        """
        if data in self._held:
            raise _doubled()
        self._check_room(len(data), submitter)
        signed = read_signed(data)
        # Only checked ones count here: a copy with bad signatures must not keep the good one out.
        if signed.id in self._ids:
            raise _doubled()
        check_terms(signed, situation)
        self._held[data] = submitter
        self._each[submitter] = self._each.get(submitter, 0) + 1
        self.bytes += len(data)
        self._unchecked.push(submitter, signed)
        return signed

    def unchecked(self, signatures_max):
        """[Signed, ...] to be checked now, with at most so many signatures together (or one transfer)."""
        portion, signatures = [], 0
        while self._unchecked and (not portion or signatures < signatures_max):
            signed = self._unchecked.pop()
            signatures += len(signed.message.signatures)
            if portion and signatures > signatures_max:
                self._unchecked.push(self._held[signed.data], signed)
                break
            portion.append(signed)
        return portion

    def checked(self, results):
        """Takes what check() returned; returns the [(Signed, Refused), ...] that are out."""
        out = []
        for signed, error in results:
            self.signatures_checked += len(signed.message.signatures)
            if error is None and signed.id in self._ids:
                error = _doubled()
            if error is not None:
                self._let_go(signed)
                out.append((signed, error))
                continue
            self._ids.add(signed.id)
            self._ready.push(self._held[signed.data], signed)
        return out

    def take(self, pulse, most):
        """([Signed, ...] for a pulse in the order of ids, at most so many; [(Signed, Refused), ...] whose time is over)."""
        expired = self._ready.drop(lambda signed: signed.transfer.expires < pulse)
        self.forget(expired)
        taken = [self._ready.pop() for _ in range(min(most, len(self._ready)))]
        taken.sort(key=lambda signed: signed.id)
        return taken, [(signed, _expired(signed)) for signed in expired]

    def put_back(self, transfers):
        """Takes back what take() gave for a pulse that was not made."""
        for signed in transfers:
            self._ready.push(self._held[signed.data], signed)

    def forget(self, transfers):
        """Lets go of what take() gave and a pulse has judged."""
        for signed in transfers:
            self._ids.discard(signed.id)
            self._let_go(signed)

    def _check_room(self, size, submitter):
        if len(self._held) >= self._count_max or self.bytes + size > self._bytes_max:
            raise Refused("pool-full", "too many transfers wait here: send it again in a few seconds")
        if self._each.get(submitter, 0) >= self._each_max:
            raise Refused("pool-share", f"{self._each_max} transfers of this sender wait already: send it again in a few seconds")

    def _let_go(self, signed):
        submitter = self._held.pop(signed.data)
        self.bytes -= len(signed.data)
        self._each[submitter] -= 1
        if not self._each[submitter]:
            del self._each[submitter]


def read_signed(data):
    """The Signed transfer in bytes. Raises Refused."""
    try:
        return read_transfer(data)
    except TransferError as error:
        raise refused(error, "transfer") from None


def check(transfers, treasurer, verify):
    """[(Signed, Refused or None), ...]: whether the signatures of transfers are good. Args: as for validation.check_signed."""
    results = []
    for signed in transfers:
        error = None
        try:
            check_signed(signed, treasurer, verify)
        except Refused as reason:
            error = reason
        results.append((signed, error))
    return results


def _doubled():
    return Refused("doubled", "this very transfer waits for a pulse already", "id")


def _expired(signed):
    return Refused("expired", f"the transfer was good until pulse {signed.transfer.expires}, and its turn came later", "expires")
