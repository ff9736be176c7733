"""Calls on content that goes between nodes: by the rights of the MiMei; to have this node ask others, one must be let in here."""

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.flow import chain, link, search
from leither_edge.flow.errors import NoSource
from leither_edge.flow.flow import friend_key
from leither_edge.flow.syncing import ALL, KEEP_BOTH, LAST, REFUSE, REPLACE
from leither_edge.mimei import rights
from leither_edge.mimei.errors import BadInput

from .failures import id_of, text_of, texts_of, told

WHAT_CHARS_MAX, PROVIDERS_MAX, PROVIDER_CHARS_MAX, TICKET_CHARS_MAX = link.MAX_CHARS, 16, 300, 64
FIND_MAX_S, SEARCH_MAX_S = 120, 60
ON_FORK = (REFUSE, KEEP_BOTH, REPLACE)
# Of a comparison, seen from here.
STATES = {chain.SAME: "same", chain.AHEAD: "net-newer", chain.BEHIND: "here-newer", chain.FORK: "fork"}
STAGES = {"asking": "Asking who has it", "entering": "Entering it"}


class ContentCalls:
    """See FlowCalls. Uses: library, peers, flow, search, start, _must_run."""

    # Publishing, finding

    @told
    async def publish(self, session, mid):
        """A job: {id, number, link, stored (nodes), told (nodes that follow and heard), is_private}."""

        @told
        async def work(tell):
            return self._published(session, await self.flow.publish(session, mid, progress=_putting(tell)))

        return self.start(session, "publish", id_to_text(mid), work)

    @told
    async def publish_prepare(self, session, mid):
        """(ticket, bytes that the author's key signs)."""
        return await self.flow.publish_prepare(session, mid)

    @told
    async def publish_finish(self, session, ticket, signature):
        """A job, as publish."""
        ticket = text_of(ticket, "A ticket", TICKET_CHARS_MAX)

        @told
        async def work(tell):
            return self._published(session, await self.flow.publish_finish(session, ticket, signature))

        return self.start(session, "publish", ticket, work)

    def _published(self, session, found):
        roles, _ = self.library.rights(session, found.mid)
        needed = rights.READ_RELEASE if found.pointer.release is not None else rights.READ
        return {
            "id": id_to_text(found.mid), "number": found.pointer.number, "link": self.flow.link(session, found.mid),
            "stored": found.report.stored, "told": found.told, "is_private": not roles.guest & needed,
        }  # fmt: skip

    @told
    async def provide(self, session, mid, is_on):
        """A job: {stored}: nodes that tell of it; 0 where this node cannot be reached yet, and announces it once it can."""

        @told
        async def work(tell):
            report = await self.flow.provide(session, mid, is_on)
            return {"stored": 0 if report is None else report.stored}

        return self.start(session, "provide" if is_on else "provide no longer", id_to_text(mid), work)

    @told
    async def findprovs(self, session, what, seconds):
        """A job: {providers: [{id, name, address, how, number, answered}]}, those who were reached first."""
        self.library.must_keep(session)
        what = self._what(what)
        if not 0 < seconds <= FIND_MAX_S:
            raise BadInput(f"Providers are looked for 1 to {FIND_MAX_S} seconds.")

        @told
        async def work(tell):
            seen = []

            def note(provider):
                seen.append(_provider(provider))
                tell({"note": f"{len(seen)} asked, {sum(each['answered'] for each in seen)} answered"})

            return {"providers": [_provider(each) for each in await self.flow.findprovs(what, float(seconds), note)]}

        return self.start(session, "findprovs", what, work)

    # Bringing it here

    @told
    async def sync(self, session, what, providers, is_followed, on_fork, is_all):
        """A job: {id, versions, last, bytes, twice_bytes, by_provider, shunned, kept_as, source, state, waiting}.

        waiting: None, or why nothing came yet of what is followed from now on.
        """
        self.library.must_keep(session)
        what, providers = self._what(what), self._sources(providers)
        if on_fork not in ON_FORK:
            raise BadInput(f"Where the history took two ways, one of these happens: {', '.join(ON_FORK)}.")

        @told
        async def work(tell):
            try:
                found = await self.flow.sync(
                    session, what, providers, which=ALL if is_all else LAST, on_fork=on_fork, progress=_fetching(tell)
                )  # fmt: skip
            except NoSource as error:
                if not is_followed:
                    raise
                follow = await self.flow.follow(session, what, providers)
                return {**_synced(follow.mid, None), "waiting": str(error)}
            if is_followed:
                await self.flow.follow(session, what, providers, number=found.number)
            return _synced(found.mid, found)

        return self.start(session, "follow" if is_followed else "sync", what, work)

    @told
    async def unfollow(self, session, what):
        """Follow no longer."""
        await self.flow.unfollow(session, self._what(what))

    @told
    async def follows(self, session):
        """[{id, last, seen, sources, error (sentence or None)}] of the caller."""
        rows = await trio.to_thread.run_sync(self.flow.follows, session)
        return [
            {
                "id": id_to_text(row.mid), "last": row.number, "seen": row.asked, "sources": list(row.sources),
                "error": row.problem and row.problem[1],
            }
            for row in rows
        ]  # fmt: skip

    @told
    async def compare(self, session, what, providers):
        """A job: {id, state (see STATES, or unknown), versions [{number, where, time, author, memo}], has_changed, source}."""
        self.library.must_keep(session)
        what, providers = self._what(what), self._sources(providers)

        @told
        async def work(tell):
            tell({"doing": STAGES["asking"]})
            found = await self.flow.compare(session, what, providers)
            other = "fork" if found.state == chain.FORK else "net"
            lines = [_line(line, "here") for line in found.here] + [_line(line, other) for line in found.there]
            return {
                "id": id_to_text(found.mid), "state": STATES[found.state], "common": found.common, "has_changed": found.has_changed,
                "source": found.source, "versions": sorted(lines, key=lambda line: (line["number"], line["where"] != "here")),
                "counts": list(found.counts),
            }  # fmt: skip

        return self.start(session, "compare", what, work)

    # Sharing

    @told
    async def share(self, session, mid, peer, user, right):
        """A job: {state, told (whether his node heard of it), accepted}. Args: user (id's text of one who is let in beside; "")."""
        key = friend_key(self.peers, text_of(peer, "A node", PROVIDER_CHARS_MAX))
        reader = id_of(user, "A user's id")

        @told
        async def work(tell):
            found = await self.flow.share(session, mid, key, reader, right)
            return {"state": found.state, "told": found.state != "to-offer", "accepted": found.state == "accepted"}

        return self.start(session, "share", f"{id_to_text(mid)} with {peer}", work)

    @told
    async def unshare(self, session, mid, peer):
        """A job: {users}: who was let in, and is no more."""
        key = friend_key(self.peers, text_of(peer, "A node", PROVIDER_CHARS_MAX))

        @told
        async def work(tell):
            found = await self.flow.unshare(session, mid, key)
            return {"users": [id_to_text(user) for user in found.users]}

        return self.start(session, "unshare", f"{id_to_text(mid)} with {peer}", work)

    @told
    async def shares(self, session):
        """{shared: [{id, peer, state, words, time}], left: [{id, peer, number, time, error}], offered: [{id, peer, words, time}]}.

        Offers are for who runs this node.
        """
        left = await trio.to_thread.run_sync(self.leaving.all, session)
        rows = await trio.to_thread.run_sync(self.flow.shares, session)
        offers = await trio.to_thread.run_sync(self.flow.offers) if self._runs(session) else []
        return {
            "shared": [
                {"id": id_to_text(row.mid), "peer": self._called(row.node_id), "state": row.state, "words": row.words, "time": row.since}
                for row in rows
            ],
            "left": [
                {"id": id_to_text(row.mid), "peer": self._called(row.node_id), "number": row.number, "time": row.time, "error": row.error}
                for row in left
            ],
            "offered": [
                {"id": id_to_text(row.mid), "peer": self._called(row.node_id), "words": row.words, "time": row.since} for row in offers
            ],
        }  # fmt: skip

    @told
    async def share_accept(self, session, what):
        """A job: {id}: what was offered is followed from now on."""
        self._must_run(session)
        what = self._what(what)

        @told
        async def work(tell):
            return {"id": id_to_text((await self.flow.accept(session, what)).mid)}

        return self.start(session, "take what was offered", what, work)

    @told
    async def search_peers(self, session, text, peers, limit, seconds):
        """A job: {hits: [{id, path, title, score, nodes}], asked [names], missing: [{peer, why}]}; see search.Search. peers: [] for all."""
        self.library.must_keep(session)
        text = text_of(text, "What is searched for", search.TEXT_MAX_CHARS)
        if not 0 < seconds <= SEARCH_MAX_S:
            raise BadInput(f"A search waits 1 to {SEARCH_MAX_S} seconds.")
        asked = self.search.chosen(texts_of(peers, "Nodes to ask", PROVIDERS_MAX, PROVIDER_CHARS_MAX))

        @told
        async def work(tell):
            def note(counts):
                tell({"note": f"{counts[0]} of {counts[1]} have answered"})

            found = await self.search.ask(session, text, asked, limit=limit, within_s=float(seconds), tell=note)
            return {
                "hits": [
                    {"id": id_to_text(hit.mid), "path": hit.path, "title": hit.title, "score": hit.score, "nodes": list(hit.nodes)}
                    for hit in found.hits
                ],
                "asked": list(found.asked), "missing": [{"peer": name, "why": why} for name, why in found.missing],
            }  # fmt: skip

        return self.start(session, "search", text, work)

    def _called(self, id20):
        known = self.peers.book.get(id20)
        return known.name if known is not None and known.name else id_to_text(id20)

    def _what(self, what):
        """A link, or an id's text, as it came. Raises BadInput."""
        link.parse(text_of(what, "What is meant", WHAT_CHARS_MAX))
        return what.strip()

    def _sources(self, providers):
        found = texts_of(providers, "Providers", PROVIDERS_MAX, PROVIDER_CHARS_MAX)
        for text in found:
            self.flow.finding.source(text)
        return found


