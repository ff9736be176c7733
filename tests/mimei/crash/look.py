"""What must be there after a kill: everything acknowledged, nothing half, no fault, and after a collection no orphan."""

import time

from tests.mimei.library.people import ANNA, opened

from .child import ids_of
from .made import number_of
from .work import SLOTS


class Seen:
    """What was acknowledged until now, over all kills: the highest number of each kind, and of each slot of files.

    late_s: age of the oldest acknowledged change of `everysec` that a kill took, the most of all kills.
    """

    def __init__(self):
        self.first = 1
        self.highest = dict.fromkeys(("add", "always", "everysec", "backup", "collection"), 0)
        self.slots = {}
        self.late_s = 0.0
        self.lost = 0

    def note(self, acknowledged):
        """Take in what a child acknowledged, but for `everysec`, which is judged by its time."""
        for kind, number, _ in acknowledged:
            if kind != "everysec":
                self.highest[kind] = max(self.highest[kind], number)
            if kind == "add":
                self.slots[number % SLOTS] = number

    def look(self, folder, acknowledged, ended):
        """Open the library and look at everything. AssertionError says what is wrong."""
        self.note(acknowledged)
        with opened(folder, clock=time.time) as library:
            session = library.local_session(ANNA)
            ids = ids_of(library, session)
            files = self._look_at_files(library, session, ids["files"])
            own = self._look_at_own(library, session, ids["own"])
            rows = self._look_at_rows(library, session, ids["rows"], acknowledged, ended)
            backups = self._look_at_versions(library, session, ids)
            self.first = 1 + max(files, own, rows, backups, *self.highest.values(), *(number for _, number, _ in acknowledged))
            assert (found := library.fsck(session)) == [], found
            library.collect(session)
            report = library.blocks.fsck(library.roots)
            assert (report.faults, report.unreached, report.leftovers) == (0, 0, 0), report
            assert library.fsck(session) == []

    def _look_at_files(self, library, session, mid):
        highest = 0
        view = library.open(session, mid).file_system
        names = {entry.name for entry in view.list("")}
        for slot in range(SLOTS):
            if f"f{slot}" in names:
                found = number_of(b"".join(view.read(f"f{slot}")))
                assert found % SLOTS == slot and found >= self.slots.get(slot, 0), "a file that was put is not there"
                highest = max(highest, found)
                self.slots[slot] = found
            else:
                # Between the two changes of its name it is in a folder.
                moved = [name for name in names if name.startswith("d") and view.exists(f"{name}/moved")]
                # A slot that nothing was put into yet comes before that of the file that was on its way.
                moved = [name for name in moved if number_of(b"".join(view.read(f"{name}/moved"))) % SLOTS == slot]
                assert slot not in self.slots or moved, "a file is gone"
                for name in moved:
                    view.rename(f"{name}/moved", f"f{slot}")
        return highest

    def _look_at_own(self, library, session, mid):
        view = library.open(session, mid).database
        found = _number(view, b"always:a")
        assert found == _number(view, b"always:b"), "a transaction is torn"
        assert found >= self.highest["always"], "a write that was on the disk is lost"
        listed = view.execute([b"LRANGE", b"always:list", b"0", b"-1"])
        assert len(listed) in (0, 2) and len(set(listed)) <= 1 and (not listed or int(listed[0]) <= found), "a transaction is torn"
        view.close()
        self.highest["always"] = found
        return found

    def _look_at_rows(self, library, session, mid, acknowledged, ended):
        view = library.open(session, mid).database
        found = _number(view, b"every:a")
        assert found == _number(view, b"every:b"), "a command is torn"
        past = {int(value) for value in view.execute([b"HVALS", b"every:past"])}
        # Numbers leap where one child ends and the next begins.
        assert all(number <= found for number in past), "later writes are there and earlier are not"
        assert found >= self.highest["everysec"], "what was durable is lost"
        every = [(number, at) for kind, number, at in acknowledged if kind == "everysec"]
        begun = every[0][0] if every else found
        assert all(number in past for number in range(max(begun, found - SLOTS + 1), found)), "later writes are there and earlier are not"
        lost = [at for number, at in every if number > found]
        if lost:
            self.lost += len(lost)
            self.late_s = max(self.late_s, ended - min(lost))
        self.highest["everysec"] = found
        view.close()
        return found

    def _look_at_versions(self, library, session, ids):
        highest = 0
        for name in ("rows", "files"):
            versions = library.versions(session, ids[name])
            memos = [int(version.memo) for version in versions]
            assert memos == sorted(memos) and (memos[-1] if memos else 0) >= self.highest["backup"], "a version is lost"
            highest = max([highest, *memos])
            for version in versions[-2:]:
                opened_version = library.open(session, ids[name], version.number)
                if name == "rows":
                    found = opened_version.database.execute([b"GET", b"backup:a"])
                    assert int(found) == int(version.memo), "a version holds what was not there when it was made"
                    assert _number(opened_version.database, b"every:a") == _number(opened_version.database, b"every:b"), "a version is torn"
                else:
                    assert all(entry.name[0] in "fd" for entry in opened_version.file_system.list(""))
                opened_version.close()
        return highest


def _number(view, key):
    return int(view.execute([b"GET", key]) or 0)
