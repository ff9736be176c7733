"""The static files as they are served: one folder named after the content of all of them, each file with a gzip twin.

Modules import one another by relative names, so the hash stands in the folder and no source is rewritten. A folder never changes once
it is there, which is why browsers may keep it for good.

Run as a program it builds: python -m appliance.portal.assets OUT
"""

import os
import sys

from appliance.portal.receipt import RECEIPT_PAGE

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
RECEIPT_SOURCE = os.path.join(os.path.dirname(SOURCE), "receipt")
# A device gets the files built, by whoever built its system.
PREBUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")
SUFFIXES = (".js", ".css", ".svg")
MANIFEST = "manifest"
WORDS = "words-en.txt"
WORD_COUNT = 2048
IMMUTABLE = "public, max-age=31536000, immutable"


class Assets:
    """Built static files.

    folder: holds them; version: 12 hexadecimal digits; has_words: whether the recovery word list is there.
    """

    __slots__ = ("folder", "version", "has_words")

    def __init__(self, folder, version, has_words):
        self.folder = folder
        self.version = version
        self.has_words = has_words

    @property
    def prefix(self):
        """URL of the folder, without a slash at the end."""
        return "/static/" + self.version


def load(out):
    """The Assets in `out`, built anew (in a process of its own: compression must not stay in memory) if a source has changed.

    Where they came built beside this module they are used as they are. Raises OSError if they can neither be read nor built.
    """
    if os.path.isdir(PREBUILT):
        built = _read_manifest(PREBUILT, None)
        if built is None:
            raise OSError(f"The portal's static files in {PREBUILT} are not whole.")
        return built
    fingerprint = source_fingerprint()
    built = _read_manifest(out, fingerprint)
    if built is None:
        import subprocess

        done = subprocess.run([sys.executable, "-m", "appliance.portal.assets", out], cwd=_project_folder(), capture_output=True, text=True)
        built = _read_manifest(out, fingerprint) if done.returncode == 0 else None
        if built is None:
            raise OSError("The portal's static files could not be built in " + out + ": " + done.stderr.strip()[-300:])
    return built


def source_fingerprint():
    """Names, sizes and times of the sources: equal as long as nothing was edited."""
    parts = []
    for folder in (SOURCE, RECEIPT_SOURCE):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith((*SUFFIXES, ".html", ".py")):
                    stat = entry.stat()
                    parts.append(f"{entry.name} {stat.st_size} {stat.st_mtime_ns}")
    return ";".join(parts)


def _read_manifest(out, fingerprint):
    try:
        with open(os.path.join(out, MANIFEST), encoding="utf-8") as file:
            lines = dict(line.rstrip("\n").partition("=")[::2] for line in file)
    except OSError:
        return None
    folder = os.path.join(out, lines.get("version", ""))
    if (fingerprint is not None and lines.get("source") != fingerprint) or not lines.get("version") or not os.path.isdir(folder):
        return None
    return Assets(folder, lines["version"], lines.get("words") == "yes")


def _project_folder():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build(out):
    """Write the static files under `out` and return their Assets. Older versions in `out` are removed."""
    import gzip
    import hashlib
    import shutil

    from appliance.portal.receipt.single_file import receipt_page

    fingerprint = source_fingerprint()
    files = {name: _read(os.path.join(SOURCE, name)) for name in sorted(os.listdir(SOURCE)) if name.endswith(SUFFIXES)}
    words = word_list()
    if words is not None:
        files[WORDS] = words
    files[RECEIPT_PAGE] = receipt_page()
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(b"%s %d\n" % (name.encode(), len(content)) + content)
    version = digest.hexdigest()[:12]

    folder = os.path.join(out, version)
    making = f"{folder}.part{os.getpid()}"
    os.makedirs(making)
    for name, content in files.items():
        _write(os.path.join(making, name), content)
        packed = gzip.compress(content, 9, mtime=0)
        if len(packed) < len(content) * 9 // 10:
            _write(os.path.join(making, name + ".gz"), packed)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(making, folder)
    # The manifest last: whoever reads it finds the folder it names whole.
    manifest = os.path.join(out, MANIFEST)
    _write(manifest + ".part", f"version={version}\nwords={'yes' if words else 'no'}\nsource={fingerprint}\n".encode())
    os.replace(manifest + ".part", manifest)
    for name in os.listdir(out):
        if name not in (version, MANIFEST) and ".part" not in name:
            shutil.rmtree(os.path.join(out, name), ignore_errors=True)
    return Assets(folder, version, words is not None)


def word_list():
    """The English BIP-39 list, a word a line, from the mnemonic package; None where it is not installed."""
    try:
        from mnemonic import Mnemonic
    except ImportError:
        return None
    words = Mnemonic("english").wordlist
    if len(words) != WORD_COUNT:
        return None
    return ("\n".join(words) + "\n").encode()


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def main(arguments):
    if len(arguments) != 1:
        print("usage: python -m appliance.portal.assets OUT", file=sys.stderr)
        return 2
    os.makedirs(arguments[0], exist_ok=True)
    assets = build(arguments[0])
    print(assets.version)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
