"""Calls of the library that look after the store."""

from leither_edge.crypto import sodium

from . import history, info, manifest, rights
from .access import Access, author_id
from .blocks.digest_set import DigestSet
from .database import state as states
from .errors import BadInput, Forbidden, MimeiError
from .files.folder_node import total_of
from .indexing import shows_release
from .ipld import cid as cids
from .ipld.links import links
from .quota import quota_bytes
from .references import read_counts
from .search.query import search
from .tables import BY_AUTHOR, HEADS, MEMBERS, MIMEI, PINS, REFERENCES, USAGE, VERSIONS

# So many times the hits asked for are looked at, as files that the caller may not read are among them.
_HITS_MORE, _HITS_MAX = 8, 100
ID_BYTES = 20


class CareCalls(Access):
    """Search, sizes, collection and repair."""

    def search(self, session, text, limit=20, user=None):
        """[search.query.Hit(mid, path, score, title)] that the caller may see, best first.

        Args: text (see search.query.search), user (id of one who must have the right, too).
        """
        if not isinstance(limit, int) or not 0 < limit <= _HITS_MAX:
            raise BadInput(f"A search gives 1 to {_HITS_MAX} hits.")
        masks = {}
        with self.store.read() as tx:

            def may_see(mid):
                if mid not in masks:
                    found = tx.get(MIMEI, mid)
                    masks[mid] = 0 if found is None else self._mask_of_both(tx, session, mid, user)
                return bool(masks[mid] & rights.SEE)

            def may_read(mid):
                needed = rights.LIST | (rights.READ_RELEASE if shows_release(tx, mid) else rights.READ)
                return masks[mid] & needed == needed

            hits = search(tx, text, limit * _HITS_MORE, may_see)
            return [hit for hit in hits if not hit.path or may_read(hit.mid)][:limit]

    def _mask_of_both(self, tx, session, mid, user):
        identity = self.identity(tx, mid)
        mask = self.mask(tx, session, mid, identity)
        return mask if user is None else mask & self.mask_of(tx, mid, identity, user)

    def stat(self, session, mid=None):
        """{name: number} of the node, or of one MiMei."""
        if mid is not None:
            # Where it is written: commands on a database are a second late in a snapshot.
            return self.held.call(lambda tx: self._stat(tx, session, mid), durable=False)
        self.must_keep(session)
        with self.store.read() as tx:
            counts = {name: tx.count(table) for name, table in (("mimei", MIMEI), ("versions", VERSIONS), ("pins", PINS))}
        stored = self.store.stat()
        return {**self.blocks.stat(), **counts, "database_bytes": stored["used_bytes"], "database_max_bytes": stored["map_bytes"]}

    def usage(self, session):
        """(bytes charged to the caller, bytes that he may keep); see quota.py."""
        with self.store.read() as tx:
            return tx.get(USAGE, self.user_of(session), 0), quota_bytes(self.limits)

    def collect(self, session, progress=None):
        """Deletes blocks that nothing reaches; returns (blocks, bytes). Args: progress (its Collection -> None). Raises Busy."""
        self.must_keep(session)
        for collection in self.collecting():
            if progress is not None:
                progress(collection)
        return collection.removed, collection.removed_bytes

    def collecting(self):
        """Yields the Collection after each step of one, and of the count of what users reach, which follows."""
        collection = self.blocks.collect(self.roots)
        try:
            while collection.step():
                yield collection
        finally:
            collection.stop()
        for _ in self._recount():
            yield collection

    def roots(self):
        """Yields each label that keeps something, with repeats."""
        for _, label, _ in self._charged_roots():
            yield label

    def whole_roots(self):
        """As `roots`, without those of which a part is still on its way."""
        for _, label, is_whole in self._charged_roots():
            if is_whole:
                yield label

    def fsck(self, session, repair=False, progress=None):
        """[sentence] of what is wrong in rows, manifests and blocks. Args: repair (mend or drop it), progress (blocks so far -> None)."""
        self.must_keep(session)
        if repair and session.ceiling != rights.ALL:
            raise Forbidden("You may look for faults of this node, not mend them.")
        found = list(self._faulty_rows(repair))
        report = self.blocks.fsck(self.whole_roots, repair, progress)
        found += [problem.sentence for problem in report.problems]
        if report.faults > len(report.problems):
            found.append(f"There are {report.faults - len(report.problems)} more faults of blocks.")
        return found

    def _stat(self, tx, session, mid):
        mid, identity = self.permitted(tx, session, mid, "info")
        head = history.read_head(tx, mid)
        kept = [number for number, row in history.scan_versions(tx, mid) if not row.dropped]
        found = {"data_type": identity.data_type, "versions": len(kept), "next": head.next, "created": identity.created}
        if identity.data_type == info.DATABASE:
            found["keys"] = states.key_count(self.rows.at(tx, head.database))
        elif identity.data_type == info.STREAM:
            found["records"] = self.rows.stream(tx, self.blocks, head).length()
        else:
            found["bytes"] = total_of(self.blocks, head.root)
        return found

    def _charged_roots(self):
        """Yields (user, label, whether all below it is here), a user's together, in the order of users."""
        others = {}
        with self.store.read() as tx:
            users = {key[:ID_BYTES] for table in (BY_AUTHOR, PINS) for key in tx.keys(table)}
            for keeper in self.keepers:
                for user, label, is_whole in keeper(tx):
                    others.setdefault(user, []).append((label, is_whole))
        for user in sorted(users.union(others)):
            with self.store.read() as tx:
                found = [key[ID_BYTES:] for key in _keys(tx, PINS, user)]
                for key in _keys(tx, BY_AUTHOR, user):
                    found += self._roots_of(tx, key[ID_BYTES:])
            for label in found:
                yield user, label, True
            for label, is_whole in others.get(user, ()):
                yield user, label, is_whole

    def _roots_of(self, tx, mid):
        head = history.read_head(tx, mid)
        found = [head.root, head.base, *read_counts(tx, mid)]
        if head.ancestor is not None and self.blocks.has(head.ancestor):
            found.append(head.ancestor)
        for _, row in history.scan_versions(tx, mid):
            found.append(row.manifest)
            if not row.dropped:
                found += [row.root, row.references]
        return [label for label in found if label is not None]

    def _recount(self):
        """A generator: sets what users are charged with to what they reach."""
        with self.store.read() as tx:
            before = {key: tx.get(USAGE, key) for key in tx.keys(USAGE)}
        seen, sums, steps = DigestSet(self.blocks.leases.key), {}, 0
        for user, root, _ in self._charged_roots():
            todo = [root]
            while todo:
                label = todo.pop()
                if label in seen:
                    continue
                seen.add(label)
                steps += 1
                if steps % 256 == 0:
                    yield
                try:
                    sums[user] = sums.get(user, 0) + self.blocks.size(label)
                    if cids.codec(label) != cids.RAW:
                        todo += links(label, self.blocks.get(label))
                except MimeiError:
                    # Not here, or not readable: it takes no room that could be charged.
                    pass

        def put(tx):
            for user in {*before, *sums}:
                # What was written meanwhile stays charged on top.
                tx.put(USAGE, user, sums.get(user, 0) + tx.get(USAGE, user, 0) - before.get(user, 0))

        self.held.call(put)

    def _faulty_rows(self, repair):
        """Yields a sentence for each row that is not as it must be; those that belong to no MiMei are dropped on repair."""
        with self.store.read() as tx:
            mids = list(tx.keys(MIMEI))
        for mid in mids:
            with self.store.read() as tx:
                if tx.get(MIMEI, mid) is not None:
                    yield from self._faults_of(tx, mid)
        for table, start, end in ((HEADS, 0, 20), (VERSIONS, 0, 20), (MEMBERS, 0, 20), (REFERENCES, 0, 20), (BY_AUTHOR, 20, 40)):
            with self.store.read() as tx:
                stray = [key for key in tx.keys(table) if tx.get(MIMEI, key[start:end]) is None]
            for _ in stray:
                yield f"A row of the table {table.name} belongs to no MiMei."
            if stray and repair:
                self.held.call(lambda tx, table=table, stray=stray: [tx.delete(table, key) for key in stray])

    def _faults_of(self, tx, mid):
        name = f"MiMei {mid.hex()}"
        identity = self.identity(tx, mid)
        author = author_id(identity)
        if mid != info.mid_of(author, identity.app_type, identity.ext, identity.mark):
            yield f"{name} has another id than its author and words give."
        if tx.get(BY_AUTHOR, author + mid) is None:
            yield f"{name} is missing in its author's list."
        if tx.get(HEADS, mid) is None:
            yield f"{name} has no present state."
            return
        head = history.read_head(tx, mid)
        before, before_label, numbers = None, None, set()
        for number, row in history.scan_versions(tx, mid):
            try:
                found = manifest.open_manifest(self.blocks.get(row.manifest), sodium.verify)
                manifest.check_follows(found, before, before_label)
                if (found.number, found.root, found.mid) != (number, row.root, mid):
                    yield f"Version {number} of {name} is not what its manifest says."
                before, before_label = found, row.manifest
            except MimeiError as error:
                yield f"Version {number} of {name}: {error}"
            if not row.dropped:
                numbers.add(number)
        for word, number in (("last", head.last), ("release", head.release)):
            if number is not None and number not in numbers:
                yield f"In {name} the word {word} points to version {number}, which is not here."
        if before_label != head.manifest:
            yield f"{name} has another newest manifest than its versions say."


def _keys(tx, table, prefix):
    for key in tx.keys(table, start=prefix):
        if not key.startswith(prefix):
            return
        yield key
