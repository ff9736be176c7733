"""A content store whose folder this process holds."""

from leither_edge.cli.mimei_reading import Change, Info, Reading, Version
from leither_edge.cli.mimei_store import author_key, named_key, open_folder, store_folder


def open_local(home, out, args, may_join=None):
    """Return the LocalContent that a command line means."""
    folder = store_folder(home, args)
    own = author_key(folder)
    key = named_key(home, out, args) or own
    return LocalContent(folder, open_folder(folder, own, may_join), key)


class LocalContent(Reading):
    """A Library and who asks it. Attributes beside Reading's: library, session, folder, key, name (for people)."""

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
        self._work()
        return [(hit.mid, hit.path, hit.score, hit.title) for hit in self.library.search(self.session, text, limit)]

    def _work(self):
        # No task does beside what a node's would.
        while self.library.work_some():
            pass
        self.library.held.flush_now()

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
        self._work()
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
