"""Content of a running node: procedures of JSON-RPC for what changes, blocks that are checked here for what is read."""

import os
from urllib.parse import quote

from leither_edge.cli.failure import Failure
from leither_edge.cli.mimei_reading import Change, Reading
from leither_edge.cli.mimei_remote_rows import RemoteRows
from leither_edge.cli.mimei_remote_values import id_of, id_text, info_of, label_of, label_text, pieces, readable_twice, version_of
from leither_edge.cli.mimei_rpc import Connection, RemoteBlocks, of_bytes
from leither_edge.cli.mimei_target import Target

# The first version of a database of a million keys takes minutes on the smallest board.
TIMEOUT_S = 900
LIST_MAX = DIFF_AT_ONCE = 1000
FILES = 2
NEW = ".leither-new"


def open_remote(home, out, args):
    """Return the RemoteContent that a command line means, signed in."""
    from leither_edge.cli.mimei_sign_in import address_of, sign_in

    address, entry = address_of(home, args.node)
    connection = Connection(address, getattr(args, "timeout", TIMEOUT_S))
    try:
        return RemoteContent(connection, *sign_in(home, out, args, connection, entry))
    except BaseException:
        connection.close()
        raise


class RemoteContent(Reading):
    """A node and who asks it: has what LocalContent has, which says what each does.

    Args:
        connection: Connection, signed in.
        user: 20 bytes.
        public_key: 32 bytes, None where the node holds the key.
        sign: message -> 64 bytes, None where this computer does not hold the user's key.
    """

    def __init__(self, connection, user, public_key, sign):
        self._connection, self._call = connection, connection.call
        self._sid, self._public_key, self.sign = connection.sid, public_key, sign
        self.by_pass = sign is None and public_key is not None
        self.user, self.name = user, f"http://{connection.address}"
        # Apart, as what is read from the node may be on its way to the node at the same time.
        self.blocks = RemoteBlocks(connection.another())

    def close(self):
        try:
            self._call("Logout", self._sid)
        except Exception:  # noqa: S110  the session ends by itself, and what was asked for is done
            pass
        self._connection.close()
        self.blocks.close()

    def procedure(self, name, *params):
        """What a procedure gives whose first parameter is the session. Raises MimeiError as the node's own, Failure."""
        return self._call(name, self._sid, *params)

    def root_of(self, target):
        from leither_edge.mimei.ipld import cid as cids

        text = self._call("MMSum", self._sid, id_text(target.mid), target.version)
        if not text or cids.codec(cids.from_text(text)) == cids.DAG_CBOR:
            raise Failure("This MiMei holds no files.", code="conflict")
        return cids.from_text(text)

    # MiMei

    def create(self, app_type, ext, mark, data_type):
        return id_of(self._call("MMCreate", self._sid, app_type, ext, mark, data_type))

    def info(self, mid):
        return info_of(self._call("GetVar", self._sid, "mminfo", id_text(mid)))

    def infos(self):
        start = None
        while True:
            found = self._call("MMList", self._sid, start, LIST_MAX)
            yield from map(info_of, found)
            if len(found) < LIST_MAX:
                return
            start = found[-1]["mid"]

    def delete(self, mid):
        self._call("MMDelete", self._sid, id_text(mid))

    def rights(self, mid):
        found = self._call("MMGetRights", self._sid, id_text(mid))
        members = {id_of(user): None if mask is None else int(mask) for user, mask in found["members"].items()}
        return {role: int(found[role]) for role in ("author", "member", "guest")}, members

    def set_right(self, mid, member, mask):
        self._call("MMSetRight", self._sid, id_text(mid), member if isinstance(member, str) else id_text(member), mask)

    def right_of(self, mid):
        return int(self._call("MMGetRight", self._sid, id_text(mid)))

    def set_tags(self, mid, tags):
        self._call("MMSetTags", self._sid, id_text(mid), *tags)

    def search(self, text, limit):
        found = self._call("MMSearch", self._sid, text, limit)
        return [(id_of(hit["mid"]), hit["path"], hit["score"], hit["title"]) for hit in found]

    # Files

    def put(self, mid, path, source, progress=None, size=None):
        place = f"/mimei/{id_text(mid)}/cur" + (f"/{quote(path)}" if path else "")
        return label_of(self._connection.upload("PUT", place, pieces(source, progress), size)["cid"])

    def put_folder(self, mid, path, folder, progress=None, hidden=False):
        from leither_edge.mimei.errors import Conflict

        whole = not path
        if not whole and self._find(mid, path) is not None:
            raise Conflict(f"{path!r} is there already: remove it first, or take another name.")
        counts = self._put_below(mid, NEW if whole else path, folder, progress, hidden)
        if whole:
            # What was there goes only once all is there that comes in its place.
            for entry in list(self.entries(Target(mid, "cur", "", None, ""))):
                if entry.name != NEW:
                    self.remove(mid, entry.name, True)
            for entry in list(self.entries(Target(mid, "cur", NEW, None, ""))):
                self.rename(mid, f"{NEW}/{entry.name}", entry.name)
            self.remove(mid, NEW, True)
        return self.stat(Target(mid, "cur", path, None, "")).cid, *counts

    def _put_below(self, mid, path, folder, progress, hidden):
        """(files, bytes, passed over) of a folder whose content was put at a path."""
        files = done = skipped = 0
        self.make_directory(mid, path)
        for way, folders, names in os.walk(folder):
            below = os.path.relpath(way, folder).replace(os.sep, "/")
            here = path if below == "." else f"{path}/{below}"
            if not hidden:
                folders[:] = [name for name in folders if not name.startswith(".")]
                names = [name for name in names if not name.startswith(".")]
            links = [name for name in folders if os.path.islink(os.path.join(way, name))]
            for name in folders:
                if name not in links:
                    self.make_directory(mid, f"{here}/{name}")
            for name in sorted(names):
                full = os.path.join(way, name)
                if os.path.islink(full) or not os.path.isfile(full):
                    skipped += 1
                    continue

                def tell(count, full=full, done=done, files=files):
                    if progress is not None:
                        progress(full, files, done + count)

                size = os.path.getsize(full)
                self.put(mid, f"{here}/{name}", full, tell, size)
                files, done = files + 1, done + size
            skipped += len(links)
        return files, done, skipped

    def add(self, source, profile, progress=None, pin=True, size=None):
        from leither_edge.mimei.file_views import added

        with readable_twice(source) as path:
            return self._added(lambda blocks, tell: added(blocks, path, profile, tell)[0], pin, progress)

    def add_folder(self, folder, profile, progress=None, pin=True, hidden=False):
        from leither_edge.mimei.files.add_folder import add_folder

        return self._added(lambda blocks, tell: add_folder(blocks, folder, profile, hidden=hidden, progress=tell).cid, pin, progress)

    def wrap(self, named, profile, pin):
        from leither_edge.mimei.files.directory import directory_of
        from leither_edge.mimei.files.folder_node import total_of

        entries = [(name.encode(), cid, total_of(self.blocks, cid)) for name, cid in named]
        return self._added(lambda blocks, tell: directory_of(blocks, profile, entries)[0], pin, None)

    def _added(self, build, pin, progress):
        """The label of what ``build(blocks, progress)`` makes here, sent to the node as a CAR file, which names its root first."""
        from leither_edge.cli.mimei_blocks import Forgetting, made
        from leither_edge.mimei.ipld import car

        cid = build(Forgetting(), None)
        self._import(car.write([cid], made(lambda blocks: build(blocks, progress))), None, pin)
        return cid

    def make_directory(self, mid, path):
        self._call("FSMkDir", self._sid, id_text(mid), path)

    def copy(self, source, mid, path):
        if source.mid == mid:
            handle = self._call("MMOpen", self._sid, id_text(mid), "cur")
            try:
                self._call("FSCopy", handle, path, source.path or "", source.version)
            finally:
                self._call("MMClose", handle)
            return
        entry = self.stat(source)
        if entry.kind == "file":
            self.put(mid, path, self.read(entry.cid), None, entry.size)
            return
        self.make_directory(mid, path)
        for way, below in self.files_below(entry.cid):
            if below.kind == "directory":
                self.make_directory(mid, f"{path}/{way}")
            elif below.kind == "file":
                self.put(mid, f"{path}/{way}", self.read(below.cid), None, below.size)

    def rename(self, mid, path, new):
        self._call("FSRename", self._sid, id_text(mid), path, new)

    def remove(self, mid, path, recursive):
        self._call("FSRemove", self._sid, id_text(mid), path, recursive)

    def _find(self, mid, path):
        from leither_edge.mimei.errors import NotFound

        try:
            return self.stat(Target(mid, "cur", path, None, ""))
        except NotFound:
            return None

    # Versions

    def versions(self, mid):
        return [version_of(found) for found in self._call("GetVar", self._sid, "mmversions", id_text(mid))]

    def backup(self, mid, memo, progress=None):
        from leither_edge.cli.mimei_sign_in import checked_manifest

        if self.sign is None:
            return int(self._call("MMBackup", self._sid, id_text(mid), memo))
        prepared = self._call("MMBackupPrepare", self._sid, id_text(mid), memo)
        message = of_bytes(prepared["message"])
        checked_manifest(message, mid, self._public_key)
        return int(self._call("MMBackupFinish", self._sid, prepared["ticket"], self.sign(message)))

    def release(self, mid, version):
        return int(self._call("MMRelease", self._sid, id_text(mid), version))

    def restore(self, mid, version):
        self._call("MMRestore", self._sid, id_text(mid), version)

    def delete_versions(self, mid, versions):
        return self._call("MMDelVers", self._sid, id_text(mid), *versions)

    def fork(self, mid, version, mark):
        return id_of(self._call("MMFork", self._sid, id_text(mid), version, mark))

    def diff(self, mid, a, b):
        if self.info(mid).data_type <= FILES:
            from leither_edge.mimei.files.difference import diff

            roots = [self.root_of(Target(mid, version, "", None, "")) for version in (a, b)]
            for found in diff(self.blocks, *roots):
                yield Change(found.kind, found.path, self.side(found.cid_a), self.side(found.cid_b))
            return
        told = 0
        while found := self._call("MMDiff", self._sid, id_text(mid), a, b, DIFF_AT_ONCE, told):
            for one in found:
                what = one["what"]
                if isinstance(what, list):
                    what = tuple(None if part is None else of_bytes(part) for part in what)
                yield Change(one["kind"], what, *(None if side is None else of_bytes(side) for side in (one["old"], one["new"])))
            told += len(found)

    # Databases and streams

    def opened(self, mid, version):
        return RemoteRows(self._call, self._call("MMOpen", self._sid, id_text(mid), version))

    # Keeping

    def pin(self, cid, name):
        self._call("MMPin", self._sid, label_text(cid), name)

    def unpin(self, cid):
        return self._call("MMUnpin", self._sid, label_text(cid))

    def pins(self):
        return [(label_of(pin["cid"]), pin["name"], pin["time"]) for pin in self._call("MMPins", self._sid)]

    def references(self, mid, version):
        return {label_of(text): count for text, count in self._call("MMGetRef", self._sid, id_text(mid), version).items()}

    def add_references(self, mid, labels):
        return self._call("MMAddRef", self._sid, id_text(mid), *map(label_text, labels))

    def remove_references(self, mid, labels):
        return self._call("MMDelRef", self._sid, id_text(mid), *map(label_text, labels))

    def node_stat(self):
        return None

    def stat_of(self, mid):
        info = self.info(mid)
        figures = {"versions": len(self.versions(mid))}
        if info.data_type <= FILES:
            figures["bytes"] = self.side(self.root_of(Target(mid, "cur", "", None, ""))).size
            return figures
        rows = self.opened(mid, "cur")
        try:
            figures.update(rows.figures(info.data_type))
        finally:
            rows.close()
        return figures

    def usage(self):
        charged, allowed = self._call("GetVar", self._sid, "usage")
        return int(charged), int(allowed)

    def collect(self, progress=None):
        raise _by_keeper("frees room by itself")

    def fsck(self, repair, progress=None):
        raise _by_keeper("is checked where its store is: leither mimei fsck --store FOLDER, while it does not run")

    def export(self, target):
        from leither_edge.mimei.ipld import car
        from leither_edge.mimei.ipld.walk import walk

        if target.mid is None:
            return car.write([target.cid], walk(self.blocks, [target.cid]))
        if target.version == "cur":
            root = self.root_of(target)
            return car.write([root], walk(self.blocks, [root]))
        roots, more = self._chain(target)
        return car.write(roots, walk(self.blocks, [*more, *roots]))

    def _chain(self, target):
        """(roots, the labels that stand before them) of a CAR of versions with the manifests behind them."""
        from leither_edge.crypto import sodium
        from leither_edge.mimei.manifest import open_manifest

        versions = self.versions(target.mid)
        word = target.version
        wanted = [
            one for one in versions
            if word in ("all", one.number) or word == "last" and one.is_last or word == "release" and one.is_release
        ]  # fmt: skip
        if not wanted:
            raise Failure(f"There is no version {word} of this MiMei.", fix="See what is there: leither mimei versions", code="not-found")
        label, chain, lists = wanted[-1].manifest, [], []
        numbers = {one.number for one in wanted}
        while label is not None:
            found = open_manifest(self.blocks.get(label), sodium.verify)
            chain.append(label)
            if found.number in numbers and found.references is not None:
                lists.append(found.references)
            label = found.previous
        return [chain[0], *dict.fromkeys(one.root for one in wanted)], [*chain, *lists]

    def import_car(self, source, progress=None, pin=True):
        size = os.path.getsize(source) if isinstance(source, str) else None
        found = self._import(pieces(source, progress), size, pin)
        return [label_of(root) for root in found["roots"]], found["mid"] and id_of(found["mid"]), found["versions"]

    def _import(self, parts, size, pin):
        return self._connection.upload("POST", "/mimei/import" + ("" if pin else "?pin=false"), parts, size)


def _by_keeper(what):
    return Failure(f"A running node {what}.", "This cannot be asked of it from here.", code="not-here")
