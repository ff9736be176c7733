"""A few contacts of one part of the id space, as flat bytes, with what is known about each of them."""

import struct

from leither_edge.dht.compact import NODE_ID_BYTES

# Last try or reply (seconds, 4 bytes), round trip (ms, 2 bytes), failures in a row (1 byte).
_NOTE = struct.Struct(">IHB")
_NOTE_BYTES = _NOTE.size
FAILURES_MAX = 255
RTT_UNKNOWN = 65535
_RTT_MAX = 65534
_TIME_MAX = 0xFFFFFFFF

_rows = {}


def _unpacker(size, count):
    """Splits ``count`` joined contacts of ``size`` bytes into a tuple; compiled once."""
    found = _rows.get((size, count))
    if found is None:
        found = _rows[size, count] = struct.Struct(f"{size}s" * count).unpack
    return found


class Bucket:
    """Contacts of one size (26 or 38 bytes), and some that wait for a place.

    Attributes: contacts (bytes, joined), waiting (bytes, joined, the newest last).
    """

    __slots__ = ("contacts", "waiting", "_notes", "_size")

    def __init__(self, contact_bytes):
        self._size = contact_bytes
        self.contacts = b""
        self.waiting = b""
        self._notes = bytearray()

    def __len__(self):
        return len(self._notes) // _NOTE_BYTES

    def split(self):
        """The contacts, as a tuple."""
        return _unpacker(self._size, len(self._notes) // _NOTE_BYTES)(self.contacts)

    def split_waiting(self):
        """Those that wait, the newest first."""
        return _unpacker(self._size, len(self.waiting) // self._size)(self.waiting)[::-1]

    def find(self, part, at):
        """The first row whose bytes from ``at`` on are ``part``, or -1."""
        contacts, size = self.contacts, self._size
        place = contacts.find(part, at)
        while place >= 0:
            row, rest = divmod(place, size)
            if rest == at:
                return row
            place = contacts.find(part, place + 1)
        return -1

    def contact(self, row):
        """The contact in a row."""
        return self.contacts[row * self._size : (row + 1) * self._size]

    def note(self, row):
        """(seconds of the last try or reply, round trip in ms or RTT_UNKNOWN, failures in a row) of a row."""
        return _NOTE.unpack_from(self._notes, row * _NOTE_BYTES)

    def set_note(self, row, now, rtt_ms, failures):
        """Write what is known of a row."""
        time = min(max(int(now), 0), _TIME_MAX)
        _NOTE.pack_into(self._notes, row * _NOTE_BYTES, time, min(rtt_ms, _RTT_MAX) if rtt_ms != RTT_UNKNOWN else rtt_ms, failures)

    def failures(self):
        """The failures in a row of every row, as bytes."""
        return self._notes[_NOTE_BYTES - 1 :: _NOTE_BYTES]

    def notes(self):
        """All rows' notes, as a list."""
        return list(_NOTE.iter_unpack(self._notes))

    def add(self, contact, now, rtt_ms, failures):
        """Append a contact."""
        self.contacts += contact
        self._notes += bytes(_NOTE_BYTES)
        self.set_note(len(self) - 1, now, rtt_ms, failures)

    def replace(self, row, contact, now, rtt_ms, failures):
        """Put a contact into another's row."""
        self.contacts = self.contacts[: row * self._size] + contact + self.contacts[(row + 1) * self._size :]
        self.set_note(row, now, rtt_ms, failures)

    def remove(self, row):
        """Take a row out."""
        self.contacts = self.contacts[: row * self._size] + self.contacts[(row + 1) * self._size :]
        del self._notes[row * _NOTE_BYTES : (row + 1) * _NOTE_BYTES]

    def is_settled(self, since):
        """True if all answered when last asked, and have been heard since then (seconds): a quick look before `oldest`."""
        return not any(self.failures()) and min([note[0] for note in _NOTE.iter_unpack(self._notes)]) > since

    def oldest(self):
        """(row, note) of the one to doubt first: the silent before the good, the longest unheard before others. Not for an empty one."""
        notes = self.notes()
        row = min(range(len(notes)), key=lambda at: (not notes[at][2], notes[at][0]))
        return row, notes[row]

    def let_wait(self, contact, places):
        """Put a contact among those that wait, at most so many; the one that waits longest gives way."""
        self.forget_waiting(contact)
        self.waiting = (self.waiting + contact)[-places * self._size :]

    def forget_waiting(self, contact):
        """Take a contact, and whatever else has its id or its IP address, out of those that wait."""
        if not self.waiting:
            return
        kept = [
            other
            for other in self.split_waiting()
            if other[:NODE_ID_BYTES] != contact[:NODE_ID_BYTES] and other[NODE_ID_BYTES:-2] != contact[NODE_ID_BYTES:-2]
        ]
        self.waiting = b"".join(kept[::-1])
