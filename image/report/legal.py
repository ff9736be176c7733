"""Legal information of a built image, from what Buildroot's make legal-info collected, as one archive.

    python -m image.report.legal --legal-info OUTPUT/legal-info --build OUTPUT/build --profile NAME --configuration DEFCONFIG
        --out legal-info.tar.xz [--substitutions substitutions.json]

What make show-info printed is expected in the folder of make legal-info, as show-info.json. The archive has the manifest with what
was really built, the licence texts, the patches, the sums of the sources, and says what has no licence text. The sources themselves
stay in that folder: they are hundreds of megabytes.
Source: Buildroot manual, "Legal notice and licensing".
"""

import argparse
import csv
import hashlib
import io
import lzma
import os
import re
import sys
import tarfile
from collections import namedtuple
from pathlib import Path

from .sbom import epoch, list_of, text_of
from .source import ReportError, own_version, read_json, read_text, write_bytes

MANIFESTS = {"target": "manifest.csv", "host": "host-manifest.csv"}
HEADINGS = ("package", "version", "licence", "licence files", "source archive", "source site", "built from", "sha256 of the source")
# Files that hold terms, where Buildroot's own list does not fit what was built.
TERMS = re.compile(r"(licen[cs]e|copying|copyright|notice)\b.*", re.I)
TERMS_MAX = 20
TERMS_MAX_BYTES = 1 << 20
OWN = "this machine's own"
_FOLDER = re.compile(r"\w[\w.+~:-]*")

# One package of the manifest. kind: "target" or "host".
Entry = namedtuple("Entry", "kind name version licence files archive site")


def read_manifest(path, kind):
    """[Entry] of one of Buildroot's manifests. Raises ReportError."""
    rows = list(csv.reader(io.StringIO(read_text(path))))
    if not rows or rows[0][:4] != ["PACKAGE", "VERSION", "LICENSE", "LICENSE FILES"]:
        raise ReportError(f"{path} is no manifest of Buildroot's.")
    if any(len(row) < 6 for row in rows):
        raise ReportError(f"{path} has a line without all its fields: make image-legal makes it anew.")
    return [Entry(kind, *row[:6]) for row in rows[1:]]


def passed_over(info, entries):
    """[Entry] of packages that were built and that the manifests lack: Buildroot stops at a licence text that is not the one it knows."""
    known = {(entry.kind, entry.name.removeprefix("host-")) for entry in entries}
    found = []
    for name, row in sorted(info.items()):
        downloads, kind, plain = list_of(row, "downloads", dict), text_of(row, "type"), name.removeprefix("host-")
        if kind in MANIFESTS and downloads and not row.get("virtual") and (kind, plain) not in known:
            site = next((uri.partition("+")[2] for uri in list_of(downloads[0], "uris", str)), "")
            fields = text_of(row, "version"), text_of(row, "licenses") or "unknown", "", text_of(downloads[0], "source"), site
            found.append(Entry(kind, plain, *fields))
    return found


def folder_of(entry):
    """What the package's folders are called."""
    return f"{entry.name}-{entry.version}" if entry.version else entry.name


