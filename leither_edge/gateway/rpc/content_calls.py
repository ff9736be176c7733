"""Procedures on MiMei: making, opening, rights, versions, references, tags, search."""

from leither_edge.core.ids import id_to_text
from leither_edge.mimei.info import DATABASE, TYPE_NAMES
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.version_calls import first_changes

from .declared import calls
from .json_text import Binary

TABLE = {}
call = calls(TABLE)

CHANGES_MAX = 1000
_SID_MID = "sid:session mid:id "


@call(
    "MMCreate", 'sid:session appid:text="" ext:text="" mark:text="{{auto}}" tp:int=2 right:mask?', "id",
    "Makes a MiMei, or finds the caller's of the same words; tp 1 is a file, 2 a file system, 3 a database, 4 a stream.",
)  # fmt: skip
def create(at, session, app_type, ext, mark, data_type, right):
    return id_to_text(at.library.create(session, app_type, ext, mark, data_type, right))


@call("MMOpen", _SID_MID + 'ver:version="cur" *opt:text', "handle", "Opens a version; what is given back names it in other calls.")
def open_version(at, session, mid, version, *options):
    opened = at.library.open(session, mid, version)
    if opened.data_type == DATABASE:
        # Its view waits for the disk when it is made; commands do not.
        opened.database  # noqa: B018
    return at.library.keep(session, opened)


@call("MMClose", "mmsid:text", "null", "Closes what an open call gave; closing twice is no error.")
def close(at, handle):
    found = at.library.drop(handle)
    if found is not None:
        found.close()


@call("MMList", "sid:session start:text? count:int=100 author:text?", "object[]", "Lists what the caller may see.")
def list_all(at, session, start, count, author):
    return [info_of(found) for found in at.library.list(session, start, max(1, count), author)]


@call("MMDelete", _SID_MID, "null", "Deletes a MiMei with all its versions.")
def delete(at, session, mid):
    at.library.delete(session, mid)


@call("MMSetRight", _SID_MID + "member:text right:mask?", "null", "Says what a role or a user may do; null: he is no member any more.")
def set_right(at, session, mid, member, right):
    at.library.set_right(session, mid, member or "guest", right)


@call("MMGetRight", _SID_MID + "uid:text?", "mask", "The rights that hold for a user, or for the caller.")
def get_right(at, session, mid, user):
    return at.library.get_right(session, mid, user or None)


@call("MMGetRights", _SID_MID, "object", "The rights of each role, and those of single members; null: those that members have.")
def get_rights(at, session, mid):
    masks, members = at.library.rights(session, mid)
    return {**masks._asdict(), "members": {id_to_text(user): mask for user, mask in members.items()}}


@call("MMBackup", _SID_MID + 'memo:text="" *opt:text', "text", "Makes what is now in cur the next version; gives its number.")
def backup(at, session, mid, memo, *options):
    return str(at.library.backup(session, mid, memo).number)


@call("MMBackupPrepare", _SID_MID + 'memo:text=""', "object", "Where the key is elsewhere: a ticket, and the message that it signs.")
def backup_prepare(at, session, mid, memo):
    ticket, message = at.library.backup_prepare(session, mid, memo)
    return {"ticket": ticket, "message": Binary(message)}


@call("MMBackupFinish", "sid:session ticket:text signature:bytes", "text", "Ends a backup that was prepared; gives the version's number.")
def backup_finish(at, session, ticket, signature):
    return str(at.library.backup_finish(session, ticket, signature).number)


@call("MMRelease", _SID_MID + "ver:version", "text", "Makes a version the released one; gives its number.")
def release(at, session, mid, version):
    return str(at.library.release(session, mid, version))


@call("MMRestore", _SID_MID + "ver:version", "null", "Copies a version to cur.")
def restore(at, session, mid, version):
    at.library.restore(session, mid, version)


@call("MMDelVers", _SID_MID + "*vers:version", "int", "Drops versions; gives how many.")
def delete_versions(at, session, mid, *versions):
    return at.library.delete_versions(session, mid, versions)


@call("MMFork", _SID_MID + 'ver:version mark:text="{{auto}}"', "id", "Makes a MiMei of the caller's that begins with a version of another.")
def fork(at, session, mid, version, mark):
    return id_to_text(at.library.fork(session, mid, version, mark))


