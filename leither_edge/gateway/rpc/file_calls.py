"""Procedures on files and file systems."""

from leither_edge.mimei.errors import BadInput, NotFound, NotSignedIn, TooLarge
from leither_edge.mimei.info import FILE
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.opened import Opened

from ..media_types import SNIFF_BYTES, by_name, sniff
from .declared import calls
from .json_text import Binary
from .open_file import FOLDER, LabelFile, NamelessFile, PathFile
from .values import from_object, to_object

TABLE = {}
call = calls(TABLE)

# One piece of a file in a message; larger files go by PUT and GET.
PIECE_MAX = 1 << 20
ENTRIES_MAX = 10000
# Flags of open(2), as the original system's clients send them.
CREATE, TRUNCATE = 0x40, 0x200
TEMP = "temp"
TEMP_LIFE_S = 86400


@call("MFOpenByPath", 'sid:session mid:content path:text flag:int=0', "handle", "Opens a file or folder by its path; flag as of open(2).")
def open_by_path(at, session, content, path, flag):
    found = PathFile(_cur(at, session, content), path)
    if flag & TRUNCATE or flag & CREATE and not _is_there(found):
        found.put(())
    elif not flag & CREATE:
        found.label()
    return at.library.keep(session, found)


@call("MFOpenMacFile", "sid:session mid:any fileid:label", "handle", "Opens a file by its label, to be read.")
def open_by_label(at, session, content, cid):
    return at.library.keep(session, LabelFile(at.library, session, cid))


@call("MFOpenTempFile", "sid:session", "handle", "Opens a new file without a name; it is gone when it is closed.")
def open_nameless(at, session):
    library = at.library
    if session.user_id is None:
        raise NotSignedIn("A guest may not keep files here. Sign in.")
    now = library.clock()
    for found in library.list(session, author=session.user_id):
        # A node that was switched off left some behind.
        if found.app_type == TEMP and found.changed + TEMP_LIFE_S < now:
            library.delete(session, found.mid)
    mid = library.create(session, TEMP, data_type=FILE)
    return library.keep(session, NamelessFile(library.open(session, mid)))


@call("MFTemp2MacFile", "fsid:opened mid:content", "text", "Makes a MiMei refer to what a file without a name holds now; gives its label.")
def keep_nameless(at, file, content):
    cid = _file(file).label()
    opened = file.opened if type(file) is NamelessFile else None
    if opened is None:
        raise BadInput("This is no file that MFOpenTempFile opened.")
    at.library.add_references(opened.session, content.mid if type(content) is Opened else content, [cid])
    return cids.to_text(cid)


@call("MFClose", "fsid:text", "null", "Closes what an open call gave; closing twice is no error.")
def close(at, handle):
    found = at.library.drop(handle)
    if found is not None:
        found.close()


@call("MFSetData", "fsid:opened data:bytes start:int=0", "int", "Writes bytes at an offset, -1 being the end; gives how many.")
def set_data(at, file, data, start):
    _file(file).write(_offset(file, start), data)
    return len(data)


@call("MFGetData", "fsid:opened start:int=0 count:int=-1", "bytes", "Reads bytes from an offset, at most a megabyte at a time.")
def get_data(at, file, start, count):
    return Binary(_read(file, _offset(file, start), PIECE_MAX if count < 0 else min(count, PIECE_MAX)))


@call("MFSetObject", "fsid:opened obj:any", "null", "Writes any JSON value as the whole file.")
def set_object(at, file, thing):
    _file(file).put((to_object(thing),))


@call("MFGetObject", "fsid:opened", "any", "Reads what MFSetObject wrote.")
def get_object(at, file):
    size = _file(file).size()
    if size > PIECE_MAX:
        raise TooLarge(f"The file has {size} bytes and is no object. Read it with MFGetData.")
    return from_object(_read(file, 0, size))


@call("MFGetSize", "fsid:opened", "int", "The size of a file in bytes.")
def get_size(at, file):
    return _file(file).size()


@call("MFGetMimeType", "fsid:opened", "text", "The media type of a file, by its name or its first bytes.")
def get_media_type(at, file):
    found = _file(file)
    return by_name(found.name) or sniff(_read(found, 0, SNIFF_BYTES))


