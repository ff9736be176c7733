"""What the root file system is made of: bytes by package, and what each takes in the image."""

import lzma
import re
import stat
from collections import namedtuple

LIST_MAX_BYTES = 64 << 20
# Bytes of one part that are packed to estimate the rest of it.
SAMPLE_BYTES = 4 << 20

# bytes: unpacked; packed: about what it takes in the squashfs.
Part = namedtuple("Part", "name bytes packed")


def owners(text):
    """{path in the target: package} from Buildroot's packages-file-list.txt, lines ``package,./path``; the last one to write it owns it."""
    found = {}
    for line in text.split("\n"):
        package, comma, path = line.partition(",")
        if comma and path.startswith("./"):
            found[path[2:]] = package
    return found


def source_of(name):
    """The Python file that a compiled one comes from: compiling happens after Buildroot wrote its list."""
    return re.sub(r"(?:__pycache__/)?([^/.]+)(?:\.cpython-\d+)?\.pyc$", r"\1.py", name)


def folder_part(name):
    """The part of a file that no package owns: its Python package, else its first two folders."""
    _, site, rest = name.partition("/site-packages/")
    if site:
        return rest.split("/")[0]
    folders = name.split("/")[:-1][:2]
    return "/".join(folders) + "/" if folders else "/"


def files(target):
    """(path, name, bytes) of each file of the target, hard links once, in the order of the names."""
    seen = set()
    for path in sorted(target.rglob("*")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield path, path.relative_to(target).as_posix(), status.st_size


def grouped(rows, owned):
    """{part: [(path, bytes)]}. rows: what files() gives; owned: what owners() gives."""
    groups = {}
    for path, name, size in rows:
        groups.setdefault(owned.get(name) or owned.get(source_of(name)) or folder_part(name), []).append((path, size))
    return groups


def packed_share(rows):
    """Bytes a part takes once packed, from a sample of it where it is large."""
    total, sample = sum(size for _, size in rows), bytearray()
    for path, _ in rows:
        with path.open("rb") as file:
            sample += file.read(SAMPLE_BYTES - len(sample))
        if len(sample) >= SAMPLE_BYTES:
            break
    if not sample:
        return 0
    return len(lzma.compress(bytes(sample), preset=1)) * total // len(sample)


def parts(target, list_text, squashfs_bytes):
    """[Part] of a target's folder, largest in the image first.

    list_text: packages-file-list.txt, "" where there is none; squashfs_bytes: size of the packed whole, which the parts share.
    """
    groups = grouped(files(target), owners(list_text))
    packed = {name: packed_share(rows) for name, rows in groups.items()}
    whole = sum(packed.values()) or 1
    found = [
        Part(name, sum(size for _, size in rows), packed[name] * squashfs_bytes // whole if squashfs_bytes else packed[name])
        for name, rows in groups.items()
    ]
    return sorted(found, key=lambda part: (-part.packed, -part.bytes, part.name))


def package_list(target):
    """Text of Buildroot's list of who wrote which file, "" where there is none. It lies beside the target's folder."""
    path = target.parent / "build" / "packages-file-list.txt"
    if not path.is_file() or path.stat().st_size > LIST_MAX_BYTES:
        return ""
    return path.read_text(errors="replace")
