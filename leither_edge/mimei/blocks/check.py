"""Every row, file and root of a store of blocks looked at, and repaired: what is not what its name says is removed.

A wrong block is worse than a missing one: a missing one is named, and taken again from whoever has it.
"""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock, BlockMissing, Damaged, MimeiError
from leither_edge.mimei.ipld import cid as label
from leither_edge.mimei.ipld.block_hash import digest_of
from leither_edge.storage import Damaged as RowDamaged
from leither_edge.storage import DiskFailed

from . import rows
from .digest_set import DigestSet
from .quota import change_sum

# Told one by one; more are only counted.
PROBLEMS_MAX = 1000
_STEP = 256

# blocks, bytes: what is there. unreached: blocks that no root reaches; leftovers: files that no row names (both go with the
# next collection and are no fault). problems: [Problem], cut at PROBLEMS_MAX. faults: how many there were in all.
Report = namedtuple("Report", "blocks bytes unreached leftovers problems faults")
# kind: "row", "file", "sum", "missing" or "garbled". name: the digest or label, None for the sum. repaired: whether it is mended.
Problem = namedtuple("Problem", "kind name sentence repaired")


def check_block(blocks, cid):
    """Read a block and compare all of it with its label. Raises BlockMissing, Damaged."""
    data = blocks.get(cid)
    digest = label.digest(cid)
    if digest is not None and digest_of(data) != digest:
        raise Damaged(f"The block {label.to_text(cid)} is not what its label says.")


def check_all(blocks, roots, repair, progress, links):
    """Return a Report. Args: roots (() -> labels), repair (remove what is wrong), progress (blocks looked at -> None), links."""
    return _Check(blocks, repair, progress or _nothing).run(roots, links)


class _Check:
    def __init__(self, blocks, repair, progress):
        self._blocks = blocks
        self._repair = repair
        self._progress = progress
        self._problems = []
        self._faults = 0
        self._looked_at = 0
        self._removed = False

    def run(self, roots, links):
        self._blocks.held.flush_now()
        count, total = self._check_rows()
        self._check_sum(total)
        leftovers = sum(not self._blocks.is_there(digest) for digest, _ in self._blocks.files.names())
        unreached = count - self._check_roots(roots(), links)
        return Report(count, total, max(0, unreached), leftovers, self._problems, self._faults)

    def _tell(self, kind, name, sentence, repaired=False):
        self._faults += 1
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(Problem(kind, name, sentence, repaired))

    def _look(self):
        self._looked_at += 1
        if self._looked_at % _STEP == 0:
            self._progress(self._looked_at)

    # -- rows and files

    def _check_rows(self):
        count = total = 0
        for digest in self._digests():
            self._look()
            size = self._check_row(digest)
            if size is not None:
                count += 1
                total += rows.charge_of(size)
        return count, total

    def _digests(self):
        # In pieces: a snapshot that lives for minutes would keep all pages that are changed meanwhile.
        position = b"\0"
        while position is not None:
            found = []
            with self._blocks.store.read() as tx:
                for digest in tx.keys(rows.BLOCKS, start=position):
                    found.append(digest)
                    if len(found) > _STEP:
                        break
            position = found.pop() if len(found) > _STEP else None
            yield from found

    def _check_row(self, digest):
        """Bytes of the block if it is good, else None."""
        with self._blocks.store.read() as tx:
            found = self._found(tx, digest)
        if found is not None and not _is_good(digest, found):
            # Once more where it is written: it may have been deleted, and put again, since the row was read.
            found = self._blocks.held.call(lambda tx: self._confirmed(tx, digest), durable=self._repair, reserve=True)
        if found is None:
            return None
        data, kind = found
        if _is_good(digest, found):
            return len(data)
        if self._repair:
            self._blocks.remove_file(digest)
            self._removed = True
        why = "is missing" if data is None and kind == "file" else "is not what its name says"
        self._tell(kind, digest, f"The {kind} of the block {digest.hex()} {why}.", self._repair)
        return None

    def _found(self, tx, digest):
        """(bytes or None, "row" or "file": where they lie) of a block, None where there is no row."""
        try:
            row = tx.get(rows.BLOCKS, digest)
            if row is None:
                return None
            if not rows.in_file(row):
                return row[1:], "row"
            return self._blocks.files.read(digest, rows.size_of(row)), "file"
        except (RowDamaged, MimeiError):
            return None, "row"
        except DiskFailed:
            # One bad place of the medium must not end the look at all others.
            return b"", "file"

    def _confirmed(self, tx, digest):
        found = self._found(tx, digest)
        if self._repair and found is not None and not _is_good(digest, found):
            tx.delete(rows.BLOCKS, digest)
        return found

    def _check_sum(self, total):
        with self._blocks.store.read() as tx:
            stated = tx.get(rows.BLOCK_SUMS, rows.SUM, 0)
        if stated == total:
            return
        # Somebody may have written meanwhile: once more, with nobody between.
        stated, total = self._blocks.held.call(self._exact_sum)
        self._blocks.quota.forget()
        if stated != total and not self._removed:
            self._tell("sum", None, f"The blocks take {total} bytes and the store counted {stated}.", self._repair)

    def _exact_sum(self, tx):
        stated = tx.get(rows.BLOCK_SUMS, rows.SUM, 0)
        total = 0
        for digest in tx.keys(rows.BLOCKS):
            try:
                total += rows.charge_of(rows.size_of(tx.get(rows.BLOCKS, digest)))
            except (RowDamaged, MimeiError):
                # Told before.
                pass
        if self._repair and total != stated:
            change_sum(tx, total - stated)
        return stated, total

    # -- what roots reach

    def _check_roots(self, roots, links):
        """Blocks that are reached and here."""
        seen = DigestSet(self._blocks.leases.key)
        stack, reached = list(roots), 0
        while stack:
            cid = stack.pop()
            digest = label.digest(cid)
            if digest is not None and not seen.add(cid):
                continue
            self._look()
            try:
                if label.codec(cid) == label.RAW:
                    if not self._blocks.has(cid):
                        raise BlockMissing("", cid)
                else:
                    stack.extend(below for below in links(cid, self._blocks.get(cid)) if below not in seen)
                reached += digest is not None and seen.add(digest)
            except BlockMissing:
                self._tell("missing", cid, f"The block {label.to_text(cid)} is needed and not here.")
            except BadBlock as error:
                self._tell("garbled", cid, f"The block {label.to_text(cid)} cannot be read: {error}")
            except (Damaged, RowDamaged, DiskFailed):
                # Told before.
                pass
        return reached


def _is_good(digest, found):
    return found[0] is not None and digest_of(found[0]) == digest


def _nothing(looked_at):
    pass