@call("MMDiff", _SID_MID + 'a:version b:version="cur" count:int=1000 skip:int=0', "object[]", "Changes from a version to another.")
def diff(at, session, mid, a, b, count, skip):
    changes = first_changes(at.library.diff(session, mid, a, b), min(max(1, count), CHANGES_MAX), max(0, skip))
    return [{"kind": one.kind, "what": one.what, "old": _shown(one.old), "new": _shown(one.new)} for one in changes]


@call("MMAddRef", _SID_MID + "*fileids:label", "int", "Counts references to labels up; gives how many.")
def add_references(at, session, mid, *labels):
    return at.library.add_references(session, mid, labels)


@call("MMDelRef", _SID_MID + "*fileids:label", "int", "Counts references to labels down; gives how many there were.")
def remove_references(at, session, mid, *labels):
    return at.library.remove_references(session, mid, labels)


@call("MMGetRef", _SID_MID + 'ver:version="cur"', "object", "The references of a version: label to count.")
def references(at, session, mid, version):
    return {cids.to_text(cid): count for cid, count in at.library.references(session, mid, version).items()}


@call("MMGetRefs", _SID_MID + "*vers:version", "object", "The references of several versions: version to label to count.")
def references_of(at, session, mid, *versions):
    return {str(version): references(at, session, mid, version) for version in versions or ("cur",)}


@call("MMSum", _SID_MID + 'ver:version="cur" tp:text=""', "text", "The label of a version's content; with tp manifest, of its manifest.")
def content_sum(at, session, mid, version, kind):
    if kind == "manifest":
        number = at.library.open(session, mid, version).number
        found = next((one for one in at.library.versions(session, mid) if one.number == number), None)
        return "" if found is None else cids.to_text(found.manifest)
    root = at.library.open(session, mid, version).root
    return "" if root is None else cids.to_text(root)


@call("MMSetTags", _SID_MID + "*tags:text", "null", "Gives a MiMei its tags, in place of those it had.")
def set_tags(at, session, mid, *tags):
    at.library.set_tags(session, mid, list(tags))


@call("MMGetTags", _SID_MID, "text[]", "The tags of a MiMei.")
def tags(at, session, mid):
    return at.library.tags(session, mid)


@call("MMSearch", "sid:session text:text limit:int=20", "object[]", "Finds words in what the caller may see, best first.")
def search(at, session, text, limit):
    return [_hit(hit) for hit in at.library.search(session, text, min(max(1, limit), 100))]


@call("MMPin", 'sid:session cid:label name:text=""', "null", "Keeps on this node what a label reaches.")
def pin(at, session, cid, name):
    at.library.pin(session, cid, name)


@call("MMUnpin", "sid:session cid:label", "bool", "Keeps it no longer; gives whether the caller had pinned it.")
def unpin(at, session, cid):
    return bool(at.library.unpin(session, cid))


@call("MMPins", "sid:session", "object[]", "What the caller has pinned.")
def pins(at, session):
    return [{"cid": cids.to_text(cid), "name": name, "time": time} for cid, name, time in at.library.pins(session)]


def info_of(found):
    """A MiMeiInfo as an object, under the original system's names."""
    return {
        "mid": id_to_text(found.mid),
        "author": id_to_text(found.author),
        "appType": found.app_type,
        "ext": found.ext,
        "mark": found.mark,
        "dataType": TYPE_NAMES[found.data_type],
        "create": found.created,
        "changed": found.changed,
        "right": found.right,
        "allowed": found.allowed,
        "last": found.last,
        "release": found.release,
        "tags": list(found.tags),
        "ancestor": None if found.ancestor is None else cids.to_text(found.ancestor),
    }


def version_of(found):
    """A Version as an object."""
    return {
        "version": found.number,
        "root": cids.to_text(found.root),
        "manifest": cids.to_text(found.manifest),
        "time": found.time,
        "memo": found.memo,
        "isLast": found.is_last,
        "isRelease": found.is_release,
        "author": id_to_text(found.author),
    }


def _hit(hit):
    return {"mid": id_to_text(hit.mid), "path": hit.path, "score": hit.score, "title": hit.title}


def _shown(side):
    """A side of a change: nothing, bytes, a label, or what the type of data has there."""
    if type(side) is bytes and len(side) in (34, 36) and side[:1] in (b"\x01", b"\x12"):
        return cids.to_text(side)
    return side
