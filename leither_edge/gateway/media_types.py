"""The media type of a file, by its name, else by its first bytes."""

from leither_edge.http.static_files import CONTENT_TYPES, UNKNOWN_TYPE

# What people keep beside what the portal is made of; textual types say their encoding.
_MORE = {
    "htm": "text/html; charset=utf-8", "xhtml": "application/xhtml+xml", "xml": "application/xml", "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8", "log": "text/plain; charset=utf-8", "toml": "text/plain; charset=utf-8",
    "yaml": "text/plain; charset=utf-8", "yml": "text/plain; charset=utf-8", "py": "text/plain; charset=utf-8",
    "avif": "image/avif", "bmp": "image/bmp", "heic": "image/heic", "tif": "image/tiff", "tiff": "image/tiff",
    "webm": "video/webm", "mkv": "video/x-matroska", "mov": "video/quicktime", "avi": "video/x-msvideo", "mpg": "video/mpeg",
    "mpeg": "video/mpeg", "m4v": "video/mp4", "ts": "video/mp2t", "m3u8": "application/vnd.apple.mpegurl",
    "ogg": "audio/ogg", "oga": "audio/ogg", "ogv": "video/ogg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav",
    "m4a": "audio/mp4", "aac": "audio/aac", "mid": "audio/midi",
    "woff": "font/woff", "ttf": "font/ttf", "otf": "font/otf", "zip": "application/zip", "tar": "application/x-tar",
    "xz": "application/x-xz", "7z": "application/x-7z-compressed", "epub": "application/epub+zip", "vtt": "text/vtt; charset=utf-8",
    "car": "application/vnd.ipld.car", "cbor": "application/cbor",
}  # fmt: skip

# The least bytes of a file that sniff() wants to see.
SNIFF_BYTES = 64

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gz"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"ID3", "mp3"), (b"\x1aE\xdf\xa3", "webm"), (b"\0asm", "wasm"),
    (b"wOF2", "woff2"), (b"<svg", "svg"), (b"\xfd7zXZ\0", "xz"),
)  # fmt: skip
_TEXT = "text/plain; charset=utf-8"


def by_name(name):
    """The media type that a file's name tells, None where it tells none."""
    _, dot, ending = name.rpartition(".")
    ending = ending.lower()
    return CONTENT_TYPES.get(ending) or _MORE.get(ending) if dot else None


def sniff(first):
    """The media type that a file's first bytes tell; never one that a browser would run."""
    for beginning, ending in _BEGINNINGS:
        if first.startswith(beginning):
            return CONTENT_TYPES.get(ending) or _MORE[ending]
    if first[4:8] == b"ftyp":
        return "video/mp4"
    if first[:4] == b"RIFF" and first[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}[first[8:12]]
    # A character may be cut at the end of what was read.
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in first):
        return UNKNOWN_TYPE
    for cut in range(min(4, len(first))):
        try:
            first[: len(first) - cut].decode()
            return _TEXT
        except UnicodeDecodeError:
            pass
    return UNKNOWN_TYPE if first else _TEXT
