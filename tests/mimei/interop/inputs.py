"""Forty files and folders from which labels are made twice: here, and by a program of others.

An input is a list of entries: {"path", "seed", "size"} for a file, {"path", "link"} for a symbolic link, {"path"} for a folder. Content
is drawn from its seed, as the published fixtures' is: the stream of ChaCha20 under the seed's SHA-256.
"""

from hashlib import sha256

from pysodium import crypto_stream_chacha20_ietf_xor_ic

KIB, MIB = 1 << 10, 1 << 20
_PIECE = MIB
ROOT = "root"
# Boundaries: a number's bytes; a chunk of either profile; the links of a node of unixfs-v0-2015 (of unixfs-v1-2025: in published.py).
FAN_OUT = 174 * 256 * KIB
SIZES = (
    0, 1, 11, 127, 128, 16383, 16384, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 512 * KIB, 512 * KIB + 1, MIB - 1, MIB, MIB + 1, 2 * MIB,
    2 * MIB + 1, 3_500_000, FAN_OUT - 1, FAN_OUT, FAN_OUT + 1, 2 * FAN_OUT, 2 * FAN_OUT + 1, 300 * MIB,
)  # fmt: skip
# What is larger is left to the slow run.
QUICK_MAX = 4 * MIB
QUICK_ENTRIES = 2000


def drawn(seed, size):
    """Yields the content of a seed (text) in pieces."""
    key = sha256(seed.encode()).digest()
    for at in range(0, size, _PIECE):
        # The counter counts blocks of 64 bytes.
        yield crypto_stream_chacha20_ietf_xor_ic(bytes(min(_PIECE, size - at)), bytes(12), at // 64, key)


def _file(path, size, seed=None):
    return {"path": f"{ROOT}/{path}", "seed": path if seed is None else seed, "size": size}


def _many(count, digits, before=""):
    """So many files of one content, whose names are numbers."""
    return [_file(f"{before}{number:0{digits}}", 1, "x") for number in range(count)]


_NAMES = (
    " ", "a b", "%2C+=", "ąę/źł.txt", "世界", "\U0001f600", "\uffee", "\u00e9", "e\u0301", "~", "-", "A", "a", "_",
    ".hidden", "a.b", "a\nb",
)  # fmt: skip


def _folders():
    yield "an empty folder", [{"path": ROOT}]
    yield "a folder of an empty file", [_file("empty", 0)]
    yield "a folder of one file", [_file("a.txt", 12)]
    yield "folders in folders", [_file("a/b/c/d/e/f.txt", 300), _file("a/b/g", 5), _file("a/z", 1 * MIB + 7), {"path": f"{ROOT}/a/none"}]
    yield "names of every kind", [_file(name, 20) for name in _NAMES]
    yield "symbolic links", [_file("file", 4), {"path": f"{ROOT}/near", "link": "file"}, {"path": f"{ROOT}/far", "link": "/etc/../世界"}]
    yield "the same content often", [_file(f"{number % 3}/copy {number}", 300 * KIB, "same") for number in range(9)]
    yield "longest names", [_file(f"{number:0255}", number) for number in range(300)]
    yield "at the bound of v0", _many(4096, 30)
    yield "one over the bound of v0", _many(4033, 31)
    yield "at the bound of v1", [*_many(4765, 11), _file("l" * 21, 1, "x")]
    yield "one over the bound of v1", [*_many(4765, 11), _file("l" * 22, 1, "x")]
    yield "sharded by longest names", _many(1100, 255)
    yield "a sharded folder in another", _many(1500, 200, "inner/") + _many(1500, 190)
    yield "20,000 files", [_file(f"{number}.txt", number % 40, str(number % 40)) for number in range(19997)] + [
        _file("folder/large", 5 * MIB + 1), {"path": f"{ROOT}/link", "link": "1.txt"}, {"path": f"{ROOT}/none"},
    ]  # fmt: skip
    yield "large and small, sharded", [_file(f"{'世' * 60}{number}", number * (1 if number % 100 else 300)) for number in range(1400)]


def inputs():
    """[(name, entries, whether it belongs to the fast run)]"""
    files = [(f"{size} bytes", [{"path": ROOT, "seed": f"size {size}", "size": size}], size <= QUICK_MAX) for size in SIZES]
    return files + [(name, entries, len(entries) <= QUICK_ENTRIES) for name, entries in _folders()]


def described(entries):
    """{path below the root: (kind, size, hash of the content)} of an input, as the other program is to find it; folders included."""
    found, hashes = {}, {}
    for entry in entries:
        path = entry["path"].partition("/")[2]
        for end in (at for at, letter in enumerate(path) if letter == "/"):
            found[path[:end]] = ("folder", 0, "")
        if path:
            found[""] = ("folder", 0, "")
        if "size" in entry:
            key = entry["seed"], entry["size"]
            if key not in hashes:
                digest = sha256()
                for piece in drawn(*key):
                    digest.update(piece)
                hashes[key] = digest.hexdigest()
            found[path] = ("file", entry["size"], hashes[key])
        elif "link" in entry:
            target = entry["link"].encode()
            found[path] = ("link", len(target), sha256(target).hexdigest())
        else:
            found[path] = ("folder", 0, "")
    return found
