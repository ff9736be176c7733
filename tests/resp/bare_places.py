"""Databases without a library: the RESP edge over a store, everybody's and all allowed."""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.errors import BadInput, NotSignedIn

Session = namedtuple("Session", "sid user_id")


class BarePlaces:
    """What resp/places.py is to a library, for tests of the edge alone. Two users: anna with her password, and the guest, who may too."""

    databases = 16

    def __init__(self, value_max_bytes=1 << 20):
        self._limits = Limits(value_max_bytes)
        self._places = {}

    def guest(self):
        return Session("", None)

    def sign_in(self, name, password):
        if (name, password) != ("anna", "correct horse"):
            raise NotSignedIn("wrong")
        return Session("sid", b"a" * 20)

    def session(self, sid):
        if sid != "sid":
            raise NotSignedIn("wrong")
        return Session("sid", b"a" * 20)

    def name_of(self, session):
        return b"anna"

    def sign_out(self, session):
        pass

    def open(self, session, selector):
        if not selector.isdigit():
            raise BadInput("no number")
        place = self._places.get(selector)
        if place is None:
            place = self._places[selector] = BarePlace(int(selector), self._limits)
        return place

    make = open


class BarePlace:
    """One database."""

    is_made = True

    def __init__(self, number, limits):
        self.mid = number.to_bytes(20, "big")
        self._number, self._limits = number, limits
        self._database = None

    def is_outdated(self, tx):
        return False

    def use(self, tx, now_ms):
        if self._database is None:
            self._database = Database(tx, self._number, now_ms, sodium.random_bytes, self._limits)
        else:
            self._database.use(tx, now_ms)

    def check(self, writes):
        pass

    def execute(self, words):
        return self._database.execute(words)

    def close(self):
        pass

    def watched(self, key):
        return self._database.watch_version(key), self._database.peek(key) is not None
