"""Searches on other nodes: friends that the user chose are asked at once, what came in time is merged the way he weighs them.

How well words fit is a figure of each node's own content, and a node may say what it likes. So places are merged, not figures: the first
of a friend's hits counts the most, times the friend's weight, and what several name adds up (reciprocal rank fusion, Cormack 2009).

A node that asks for one of its users names him: he finds nothing by the rights of the node that he is only a guest of.
"""

from collections import namedtuple

import trio

from leither_edge.core.fields import is_id
from leither_edge.mimei.errors import BadInput, MimeiError
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError

from .errors import BadAnswer
from .heads import READER

SERVICE, ROLE = "search", "search"
# Hits of one answer, and of all together.
HITS_MAX = 100
ASKED_MAX = 32
WITHIN_S = 5.0
TEXT_MAX_CHARS = 400
PATH_MAX_CHARS, TITLE_MAX_CHARS = 4096, 200
# Searches for others at a time: each keeps a worker thread busy.
AT_ONCE = 2
# Places further down count nearly as much as one another: the usual constant of the method.
_FLAT = 60
WEIGHT_MAX = 100.0
HERE = ""

# One who is asked. key: public key; name: text; weight: a number, 1 for one like all others.
Asked = namedtuple("Asked", ("key", "name", "weight"))
# score: higher is better, by this search's own measure. nodes: names of those that have it, HERE for this node.
Hit = namedtuple("Hit", ("mid", "path", "title", "score", "nodes"))
# asked: names. missing: [(name, why nothing came from there)].
Found = namedtuple("Found", ("hits", "asked", "missing"))


def _itself(session):
    return None


class Search:
    """Both sides of it. Args: library, peers (peer.peers.Peers), counters, named (function of a session: the id of the user for whom other
    nodes are asked, None where this one asks for itself).
    """

    def __init__(self, library, peers, counters=None, named=_itself):
        self._library, self._peers, self._counters, self._named = library, peers, counters, named
        self._turns = trio.CapacityLimiter(AT_ONCE)

    def add_to(self, services):
        """Have friends ask."""
        services.add(SERVICE, self._on_search)

    def chosen(self, words):
        """[Asked] for texts such as "ben" and "anna=2"; all friends for none. Raises BadInput."""
        if len(words) > ASKED_MAX:
            raise BadInput(f"A search asks at most {ASKED_MAX} nodes.")
        rows = self._peers.book
        if not words:
            friends = [row for row in rows.rows() if row.is_friend and row.public_key]
            return [Asked(row.public_key, _name_of(row), 1.0) for row in friends[:ASKED_MAX]]
        found = {}
        for word in words:
            name, mark, weight = word.partition("=")
            row = rows.find(name.strip())
            if row is None or not row.public_key:
                raise BadInput(f'No node of the address book is called "{name[:80]}", or several are.')
            found[row.id] = Asked(row.public_key, _name_of(row), _weight(weight) if mark else 1.0)
        return list(found.values())

    async def ask(self, session, text, asked, *, limit=20, within_s=WITHIN_S, tell=None):
        """Found: here and on other nodes, as far as it came in time.

        Args: asked ([Asked]), limit (hits), tell (called with (how many have answered, how many are asked)). Raises BadInput.
        """
        if not isinstance(text, str) or len(text) > TEXT_MAX_CHARS:
            raise BadInput(f"A question to the search has at most {TEXT_MAX_CHARS} characters.")
        if not isinstance(limit, int) or not 0 < limit <= HITS_MAX:
            raise BadInput(f"A search gives 1 to {HITS_MAX} hits.")
        own = await trio.to_thread.run_sync(self._library.search, session, text, limit)
        answers, missing = [(1.0, HERE, [(hit.mid, hit.path, hit.title) for hit in own])], {}
        done, user = 0, self._named(session)
        question = {"text": text, "limit": limit} if user is None else {"text": text, "limit": limit, "user": user}

        async def one(peer):
            nonlocal done
            missing[peer.name] = f"It did not answer within {within_s:g} s."
            try:
                channel = await self._peers.connect(peer.key, timeout_s=within_s)
                hits = read_answer(await channel.call(SERVICE, question, timeout_s=within_s), limit)
            except (PeerError, MimeiError) as error:
                missing[peer.name] = str(error)
            else:
                del missing[peer.name]
                answers.append((peer.weight, peer.name, hits))
            done += 1
            if tell is not None:
                tell((done, len(asked)))

        with trio.move_on_after(within_s):
            async with trio.open_nursery() as nursery:
                for peer in asked:
                    nursery.start_soon(one, peer)
        if self._counters is not None:
            self._counters.add("searches_answered", len(answers) - 1)
            self._counters.add("searches_missed", len(missing))
        return Found(merged(answers, limit), [peer.name for peer in asked], list(missing.items()))

    async def _on_search(self, call):
        known = self._peers.book.get(call.peer.node_id)
        if known is None or not known.may(ROLE):
            raise Refused("not-allowed", "The owner of this node does not let you search on it.")
        text, limit, user = read_question(call.arguments)
        try:
            self._turns.acquire_nowait()
        except trio.WouldBlock:
            raise Refused("busy", "This node searches for others already. Ask again in a moment.") from None
        try:
            session = self._library.acting_for(call.peer.public_key, READER, False)
            hits = await trio.to_thread.run_sync(self._library.search, session, text, limit, user)
        finally:
            self._turns.release()
        return answer_of(hits)


