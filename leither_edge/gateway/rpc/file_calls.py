"""Procedures on files and file systems."""

from leither_edge.mimei.errors import BadInput, NotFound, NotSignedIn, TooLarge
from leither_edge.mimei.info import FILE
from leither_edge.mimei.ipld import cid as cids

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


@call("MFOpenByPath", "sid:session mid:content path:text flag:int=0", "handle", "Opens a file or folder by its path; flag as of open(2).")
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


@call("MFTemp2MacFile", "fsid:file mid:content", "text", "Makes a MiMei refer to what a file without a name holds now; gives its label.")
def keep_nameless(at, file, content):
    if type(file) is not NamelessFile:
        raise BadInput("This is no file that MFOpenTempFile opened.")
    cid = file.label()
    at.library.add_references(file.opened.session, content if type(content) is bytes else content.mid, [cid])
    return cids.to_text(cid)


@call("MFClose", "fsid:text", "null", "Closes what an open call gave; closing twice is no error.")
def close(at, handle):
    found = at.library.drop(handle)
    if found is not None:
        found.close()


@call("MFSetData", "fsid:file data:bytes start:int=0", "int", "Writes bytes at an offset, -1 being the end; gives how many.")
def set_data(at, file, data, start):
    file.write(_offset(file, start), data)
    return len(data)


@call("MFGetData", "fsid:file start:int=0 count:int=-1", "bytes", "Reads bytes from an offset, at most a megabyte at a time.")
def get_data(at, file, start, count):
    return Binary(_read(file, _offset(file, start), PIECE_MAX if count < 0 else min(count, PIECE_MAX)))


@call("MFSetObject", "fsid:file obj:any", "null", "Writes any JSON value as the whole file.")
def set_object(at, file, thing):
    file.put((to_object(thing),))


@call("MFGetObject", "fsid:file", "any", "Reads what MFSetObject wrote.")
def get_object(at, file):
    size = file.size()
    if size > PIECE_MAX:
        raise TooLarge(f"The file has {size} bytes and is no object. Read it with MFGetData.")
    return from_object(_read(file, 0, size))


@call("MFGetSize", "fsid:file", "int", "The size of a file in bytes.")
def get_size(at, file):
    return file.size()


@call("MFGetMimeType", "fsid:file", "text", "The media type of a file, by its name or its first bytes.")
def get_media_type(at, file):
    return by_name(file.name) or sniff(_read(file, 0, SNIFF_BYTES))


@call("MFStat", "fsid:file", "object", "What is known of a file or folder.")
def stat(at, file):
    return _info(file.name, file.label(), file.size(), not file.is_file())


@call("MFIsExist", "fsid:file fileid:text", "bool", "Whether there is a file or folder of this path in an opened one.")
def is_there(at, file, path):
    if type(file) is LabelFile:
        raise BadInput("This is a file, not a folder.")
    return _is_there(PathFile(file.opened, f"{file.path}/{path}"))


@call("MFReaddir", "fsid:file count:int=-1 start:text?", "object[]", "The entries of a folder, behind the name start.")
def read_folder(at, file, count, start):
    most = ENTRIES_MAX if count <= 0 else min(count, ENTRIES_MAX)
    return [_info(entry.name, entry.cid, entry.size, entry.kind == FOLDER) for entry in file.entries(start, most)]


@call("MFTruncate", "fsid:file size:int", "null", "Cuts a file, or lengthens it with zeros.")
def truncate(at, file, size):
    file.truncate(size)


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


@call("FSCopy", 'fsid:content dst:text src:text srcVer:version="cur"', "null", "Copies a file or folder, of another version if wished.")
def copy(at, opened, target, source, version):
    _files(at, at.session(), opened).copy(source.strip("/"), target.strip("/"), "cur" if version == "" else version)


@call("FSRename", "sid:session mmfsid:content oldpath:text newFullName:text", "null", "Moves a file or folder.")
def rename(at, session, content, source, target):
    _files(at, session, content).rename(source.strip("/"), target.strip("/"))


@call("FSRemove", "sid:session mmfsid:content path:text recursive:bool=false", "null", "Removes a file or folder; recursive: a full one.")
def remove(at, session, content, path, recursive):
    _files(at, session, content).remove(path.strip("/"), recursive)


def _cur(at, session, content):
    """The Opened of what names content: an id is opened at cur."""
    return at.library.open(session, content) if type(content) is bytes else content


def _files(at, session, content):
    return _cur(at, session, content).file_system


def _is_there(file):
    try:
        file.label()
        return True
    except NotFound:
        return False


def _read(file, offset, length):
    found = bytearray()
    for piece in file.read(offset, length):
        found += piece
    return bytes(found)


def _offset(file, start):
    """The offset that a start means: below 0 it counts from the end, -1 being the end itself."""
    return start if start >= 0 else max(0, file.size() + 1 + start)


def _info(name, cid, size, is_folder):
    """A file's description under the original system's names."""
    return {"fName": name, "fSize": size, "fIsDir": is_folder, "fID": cids.to_text(cid)}
