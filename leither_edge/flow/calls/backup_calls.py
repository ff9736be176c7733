"""Calls on what lies sealed with others: backups of this node, for who runs it; single MiMei, by their rights."""

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.flow.flow import friend_key
from leither_edge.mimei.errors import NotFound
from leither_edge.mimei.tables import MIMEI, VERSIONS

from .failures import id_of, text_of, told
from .far_key import FarKey
from .job_calls import user_of

PEER_CHARS_MAX = 300
# Of what did not come back so many are named.
FAILED_MAX = 100


class BackupCalls:
    """See FlowCalls. Uses: library, peers, keeping, holder, bringing, leaving, jobs, start, _must_run, _called."""

    @told
    async def backup_to(self, session, peer):
        """A job: {mimei, versions (of this node), sent, bytes (what it takes there), number}; renewed by itself from now on."""
        self._must_run(session)
        key, name = self._holder(peer)

        @told
        async def work(tell):
            await self.keeping.add(key, name)
            found = await self.keeping.push(key, tell)
            mimei, versions = await trio.to_thread.run_sync(self._counts)
            return {"mimei": mimei, "versions": versions, "sent": found.sent, "bytes": found.bytes}

        return self.start(session, "backup", name, work)

    @told
    async def backup_stop(self, session, peer):
        """Back up there no longer."""
        self._must_run(session)
        await self.keeping.remove(self._holder(peer)[0])

    @told
    async def backup_check(self, session, peer):
        """A job: {asked, same}: pieces that were drawn, and how many the holder showed to have as they were sent."""
        self._must_run(session)
        key, name = self._holder(peer)

        @told
        async def work(tell):
            asked, same = await self.keeping.check(key)
            return {"asked": asked, "same": same}

        return self.start(session, "check of the backup", name, work)

    @told
    async def backup_stat(self, session):
        """{backups: [{peer, id, since, time, bytes, behind, checked, asked, same, error}], held: [{peer, id, bytes, allowed, time}]}."""
        self._must_run(session)
        return await trio.to_thread.run_sync(self._health)

    @told
    async def restore_from(self, session, peer, key=None, of=""):
        """A job: {mimei, versions, time, bytes, kept (ids that were here), failed [{id, why}] (that are not whole in the backup)}.

        Args: key (public key of a reader; his key answers what the job's progress asks: see far_key, key_answer; None: the node's own), of
        (id's text of the node whose backup it is; "" where there is only one).
        """
        self._must_run(session)
        holder, name = self._holder(peer)
        scope = id_of(of, "A node's id")

        async def work(tell, reader):
            found = await self.bringing.restore(holder, reader, scope=scope, progress=tell)
            return {
                "mimei": found.mimei, "versions": found.versions, "time": found.time, "bytes": found.bytes,
                "kept": [id_to_text(mid) for mid in found.kept],
                "failed": [{"id": id_to_text(mid), "why": why} for mid, why in found.failed[:FAILED_MAX]],
            }  # fmt: skip

        return self._start_with_key(session, "restore", name, work, key)

    # Single MiMei, sealed

    @told
    async def leave(self, session, mid, peer):
        """A job: {number, bytes, unknown (ids of members whose keys are not known here)}: it lies sealed with a node, and is renewed."""
        key, name = self._holder(peer)

        @told
        async def work(tell):
            found = await self.leaving.leave(session, mid, key, tell)
            return {
                "number": found.left.number if found.left else None, "bytes": found.left.bytes if found.left else 0,
                "unknown": [id_to_text(user) for user in found.unknown],
            }  # fmt: skip

        return self.start(session, "leave sealed", f"{id_to_text(mid)} with {name}", work)

    @told
    async def take_back(self, session, mid, peer):
        """It lies there no longer."""
        await self.leaving.take_back(session, mid, self._holder(peer)[0])

    @told
    async def take_sealed(self, session, mid, peer, key=None):
        """A job: {id, versions, is_new}: the newest version that lies sealed with a node is here. Args: key (as restore_from)."""
        self.library.must_keep(session)
        holder, name = self._holder(peer)

        async def work(tell, reader):
            found = await self.leaving.take(session, mid, holder, reader, progress=tell)
            return {"id": id_to_text(mid), "versions": list(found.numbers), "is_new": found.is_new}

        return self._start_with_key(session, "take sealed", f"{id_to_text(mid)} from {name}", work, key)

    @told
    async def key_answer(self, session, job, number, data):
        """Give a job what it asked a key for. Args: job (id), number (of the question), data (bytes). Raises NotFound, Conflict."""
        found = self._far_keys.get(self.jobs.find(user_of(session), text_of(job, "A job's id", PEER_CHARS_MAX)).id)
        if found is None:
            raise NotFound("This work asks no key for anything.")
        found.answer(number, data)

    def _start_with_key(self, session, kind, subject, work, key):
        """The facts of a job whose work is given a reader's key: the node's own, or one (public key) that answers from afar."""
        reader = self.library.node_key if key is None else FarKey(key)

        @told
        async def with_key(tell):
            if key is not None:
                reader.tell = tell
            try:
                return await work(tell, reader)
            finally:
                self._far_keys = {id: far for id, far in self._far_keys.items() if far is not reader}

        facts = self.start(session, kind, subject, with_key)
        if key is not None:
            # Where the same work runs already, it asks the key that it began with.
            self._far_keys.setdefault(facts["id"], reader)
        return facts

    def _holder(self, peer):
        """(Public key, name) of a node that is named. Raises BadInput."""
        key = friend_key(self.peers, text_of(peer, "A node", PEER_CHARS_MAX))
        return key, self._called(key_id(key))

    def _counts(self):
        with self.library.store.read() as tx:
            return tx.count(MIMEI), tx.count(VERSIONS)

    def _health(self):
        backups = [
            {
                "peer": self._called(kept.peer), "id": id_to_text(kept.peer), "since": kept.since, "time": kept.time or None,
                "bytes": kept.bytes, "behind": self.keeping.behind(kept), "checked": kept.checked or None, "asked": kept.asked,
                "same": kept.same, "error": kept.error or None,
            }
            for kept in self.keeping.holders()
        ]  # fmt: skip
        held = [
            {"peer": self._called(peer), "id": id_to_text(peer), "bytes": size, "allowed": allowed, "time": newest and newest.time}
            for peer, size, allowed, newest in self.holder.stat()
        ]
        return {"backups": backups, "held": held}
