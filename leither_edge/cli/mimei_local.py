"""A content store whose folder this process holds."""

import contextlib
import os
import sys
import time

from leither_edge.cli import keyring
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.mimei_reading import Change, Info, Reading, Version

FOLDER = "mimei"
KEY_NAME = "author.key"
# Says where a process that serves the store is reached: address and process id.
ADDRESS_NAME = "address"
# The profile whose bounds for memory hold here; how much may be kept is for the disk to say.
PROFILE = "tv-box"
# Address space only: the file grows as the store does. A 32-bit process has less to give.
MAP_MIB = 65536 if sys.maxsize > 1 << 32 else 512
FREE_MIN_MIB = 256
# Another command is done with the folder in a moment.
IN_USE_S, IN_USE_PAUSE_S = 5, 0.05


class Limits:
    """A hardware profile's sections, with room for as much as the disk of a folder has."""

    def __init__(self, folder):
        from leither_edge.profile import load
        from leither_edge.profile.profile import Section

        found = os.statvfs(folder)
        disk_mib = max(1, found.f_blocks * found.f_frsize >> 20)
        profile = load(PROFILE)
        room = {"data_map_mib": MAP_MIB, "data_quota_mib": disk_mib, "data_free_min_mib": min(FREE_MIN_MIB, disk_mib // 8)}
        self.storage = Section("storage", {**_values(profile.storage), **room})
        self.mimei = Section("mimei", {**_values(profile.mimei), "user_quota_mib": disk_mib})
        self.http = profile.http


def _values(section):
    return {name: value for name, value in vars(section).items() if not name.startswith("_")}


def store_folder(home, args):
    """The folder of the store that a command line means, made if there is none."""
    if not getattr(args, "store", None):
        return home.make(FOLDER)
    folder = os.path.abspath(args.store)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        names = None
    except OSError as error:
        raise UsageError(f"{folder} cannot be a content store.", f"{error.strerror}.") from None
    if names and "db" not in names and KEY_NAME not in names:
        raise UsageError(f"{folder} holds other things than a content store.", fix="Name an empty folder, or one that is not there yet.")
    if names is None:
        try:
            os.mkdir(folder, 0o700)
        except OSError as error:
            raise UsageError(f"The folder {folder} could not be made.", f"{error.strerror}.") from None
    return folder


def author_key(folder):
    """The KeyPair that is kept beside a store, made on first use."""
    from leither_edge.crypto import sodium
    from leither_edge.crypto.key_pair import KeyPair

    path = os.path.join(folder, KEY_NAME)
    if not os.path.lexists(path):
        with contextlib.suppress(Failure):
            keyring.write_open_file(path, sodium.random_bytes(keyring.SEED_BYTES))
    return KeyPair(keyring.read_open_file(path))


def named_key(home, out, args):
    """The KeyPair of ``--key``, or None where none is named."""
    from leither_edge.cli.book import Book
    from leither_edge.crypto.key_pair import KeyPair

    if not getattr(args, "key", None):
        return None
    key = keyring.find_key(Book(home), args.key)
    return KeyPair(keyring.read_seed(key, out, getattr(args, "passphrase_file", None)))


def open_local(home, out, args, may_join=None):
    """Return the LocalContent that a command line means."""
    folder = store_folder(home, args)
    own = author_key(folder)
    key = named_key(home, out, args) or own
    return LocalContent(folder, open_folder(folder, own, may_join), key)


def open_folder(folder, node_key, may_join=None):
    """Return the Library of a folder; waits a moment for another command that has it. Raises Failure, StorageError."""
    from leither_edge.mimei.library import open_library
    from leither_edge.observe.counters import Counters
    from leither_edge.storage import InUse

    end = time.monotonic() + IN_USE_S
    while True:
        try:
            return open_library(folder, Limits(folder), node_key, counters=Counters(), may_join=may_join)
        except InUse as error:
            if error.pid == os.getpid() or served_at(folder, error.pid) or time.monotonic() > end:
                raise in_use(folder, error.pid) from None
        time.sleep(IN_USE_PAUSE_S)


def served_at(folder, pid):
    """The address at which a process serves a store's folder, None if it does not say."""
    try:
        with open(os.path.join(folder, ADDRESS_NAME), encoding="utf-8") as file:
            address, _, said = file.read(200).strip().partition(" ")
    except (OSError, ValueError):
        return None
    return address if said == str(pid) else None


def in_use(folder, pid):
    """The Failure for a folder that a process holds."""
    address = served_at(folder, pid)
    fix = f"Reach it through that process: leither mimei ... --node {address or 'ADDRESS'}"
    return Failure(
        f"The content store in {folder} is in use by {process_name(pid)}.", "One process at a time works in it.",
        f"{fix}\nOr stop it first.", code="in-use", details={"pid": pid, "node": address},
    )  # fmt: skip


def process_name(pid):
    """What people know a process by."""
    from leither_edge.cli.output import clean

    if not pid:
        return "another process"
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        words = []
    # An interpreter's name says nothing.
    told = [os.path.basename(word.decode("utf-8", "replace")) for word in words if word]
    if told and told[0].startswith("python"):
        told = [word for word in told[1:] if not word.startswith("-")]
    name = clean(" ".join(told[:4]), 60)
    return f"process {pid} ({name})" if name else f"process {pid}"


class LocalContent(Reading):
    """A Library and who asks it. Attributes beside Reading's: library, session, folder, key, name (for people)."""

    is_local = True

    def __init__(self, folder, library, key):
        self.folder, self.library, self.key, self.name = folder, library, key, folder
        self.session = library.local_session(key)
        self.user, self.blocks = self.session.user_id, library.blocks

    def close(self):
        """Make everything durable and let the folder go."""
        self.library.close()

    def hold(self, cid):
        return self.library.blocks.hold([cid])

    def root_of(self, target):
        opened = self.library.open(self.session, target.mid, target.version)
        if opened.root is None or opened.data_type > 2:
            opened.file_system  # noqa: B018  refuses in its own words
        return opened.root

    # MiMei

    def create(self, app_type, ext, mark, data_type):
        """The mid of a MiMei, made if there is none."""
        return self.library.create(self.session, app_type, ext, mark, data_type)

    def info(self, mid):
        """The Info of a MiMei."""
        return _info(self.library.info(self.session, mid))

    def infos(self):
        """Iterator of Info of all that may be seen."""
        start = None
        while True:
            found = self.library.list(self.session, start)
            yield from map(_info, found)
            if len(found) < 1000:
                return
            start = found[-1].mid

    def delete(self, mid):
        """Delete a MiMei with all its versions."""
        self.library.delete(self.session, mid)

    def rights(self, mid):
        """({role: mask}, {user id: mask or None})."""
        masks, members = self.library.rights(self.session, mid)
        return masks._asdict(), members

    def set_right(self, mid, member, mask):
        """Say what a role or user may do; None: he is no member any more."""
        self.library.set_right(self.session, mid, member, mask)

    def right_of(self, mid):
        """The mask that holds for who asks."""
        return self.library.get_right(self.session, mid)

    def set_tags(self, mid, tags):
        """Give a MiMei its tags."""
        self.library.set_tags(self.session, mid, tags)

    def search(self, text, limit):
        """[(mid, path, score, title)], best first."""
        while self.library.work_some():
            pass
        return [(hit.mid, hit.path, hit.score, hit.title) for hit in self.library.search(self.session, text, limit)]

    # Files

    def put(self, mid, path, source, progress=None, size=None):
        """Put a file (path on this computer, or iterable of bytes); returns its label."""
        return self.library.put_file(self.session, mid, path or "", source, progress)

    def put_folder(self, mid, path, folder, progress=None, hidden=False):
        """Put a folder of this computer, "" being the whole; returns (label, files, bytes, passed over)."""
        view = self.library.open(self.session, mid).file_system
        found = view.put_folder(path, folder, progress, hidden)
        return found.cid, found.files, found.bytes, found.skipped

    def add(self, source, profile, progress=None, pin=True, size=None):
        """The label of bytes that are in no MiMei. Args: source as put, profile (LabelProfile)."""
        return self.library.add(self.session, source, profile, progress, pin)

    def add_folder(self, folder, profile, progress=None, pin=True, hidden=False):
        """The label of a folder of this computer."""
        return self.library.add_folder(self.session, folder, profile, progress, pin, hidden)

    def wrap(self, named, profile, pin):
        """The label of a folder of [(name, label)]."""
        from leither_edge.mimei.files.directory import directory_of
        from leither_edge.mimei.files.folder_node import total_of
        from leither_edge.mimei.quota import Writing

        with Writing(self.library, self.user) as writing:
            cid = directory_of(writing, profile, [(name.encode(), cid, total_of(writing, cid)) for name, cid in named])[0]
            writing.finish()
            if pin:
                self.pin(cid, "")
        return cid

    def make_directory(self, mid, path):
        """Make a folder with those above it."""
        self._files(mid).make_directory(path)

    def copy(self, source, mid, path):
        """Put what a Target names at a path."""
        entry = self.stat(source)
        with self.hold(entry.cid):
            self._files(mid).put_label(path, entry.cid)

    def rename(self, mid, path, new):
        """Move a file or folder."""
        self._files(mid).rename(path, new)

    def remove(self, mid, path, recursive):
        """Remove a file or folder."""
        self._files(mid).remove(path, recursive)

    def _files(self, mid):
        return self.library.open(self.session, mid).file_system

    # Versions

    def versions(self, mid):
        """[Version], oldest first."""
        return [_version(found) for found in self.library.versions(self.session, mid)]

    def backup(self, mid, memo, progress=None):
        """The number of a new version of cur."""
        return self.library.backup(self.session, mid, memo, progress).number

    def release(self, mid, version):
        """Make a version the released one; returns its number."""
        return self.library.release(self.session, mid, version)

    def restore(self, mid, version):
        """Copy a version to cur."""
        self.library.restore(self.session, mid, version)

    def delete_versions(self, mid, versions):
        """Drop versions; returns how many."""
        return self.library.delete_versions(self.session, mid, versions)

    def fork(self, mid, version, mark):
        """The mid of a new MiMei that begins with a version."""
        return self.library.fork(self.session, mid, version, mark)

    def diff(self, mid, a, b):
        """Iterator of Change from version a to b."""
        data_type = self.library.info(self.session, mid).data_type
        for found in self.library.diff(self.session, mid, a, b):
            if data_type <= 2:
                yield Change(found.kind, found.what, self.side(found.old), self.side(found.new))
            else:
                yield Change(*found)

    # Databases and streams

    def opened(self, mid, version):
        """Something with execute(words), append(records) and records(offset) for a database or stream; close it."""
        return LocalRows(self.library.open(self.session, mid, version))

    # Keeping

    def pin(self, cid, name):
        """Keep what a label reaches."""
        self.library.pin(self.session, cid, name)

    def unpin(self, cid):
        """Whether it was pinned."""
        return self.library.unpin(self.session, cid)

    def pins(self):
        """[(label, name, time)]."""
        return self.library.pins(self.session)

    def references(self, mid, version):
        """{label: count}."""
        return self.library.references(self.session, mid, version)

    def add_references(self, mid, labels):
        """Count labels up; returns how many."""
        return self.library.add_references(self.session, mid, labels)

    def remove_references(self, mid, labels):
        """Count labels down; returns how many were there."""
        return self.library.remove_references(self.session, mid, labels)

    def node_stat(self):
        """{name: number} of the store, None where only its keeper is told."""
        return self.library.stat(self.session)

    def stat_of(self, mid):
        """{name: number} of a MiMei."""
        return self.library.stat(self.session, mid)

    def usage(self):
        """(bytes charged, bytes allowed)."""
        return self.library.usage(self.session)

    def collect(self, progress=None):
        """Delete what nothing reaches; returns (blocks, bytes)."""
        while self.library.work_some():
            pass
        return self.library.collect(self.session, progress)

    def fsck(self, repair, progress=None):
        """[sentence] of what is wrong."""
        return self.library.fsck(self.session, repair, progress)

    def export(self, target):
        """Iterator of the bytes of a CAR file."""
        if target.mid is None:
            return self.library.export_car(self.session, target.cid)
        return self.library.export_car(self.session, target.mid, target.version)

    def import_car(self, source, progress=None, pin=True):
        """(roots, mid or None, numbers of new versions) of a CAR (path, or iterable of bytes)."""
        return tuple(self.library.import_car(self.session, source, progress, pin))


class LocalRows:
    """A database or stream that is open. Args: opened (mimei.opened.Opened)."""

    def __init__(self, opened):
        self._opened = opened

    def execute(self, words):
        """The reply to a database command (see mimei.database.replies)."""
        return self._opened.database.execute(words)

    def append(self, records):
        """Append records; returns the offset of the first."""
        return self._opened.stream.append(records)

    def records(self, offset=0):
        """Iterator of (offset, record)."""
        while found := self._opened.stream.read(offset):
            yield from found
            offset = found[-1][0] + 1

    def close(self):
        """Let go of it."""
        self._opened.close()


def _info(found):
    return Info(*(getattr(found, name) for name in Info._fields))


def _version(found):
    return Version(*(getattr(found, name) for name in Version._fields))
