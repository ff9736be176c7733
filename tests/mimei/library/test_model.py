"""Random work on content of every type beside a plain model of it: versions are what cur was, whatever came between."""

import random

import pytest

from leither_edge.mimei import info
from leither_edge.mimei.errors import Conflict
from leither_edge.mimei.manifest import BadManifest, open_manifest

from .people import ANNA, opened, work
from .test_car import SECOND

KEYS = [b"%d" % number for number in range(12)]


class Model:
    """One MiMei and what must be in it. Contents are dicts of files or keys, one bytes of a file, a list of a stream."""

    def __init__(self, library, session, data_type):
        self.mid = library.create(session, mark="model", ext=str(data_type), data_type=data_type)
        self.data_type = data_type
        self.cur = {info.FILE: b"", info.STREAM: []}.get(data_type, {})
        self.versions, self.next, self.release = {}, 0, None

    def change(self, library, session, rng):
        key, value = rng.choice(KEYS), rng.randbytes(rng.choice((0, 3, 300, 3000)))
        opened = library.open(session, self.mid)
        if self.data_type == info.FILE:
            opened.file.put([value])
            self.cur = value
        elif self.data_type == info.STREAM:
            opened.stream.append([value])
            self.cur = [*self.cur, value]
        elif rng.random() < 0.3:
            self.cur = {name: kept for name, kept in self.cur.items() if name != key}
            if self.data_type == info.DATABASE:
                opened.database.execute([b"DEL", key])
            elif opened.file_system.exists(key.decode()):
                opened.file_system.remove(key.decode())
        else:
            self.cur = {**self.cur, key: value}
            if self.data_type == info.DATABASE:
                opened.database.execute([b"SET", key, value])
            else:
                opened.file_system.put(key.decode(), [value])
        opened.close()

    def look(self, library, session, version):
        opened = library.open(session, self.mid, version)
        try:
            if self.data_type == info.FILE:
                return b"".join(opened.file.read())
            if self.data_type == info.STREAM:
                return [record for _, record in opened.stream.read()]
            if self.data_type == info.DATABASE:
                keys = opened.database.execute([b"KEYS", b"*"])
                return {key: opened.database.execute([b"GET", key]) for key in keys}
            return {entry.name.encode(): b"".join(opened.file_system.read(entry.name)) for entry in opened.file_system.list()}
        finally:
            opened.close()

    def step(self, library, session, rng):
        act = rng.choice(("change",) * 6 + ("backup", "backup", "restore", "release", "delete", "diff"))
        known = sorted(self.versions)
        if act == "change":
            self.change(library, session, rng)
        elif act == "backup":
            assert library.backup(session, self.mid).number == self.next
            self.versions[self.next] = self.cur
            self.next += 1
        elif not known:
            return
        elif act == "restore":
            number = rng.choice(known)
            library.restore(session, self.mid, number)
            self.cur = self.versions[number]
        elif act == "release":
            self.release = rng.choice(known)
            library.release(session, self.mid, self.release)
        elif act == "delete":
            number = rng.choice(known)
            if number == self.release:
                with pytest.raises(Conflict):
                    library.delete_versions(session, self.mid, [number])
            else:
                library.delete_versions(session, self.mid, [number])
                del self.versions[number]
        else:
            number = rng.choice(known)
            assert bool(list(library.diff(session, self.mid, number))) == (self.versions[number] != self.cur)

    def check(self, library, session):
        assert self.look(library, session, "cur") == self.cur
        for number, content in self.versions.items():
            assert self.look(library, session, number) == content
        assert [version.number for version in library.versions(session, self.mid)] == sorted(self.versions)


def play(folder, seed, rounds, steps):
    rng = random.Random(seed)
    models = None
    for _ in range(rounds):
        with opened(folder) as library:
            anna = library.local_session(ANNA)
            models = models or [Model(library, anna, data_type) for data_type in info.DATA_TYPES]
            for _ in range(steps):
                rng.choice(models).step(library, anna, rng)
                if rng.random() < 0.1:
                    library.work_some()
                if rng.random() < 0.05:
                    library.collect(anna)
            for model in models:
                model.check(library, anna)
            assert library.fsck(anna) == []
    with opened(folder) as library:
        anna = library.local_session(ANNA)
        for model in models:
            library.delete(anna, model.mid)
        work(library)
        library.collect(anna)
        assert library.stat(anna)["blocks"] == 0 and library.usage(anna)[0] == 0
        with library.store.read() as tx:
            assert not any(tx.count(name) for name in ("data", "changed", "undo", "records", "search_documents"))


def test_random_work(tmp_path):
    play(tmp_path, 1, 3, 40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_much_random_work(tmp_path, seed):
    play(tmp_path, seed, 8, 200)


def test_mutated_manifests_are_refused():
    rng = random.Random(1)
    for _ in range(1500):
        data = bytearray(SECOND[1])
        for _ in range(rng.randint(1, 3)):
            act, at = rng.randrange(3), rng.randrange(len(data))
            if act == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif act == 1:
                del data[at : at + rng.randint(1, 9)]
            else:
                data[at:at] = rng.randbytes(rng.randint(1, 9))
        if bytes(data) != SECOND[1]:
            with pytest.raises(BadManifest):
                open_manifest(bytes(data), lambda *any: False)