@call("MFStat", "fsid:opened", "object", "What is known of a file or folder.")
def stat(at, file):
    found = _file(file)
    return _info(found.name, found.label(), found.size(), not found.is_file())


@call("MFIsExist", "fsid:opened fileid:text", "bool", "Whether there is a file or folder of this path in an opened one.")
def is_there(at, file, path):
    found = _file(file)
    return _is_there(PathFile(_opened_of(found), f"{found.path}/{path}"))


@call("MFReaddir", "fsid:opened count:int=-1 start:text?", "object[]", "The entries of a folder, behind the name start.")
def read_folder(at, file, count, start):
    most = ENTRIES_MAX if count <= 0 else min(count, ENTRIES_MAX)
    return [_info(entry.name, entry.cid, entry.size, entry.kind == FOLDER) for entry in _file(file).entries(start, most)]


@call("MFTruncate", "fsid:opened size:int", "null", "Cuts a file, or lengthens it with zeros.")
def truncate(at, file, size):
    _file(file).truncate(size)


@call("FSFind", "sid:session mmfsid:content path:text", "object", "How much of a path is there: label, the rest, the whole path.")
def find(at, session, content, path):
    opened = _cur(at, session, content)
    parts = PathFile(opened, path).path.split("/")
    for length in range(len(parts), -1, -1):
        found = PathFile(opened, "/".join(parts[:length]))
        if _is_there(found):
            return {"fsid": cids.to_text(found.label()), "left": "/".join(parts[length:]), "fullName": "/".join(parts)}
    raise NotFound("There is nothing here.")


@call("FSMkDir", "sid:session mmfsid:content path:text", "null", "Makes a folder, with those above it.")
def make_folder(at, session, content, path):
    _files(at, session, content).make_directory(path.strip("/"))


@call("FSStat", "sid:session mmfsid:content path:text", "object", "What is known of a file or folder.")
def stat_path(at, session, content, path):
    entry = _files(at, session, content).stat(path.strip("/"))
    return _info(entry.name, entry.cid, entry.size, entry.kind == FOLDER)


@call("FSCopy", 'fsid:opened dst:text src:text srcVer:version="cur"', "null", "Copies a file or folder, of another version if wished.")
def copy(at, opened, target, source, version):
    _opened_of(opened).file_system.copy(source.strip("/"), target.strip("/"), "cur" if version == "" else version)


@call("FSRename", "sid:session mmfsid:content oldpath:text newFullName:text", "null", "Moves a file or folder.")
def rename(at, session, content, source, target):
    _files(at, session, content).rename(source.strip("/"), target.strip("/"))


@call("FSRemove", "sid:session mmfsid:content path:text recursive:bool=false", "null", "Removes a file or folder; recursive: a full one.")
def remove(at, session, content, path, recursive):
    _files(at, session, content).remove(path.strip("/"), recursive)


def _cur(at, session, content):
    """The Opened of what names content: an id is opened at cur."""
    if type(content) is bytes:
        return at.library.open(session, content)
    return _opened_of(content)


def _opened_of(thing):
    """The Opened behind what an open call gave. Raises BadInput where a label alone was opened."""
    found = thing if type(thing) is Opened else getattr(thing, "opened", None)
    if found is None:
        raise BadInput("This was opened by a label alone and is in no MiMei.")
    return found


def _files(at, session, content):
    return _cur(at, session, content).file_system


def _file(thing):
    """What an id that came stands for, as a file: what MMOpen gave is its whole."""
    return PathFile(thing) if type(thing) is Opened else thing


def _is_there(file):
    try:
        file.label()
        return True
    except NotFound:
        return False


def _read(file, offset, length):
    found = bytearray()
    for piece in _file(file).read(offset, length):
        found += piece
    return bytes(found)


def _offset(file, start):
    """The offset that a start means: below 0 it counts from the end, -1 being the end itself."""
    return start if start >= 0 else max(0, _file(file).size() + 1 + start)


def _info(name, cid, size, is_folder):
    """A file's description under the original system's names."""
    return {"fName": name, "fSize": size, "fIsDir": is_folder, "fID": cids.to_text(cid)}