def merged(answers, limit):
    """[Hit], best first, of what several nodes found. Args: answers ([(weight, name, [(mid, path, title), best first])])."""
    found = {}
    for weight, name, hits in sorted(answers, key=lambda answer: -answer[0]):
        for place, (mid, path, title) in enumerate(hits):
            score, shown, nodes = found.get((mid, path), (0.0, title, ()))
            if name not in nodes or name == HERE and HERE not in nodes:
                found[mid, path] = score + weight * (_FLAT + 1) / (_FLAT + 1 + place), shown or title, (*nodes, name)
    best = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:limit]
    return [Hit(mid, path, title, round(score, 4), nodes) for (mid, path), (score, title, nodes) in best]


def read_question(value):
    """(text, limit, id of the user for whom it is or None) of what was asked. Raises BadAnswer."""
    text, limit, user = map(value.get, ("text", "limit", "user")) if isinstance(value, dict) else (None, None, None)
    if not (user is None or is_id(user)):
        raise BadAnswer("The id of a user has 20 bytes.")
    if not isinstance(text, str) or len(text) > TEXT_MAX_CHARS or isinstance(limit, bool) or not isinstance(limit, int):
        raise BadAnswer("A question to the search is malformed.")
    return text, max(1, min(limit, HITS_MAX)), user


def answer_of(hits):
    """The answer to a search. Args: hits ([mimei.search.query.Hit])."""
    return {"hits": [[hit.mid, hit.path[:PATH_MAX_CHARS], hit.title[:TITLE_MAX_CHARS]] for hit in hits]}


def read_answer(value, limit):
    """[(mid, path, title)], best first, each place once. Raises BadAnswer."""
    hits = value.get("hits") if isinstance(value, dict) else None
    if not isinstance(hits, list) or len(hits) > limit:
        raise BadAnswer("The answer to a search is malformed.")
    found = {}
    for hit in hits:
        if not isinstance(hit, list) or len(hit) != 3 or not is_id(hit[0]):
            raise BadAnswer("A hit of a search is malformed.")
        _, path, title = hit
        if not isinstance(path, str) or not isinstance(title, str) or len(path) > PATH_MAX_CHARS or len(title) > TITLE_MAX_CHARS:
            raise BadAnswer("A hit of a search is malformed.")
        found.setdefault((hit[0], path), title)
    return [(mid, path, title) for (mid, path), title in found.items()]


def _name_of(row):
    if row.name:
        return row.name
    from leither_edge.core.ids import id_to_text

    return id_to_text(row.id)


def _weight(text):
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    # Not a number is neither below nor above anything.
    if not 0 < weight <= WEIGHT_MAX:
        raise BadInput(f"A friend's weight is a number up to {WEIGHT_MAX:g}, as in ben=2.")
    return weight
