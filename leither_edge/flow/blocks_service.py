"""Gives blocks to other nodes: `blocks.get` (a stream of wants, answered in their order) and `blocks.have` (which of these are here).

A large block goes out in slices as it is read, so that a stream costs a slice and not a block; whether the medium still had what was
written is known, and told, at its end. Who may have what: readable.py.
"""

import binascii
import os
from collections import deque

import trio

from leither_edge.mimei.blocks import rows
from leither_edge.mimei.errors import BlockMissing, Damaged, MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.peer.channel.errors import ChannelClosed, Refused, StreamAborted
from leither_edge.peer.channel.limits import BULK
from leither_edge.storage import StorageError

from . import blocks_wire as wire
from .readable import Readable, read_mids

GET, HAVE = "blocks.get", "blocks.have"
# Labels of one question; what goes out in one piece.
HAVE_MAX = 1024
SLICE_LEAST_BYTES, SLICE_MOST_BYTES = 64 << 10, 512 << 10
# Of all streams together: what one reads while another piece of it goes out.
SLICES_BYTES = 2 << 20
# Small blocks are gathered to so much.
GATHER_BYTES, GATHER_MAX = 128 << 10, 32
# Streams of one peer, and of all together; each holds some slices.
OF_A_PEER_MAX = 2
# A peer that takes nothing for so long is not served on: others wait.
STUCK_S = 60