def _putting(tell):
    def progress(asked, answered, stored):
        tell({"note": f"{asked} nodes asked, {answered} answered" + (f", {stored} stored it" if stored else "")})

    return progress


def _fetching(tell):
    """What tells a sync's progress in the words of jobs."""

    def progress(facts):
        stage = facts["stage"]
        if stage != "fetching":
            tell({"doing": STAGES.get(stage, stage)})
            return
        providers = [each["name"] for each in facts.get("providers") or () if each["state"] == "active"]
        tell({
            "doing": "Fetching", "done": facts["done"], "total": facts["total"], "rate": facts["rate"],
            "providers": providers or [facts["source"]],
        })  # fmt: skip

    return progress


def _synced(mid, found):
    fetched = found and found.fetched
    return {
        "id": id_to_text(mid), "versions": list(found.numbers) if found else [], "last": found.number if found else None,
        "state": STATES[found.state] if found else None, "source": found.source if found else None,
        "kept_as": id_to_text(found.kept_as) if found and found.kept_as else None, "bytes": fetched.bytes if fetched else 0,
        "twice_bytes": fetched.twice_bytes if fetched else 0, "by_provider": dict(fetched.by_provider) if fetched else {},
        "shunned": list(fetched.shunned) if fetched else [], "waiting": None,
    }  # fmt: skip


def _provider(found):
    return {
        "id": id_to_text(key_id(found.key)) if found.key else None, "name": found.name or "", "address": found.address, "how": found.how,
        "number": found.number, "answered": bool(found.answered),
    }  # fmt: skip


def _line(line, where):
    return {"number": line.number, "where": where, "time": line.time, "author": id_to_text(line.author), "memo": line.memo}