def texts(entry, legal, build):
    """{name in the archive: path} of a package's licence texts: Buildroot's, else what lies in its source."""
    top = "licences" if entry.kind == "target" else "licences of build tools"
    places = legal / ("licenses" if entry.kind == "target" else "host-licenses")
    # Buildroot itself has its texts under its bare name.
    place = next((places / name for name in (folder_of(entry), entry.name) if (places / name).is_dir()), places / folder_of(entry))
    found = {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*")) if path.is_file()} if place.is_dir() else {}
    if not found:
        source = build / (("" if entry.kind == "target" else "host-") + folder_of(entry))
        paths = [path for pattern in ("*", "*/*") for path in sorted(source.glob(pattern)) if TERMS.fullmatch(path.name)]
        paths = [path for path in paths if path.is_file() and not path.is_symlink() and path.stat().st_size <= TERMS_MAX_BYTES]
        found = {path.relative_to(source).as_posix(): path for path in paths[:TERMS_MAX]}
    return {f"{top}/{folder_of(entry)}/{name}": path for name, path in found.items()}


def built_from(entry, substitutions):
    """(words, sha256) of a source that is not the one Buildroot names, ("", "") for one that is."""
    for row in substitutions:
        # Packages may share a source, whose row then names one of them.
        same = row["source"] == entry.archive if row.get("source") else row.get("package") == entry.name
        if same and row.get("how") != OWN:
            return f"SUBSTITUTION ({row.get('how')}): {instead(row)}, from {row.get('origin')}", str(row.get("sha256", ""))
    return "", ""


def instead(row):
    """What stands in for what, of one substitution."""
    return f"{row.get('got')} instead of {row.get('wanted') or 'no version'}"


def digests(legal):
    """{name in the legal-info folder: sha256} of the sources and patches that make legal-info saved."""
    found = {}
    for top in ("sources", "host-sources"):
        for path in sorted((legal / top).rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    found[path.relative_to(legal).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def manifest(entries, substitutions, sums, version):
    """Text of the manifest for one kind. version: of what is in this checkout."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADINGS)
    for entry in entries:
        words, digest = built_from(entry, substitutions)
        top = "sources" if entry.kind == "target" else "host-sources"
        digest = sums.get(f"{top}/{folder_of(entry)}/{entry.archive}", digest)
        shown = entry._replace(version=version) if entry.version == "checkout" else entry
        writer.writerow([*shown[1:], words, digest])
    return out.getvalue()


def without_text(entries, found):
    """Text that names the packages for which no licence text is in the archive. found: {Entry: what texts() gives}."""
    lines = [
        f"{entry.name} {entry.version}: {entry.licence}" + ("" if entry.kind == "target" else " (build tool, not on the device)")
        for entry in entries
        if not found[entry]
    ]
    head = "No licence text came with the sources of:\n" if lines else "Every package has its licence text here.\n"
    return head + "".join(line + "\n" for line in lines)


def readme(profile, entries, substitutions, missing):
    """The archive's first page. missing: number of packages without a licence text."""
    target = sum(entry.kind == "target" for entry in entries)
    own = sorted({str(row.get("package")) for row in substitutions if row.get("how") == OWN})
    other = [row for row in substitutions if row.get("how") != OWN]
    lines = [
        f"Legal information of the Leither Edge image for {profile}.",
        "",
        f"manifest.csv              the {target} packages that were built for the device, with versions, licences and sources",
        f"build-tools.csv           the {len(entries) - target} that only served to build them",
        "licences/                 licence texts; patches/ what was changed in a source before it was built",
        f"without-licence-text.txt  names the {missing} packages whose text did not come with their source",
        "sources.sha256            sums of the sources and patches in the build's folder legal-info/: keep it while you give the image on",
        "configuration             the settings of the build",
        "",
        "What the device's root file system holds of these packages is in sbom.cdx.json beside the image.",
    ]
    if other:
        lines += ["", f"{len(other)} sources are not those Buildroot names, but substitutions; manifest.csv says where each comes from:"]
        lines += [f"  {row.get('package')}: {instead(row)} ({row.get('how')})" for row in other]
    if own:
        lines += ["", "Programs of the building machine stood in for these tools; none is on the device:", f"  {', '.join(own)}"]
    return "\n".join(lines) + "\n"


def packed(files, seconds):
    """Bytes of a tar.xz. files: {name: bytes or path}; the same for the same input."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            data = files[name] if isinstance(files[name], bytes) else files[name].read_bytes()
            entry = tarfile.TarInfo(f"legal-info/{name}")
            entry.size, entry.mtime, entry.mode = len(data), seconds, 0o644
            archive.addfile(entry, io.BytesIO(data))
    return lzma.compress(plain.getvalue(), preset=6)


def collect(legal, build, info, substitutions, profile, configuration, version):
    """({name: bytes or path}, packages without a text) of everything the archive holds. configuration: bytes. Raises ReportError."""
    if not all(isinstance(row, dict) for row in (*info.values(), *substitutions)):
        raise ReportError("The info or the substitutions are not what the build writes: build again.")
    entries = [entry for kind, name in MANIFESTS.items() for entry in read_manifest(legal / name, kind)]
    entries += passed_over(info, entries)
    entries = sorted(set(entries))
    if wrong := next((entry for entry in entries if not _FOLDER.fullmatch(folder_of(entry))), None):
        raise ReportError(f"{folder_of(wrong)[:60]!a} is no name of a package with its version.")
    found = {entry: texts(entry, legal, build) for entry in entries}
    sums = digests(legal)
    missing = sum(not one for one in found.values())
    files = {name: path for one in found.values() for name, path in one.items()}
    for name in sums:
        top, package, leaf = name.split("/", 2)
        if top == "sources" and leaf.endswith(".patch"):
            files[f"patches/{package}/{leaf}"] = legal / name
    texts_made = {
        "README.txt": readme(profile, entries, substitutions, missing),
        "manifest.csv": manifest([one for one in entries if one.kind == "target"], substitutions, sums, version),
        "build-tools.csv": manifest([one for one in entries if one.kind == "host"], substitutions, sums, version),
        "without-licence-text.txt": without_text(entries, found),
        "sources.sha256": "".join(f"{digest}  {name}\n" for name, digest in sums.items()),
    }
    files.update({name: text.encode() for name, text in texts_made.items()})
    files["configuration"] = configuration
    return files, [folder_of(entry) for entry in entries if entry.kind == "target" and not found[entry]]


def main(words):
    """Write the archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legal-info", type=Path, required=True, help="what make legal-info made")
    parser.add_argument("--build", type=Path, required=True, help="Buildroot's build folder")
    parser.add_argument("--substitutions", type=Path, help="sources that are not Buildroot's own")
    parser.add_argument("--configuration", type=Path, required=True, help="the defconfig that was built")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(words)
    substitutions = read_json(options.substitutions, list) if options.substitutions else []
    info = read_json(options.legal_info / "show-info.json", dict)
    files, missing = collect(options.legal_info, options.build, info, substitutions, options.profile,
                             options.configuration.read_bytes(), own_version())  # fmt: skip
    data = packed(files, epoch(os.environ) or 0)
    write_bytes(options.out, data)
    print(f"{options.out}: {len(files)} files, {-(-len(data) // 1024):,} KiB; " + (
        f"no licence text came with: {', '.join(missing)}" if missing else "every package on the device has its licence text"
    ))  # fmt: skip


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReportError as error:
        sys.exit(f"leither: {error}")