class BlocksService:
    """The service of one library.

    Args: library, load (load.Load, or None: nobody is sent to others),
    sealed (None, or an object with get(label) -> bytes that raises BlockMissing: content made for readers on the fly), counters, log,
    streams_max (served at a time).
    """

    def __init__(self, library, *, load=None, sealed=None, counters=None, log=None, streams_max=16):
        self.library, self.load, self.sealed, self.counters, self.log = library, load, sealed, counters, log
        self.readable = Readable(library)
        self._streams_max = streams_max
        self._serving = {}

    def add_to(self, services):
        """Registers both names with a node's Services."""
        services.add(GET, self.get, priority=BULK, is_stream=True, for_strangers=True)
        services.add(HAVE, self.have, for_strangers=True)

    async def have(self, call):
        """{"have": bytes, one bit for each label, the first the highest}. Arguments: labels ([binary]), mids. Raises Refused."""
        labels = call.arguments.get("labels")
        if not isinstance(labels, list) or len(labels) > HAVE_MAX or not all(_is_label(label) for label in labels):
            raise Refused("bad-form", f"labels is a list of at most {HAVE_MAX} labels of blocks.")
        asker = self._asker(call)
        bits = await trio.to_thread.run_sync(self._have, asker, labels)
        return {"have": bits}

    async def get(self, call):
        """Serves one stream of wants until the peer ends it. Arguments: mids (of MiMei whose reader the peer is). Raises Refused."""
        key = call.peer.public_key
        asker = self._asker(call)
        own = self._serving.get(key, 0)
        is_full = own >= OF_A_PEER_MAX or sum(self._serving.values()) >= self._streams_max
        if is_full or self.load is not None and not self.load.welcomes(call.peer):
            self._count("blocks_refused")
            others = None
            if self.load is not None:
                others = await trio.to_thread.run_sync(self.load.others, call.peer, call.arguments.get("mids", []))
            raise Refused("busy", "This node gives as much as it can at the moment. Ask others, or ask again in a minute.", others)
        if self.load is not None:
            self.load.begin()
        self._serving[key] = own + 1
        try:
            await _Serving(self, asker, call.stream).run()
        except wire.BadWire as error:
            self._count("blocks_bad_wants")
            await call.stream.abort(error.code, str(error))
        except (StorageError, MimeiError) as error:
            if self.log is not None:
                self.log.error("blocks-get", reason=str(error))
            await call.stream.abort("failed", "This node cannot read its content now.")
        finally:
            if self.load is not None:
                self.load.end()
            self._serving[key] -= 1
            if not self._serving[key]:
                del self._serving[key]

    def _asker(self, call):
        try:
            mids = read_mids(call.arguments.get("mids", []))
        except MimeiError as error:
            raise Refused(error.code, str(error)) from None
        return self.readable.asker(call.peer, mids, call.channel)

    def _count(self, name, count=1):
        if self.counters is not None:
            self.counters.add(name, count)

    def _have(self, asker, labels):
        found = bytearray((len(labels) + 7) // 8)
        for at, label in enumerate(labels):
            try:
                is_here = asker.may_have(label) and self.library.blocks.has(label) or self._sealed(label) is not None
            except StorageError:
                is_here = False
            if is_here:
                found[at >> 3] |= 0x80 >> (at & 7)
        return bytes(found)

    @property
    def slice_bytes(self):
        """How much of a block a stream reads at a time now."""
        return max(SLICE_LEAST_BYTES, min(SLICE_MOST_BYTES, SLICES_BYTES // max(1, sum(self._serving.values()))))

    def find(self, asker, want):
        """What is sent for a want: bytes of all of it, or a _File; in a worker thread. Raises StorageError."""
        label, offset = want
        row = None
        if asker.may_have(label):
            with self.library.store.read() as tx:
                row = tx.get(rows.BLOCKS, cids.digest(label))
        try:
            if row is not None and rows.in_file(row):
                return _File(self.library.blocks.files, label, row, offset)
            data = row[1:] if row is not None else self._sealed(label)
        except Damaged:
            data = None
        if data is None:
            return wire.answer(wire.MISSING)
        if offset > len(data):
            raise wire.BadWire("A want begins behind the end of its block.")
        return b"".join((wire.answer(wire.GIVEN, len(data)), data[offset:], b"\x00"))

    def _sealed(self, label):
        if self.sealed is None:
            return None
        try:
            return self.sealed.get(label)
        except BlockMissing:
            return None
        except MimeiError as error:
            if self.log is not None:
                self.log.error("blocks-sealed", reason=str(error))
            return None


class _Serving:
    """One stream: a task reads wants, one reads what is wanted, a third sends it, so that disk and line need not wait for one another."""

    def __init__(self, service, asker, stream):
        self._service, self._asker, self._stream = service, asker, stream
        # One piece is being read, another one sent.
        self._out, self._pieces = trio.open_memory_channel(0)
        self._wants, self._next, self._given_up = deque(), 0, set()
        self._more, self._room, self._is_end = trio.Event(), trio.Event(), False
        self._error = None

    async def run(self):
        """Serves until the peer ends it. Raises BadWire, StorageError, MimeiError."""
        await self._stream.accept({})
        async with trio.open_nursery() as nursery:
            for task in (self._read, self._answer, self._send):
                nursery.start_soon(self._guarded, task, nursery.cancel_scope)
        if self._error is not None and not isinstance(self._error, (StreamAborted, ChannelClosed)):
            raise self._error

    async def _guarded(self, task, scope):
        try:
            await task()
        except (StreamAborted, ChannelClosed, wire.BadWire, StorageError, MimeiError) as error:
            self._error = self._error or error
            scope.cancel()

    async def _read(self):
        wants = wire.Wants()
        while piece := await self._stream.receive():
            for found in wants.feed(piece):
                if type(found) is wire.Cancel:
                    self._give_up(found.number)
                    continue
                while len(self._wants) >= wire.WANTS_MAX:
                    self._room = trio.Event()
                    self._more.set()
                    await self._room.wait()
                self._wants.append((self._next, found))
                self._next += 1
            self._more.set()
        wants.finish()
        self._is_end = True
        self._more.set()

    def _give_up(self, number):
        # One that was answered, or never asked, stays in no list.
        if self._wants and self._wants[0][0] <= number < self._next:
            self._given_up.add(number)

    async def _answer(self):
        while True:
            while not self._wants:
                if self._is_end:
                    self._out.close()
                    return
                self._more = trio.Event()
                await self._more.wait()
            wants = [self._wants.popleft() for _ in range(min(GATHER_MAX, len(self._wants)))]
            given_up = {number for number, _ in wants} & self._given_up
            data, file, count = await trio.to_thread.run_sync(self._gather, wants, given_up)
            self._wants.extendleft(reversed(wants[count:]))
            self._given_up.difference_update(number for number, _ in wants[:count])
            self._room.set()
            if file is None:
                await self._out.send(data)
            else:
                await self._read_file(file, data)

    def _gather(self, wants, given_up):
        """(answers to some wants as bytes, a _File that follows them or None, how many wants that are); in a worker thread."""
        out, size = [], 0
        for number, want in wants:
            part = wire.answer(wire.CANCELLED) if number in given_up else self._service.find(self._asker, want)
            if type(part) is _File:
                return b"".join((*out, part.head)), part, len(out) + 1
            out.append(part)
            size += len(part)
            if size > GATHER_BYTES:
                break
        return b"".join(out), None, len(out)

    async def _read_file(self, file, head):
        try:
            while True:
                piece, is_last = await trio.to_thread.run_sync(file.next_piece, head, self._service.slice_bytes)
                head = b""
                await self._out.send(piece)
                if is_last:
                    return
        finally:
            file.close()

    async def _send(self):
        service = self._service
        async for data in self._pieces:
            with trio.move_on_after(STUCK_S) as scope:
                await self._stream.send(data)
            if scope.cancelled_caught:
                raise StreamAborted("stuck", "The peer takes nothing.")
            service._count("blocks_given_bytes", len(data))
            if service.load is not None:
                service.load.given(len(data))
        await self._stream.finish()


class _File:
    """A block in a file, read in slices. head: bytes that go before it. Raises Damaged (it is not there), StorageError, BadWire."""

    def __init__(self, files, label, row, offset):
        size = rows.size_of(row)
        if offset > size:
            raise wire.BadWire("A want begins behind the end of its block.")
        self._row, self._size, self._offset, self._at, self._crc = row, size, offset, 0, 0
        self._handle = files.open(cids.digest(label))
        if self._handle is None:
            raise Damaged("The file of a block is not there.")
        self.head = wire.answer(wire.GIVEN, size)

    def next_piece(self, head, most):
        """(bytes to send, whether they are the last); in a worker thread. Args: head (bytes before them), most (bytes to read)."""
        while True:
            data = os.pread(self._handle, min(most, self._size - self._at), self._at)
            start, self._at = self._at, self._at + len(data)
            # All of it is read, so that the end can be told to be good, also where it is not sent from the beginning.
            self._crc = binascii.crc32(data, self._crc)
            is_last = self._at >= self._size or not data
            if is_last or self._at > self._offset:
                break
        cut = min(max(0, self._offset - start), len(data))
        if cut:
            data = data[cut:]
        if not is_last:
            return head + data if head else data, False
        # A file that is shorter than its row says: the bytes promised come all the same, and are told to be spoilt.
        lacking = bytes(max(0, self._size - max(self._at, self._offset)))
        is_good = not lacking and rows.has_sum(self._row, self._crc)
        return b"".join((head, data, lacking, bytes((wire.GOOD if is_good else wire.SPOILT,)))), True

    def close(self):
        """Lets the file go."""
        os.close(self._handle)


def _is_label(label):
    if not isinstance(label, bytes) or not 0 < len(label) <= wire.LABEL_MAX:
        return False
    try:
        return cids.parse(label)[1] == len(label) and cids.digest(label) is not None
    except (MimeiError, IndexError):
        return False
