"""Databases and streams of a running node."""

from leither_edge.cli.mimei_rpc import of_bytes

STREAM = 4
PART_MAX = 1000


class RemoteRows:
    """A database or stream that is open on a node. Args: call (as Connection.call), handle (what MMOpen gave)."""

    def __init__(self, call, handle):
        self._call, self._handle = call, handle

    def execute(self, words):
        from leither_edge.cli.mimei_replies import of_json
        from leither_edge.mimei.database.replies import ErrorReply
        from leither_edge.mimei.errors import MimeiError

        try:
            return of_json(words, self._call("Redis", self._handle, *words))
        except MimeiError as error:
            # What Redis refuses begins with a word in capitals; what the store refuses does not.
            word = str(error).partition(" ")[0]
            if not word.isupper():
                raise
            return ErrorReply(str(error).encode())

    def append(self, records):
        return self._call("StreamAppend", self._handle, *records)

    def records(self, offset=0):
        while found := self._call("StreamRead", self._handle, offset, PART_MAX):
            for one in found:
                yield one["offset"], of_bytes(one["data"])
            offset = found[-1]["offset"] + 1

    def figures(self, data_type):
        """How much is in it."""
        if data_type == STREAM:
            return {"records": self._call("StreamLen", self._handle)}
        return {"keys": self._call("Dbsize", self._handle)}

    def close(self):
        self._call("MMClose", self._handle)
