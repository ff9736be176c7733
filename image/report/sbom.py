"""What is in an image, as CycloneDX 1.6 JSON, from what Buildroot says of its packages.

    python -m image.report.sbom --info show-info.json --out sbom.cdx.json [--substitutions substitutions.json] [--tree BUILDROOT]
        [--target TARGET --build BUILD] [--image sdcard.img]

Listed is what goes onto the device. With --target, the finished root file system, that is what has files in it, or an image beside
it; what was built and pruned away is only named. Without, it is all that installs into target or images. With --tree the sums of
Buildroot's hash files go in as well. The time is SOURCE_DATE_EPOCH, none if that is not set; the serial number is a hash of the rest.
Source: CycloneDX specification 1.6; package URL specification.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import sys
import tomllib
import uuid
from pathlib import Path
from urllib.parse import quote

from . import contents
from .licences import cyclonedx
from .parts import package_list
from .source import CHECKOUT, ReportError, own_version, read_json, read_text, write_text

PACKAGES_MAX = 10_000
TEXT_MAX_CHARACTERS = 2000
_GITHUB = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/")
_SUM = re.compile(r"(sha256|sha512)\s+([0-9a-f]{64}|[0-9a-f]{128})\s+(\S+)")
_ALGORITHMS = {"sha256": ("SHA-256", 64), "sha512": ("SHA-512", 128)}


def text_of(row, key):
    """A text of a package's description, "" if it has none. Raises ReportError for another type."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ReportError(f"{key} of package {str(row.get('name'))[:60]!a} is not text: make show-info anew.")
    return value[:TEXT_MAX_CHARACTERS]


def list_of(row, key, kind):
    """A list of a package's description, those of another type left out."""
    value = row.get(key)
    return [one for one in value if isinstance(one, kind)] if isinstance(value, list) else []


def on_device(name, row):
    """True if a package puts something on the device. The kernel's headers say so and only serve the compiler."""
    installs = bool(row.get("install_target") or row.get("install_images"))
    return installs and row.get("type") == "target" and not row.get("virtual") and name != "linux-headers"


def kind_of(name):
    """CycloneDX's type of a component."""
    if name == "linux":
        return "operating-system"
    if "firmware" in name:
        return "firmware"
    return "library" if name.startswith(("python-", "lib", "musl")) else "application"


def addresses(row):
    """[(source, address)] a package is downloaded from: its own site first, Buildroot's mirror left out."""
    found = []
    for download in list_of(row, "downloads", dict):
        source = text_of(download, "source")
        for uri in list_of(download, "uris", str):
            method, plus, address = uri.partition("+")
            address = address if plus else method
            if source and address.startswith(("http://", "https://")) and "://sources.buildroot.net" not in address:
                found.append((source, f"{address[:TEXT_MAX_CHARACTERS]}/{source}"))
    return found


def package_url(name, version, downloads):
    """The package URL: of PyPI or GitHub where the source comes from there, else generic."""
    for source, address in downloads:
        if address.startswith("https://files.pythonhosted.org/"):
            project = source.rpartition("-")[0] or name
            return f"pkg:pypi/{quote(re.sub('[-_.]+', '-', project).lower())}@{quote(version, safe='')}"
        if found := _GITHUB.match(address):
            return f"pkg:github/{quote(found[1].lower())}/{quote(found[2].lower())}@{quote(version, safe='')}"
    return f"pkg:generic/{quote(name)}" + (f"@{quote(version, safe='')}" if version else "")


def sums(row, tree):
    """CycloneDX's hashes of a package's sources, from Buildroot's hash files. tree: folder of Buildroot, None for none."""
    sources = {text_of(download, "source") for download in list_of(row, "downloads", dict)}
    found = {}
    for name in list_of(row, "hashes", str) if tree else ():
        path = next((place / name for place in (tree, CHECKOUT / "image") if (place / name).is_file()), None)
        for kind, digest, source in _SUM.findall(path.read_text(errors="replace")) if path else ():
            algorithm, length = _ALGORITHMS[kind]
            if source in sources and len(digest) == length:
                found.setdefault(algorithm, digest)
    return [{"alg": algorithm, "content": found[algorithm]} for algorithm in sorted(found)]


def substituted(component, row):
    """Say in a component that another source than Buildroot's was built. row: one entry of substitutions.json."""
    wanted, got, origin, digest = (text_of(row, key) for key in ("wanted", "got", "origin", "sha256"))
    if got and got != component.get("version"):
        component["purl"] = component["purl"].replace("@" + quote(component.get("version", ""), safe=""), "@" + quote(got, safe=""))
        if "cpe" in component:
            component["cpe"] = component["cpe"].replace(f":{wanted}:", f":{got}:")
        component["version"] = got
    if origin.endswith(".deb"):
        component["purl"] = f"pkg:deb/debian/{quote(Path(origin).name.partition('_')[0])}@{quote(got, safe='')}"
    # They tell of the source that was not taken.
    component.pop("externalReferences", None)
    component.pop("hashes", None)
    if re.fullmatch(r"[0-9a-f]{64}", digest):
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    component["properties"] = [
        {"name": "leither:substituted", "value": text_of(row, "how")},
        {"name": "leither:substituted:origin", "value": origin},
        {"name": "leither:substituted:wanted", "value": wanted},
    ]


def component_of(row, own_version, tree):
    """One component. own_version: what stands in for the version of a package from this checkout."""
    name, version = text_of(row, "name"), text_of(row, "version")
    version = own_version if version == "checkout" else version
    downloads = addresses(row)
    component = {"type": kind_of(name), "bom-ref": name, "name": name}
    if version:
        component["version"] = version
    if licences := cyclonedx(text_of(row, "licenses")):
        component["licenses"] = licences
    if cpe := text_of(row, "cpe-id"):
        component["cpe"] = cpe
    component["purl"] = package_url(name, version, downloads)
    if hashes := sums(row, tree):
        component["hashes"] = hashes
    if downloads:
        component["externalReferences"] = [{"type": "distribution", "url": quote(downloads[0][1], safe=":/?&=%~+@,;")}]
    if patches := list_of(row, "patches", str):
        component["pedigree"] = {"patches": [{"type": "unofficial", "diff": {"url": quote(Path(patch).name)}} for patch in patches]}
    return component


def needed(name, info, listed, seen=None):
    """Names of listed components that a package needs, through virtual ones. seen: names on the way, against circles."""
    seen = set() if seen is None else seen
    found = set()
    for other in list_of(info.get(name, {}), "dependencies", str):
        if other in listed:
            found.add(other)
        elif other in info and info[other].get("virtual") and other not in seen:
            seen.add(other)
            found |= needed(other, info, listed, seen)
    return found - {name}


def tell_content(component, content):
    """Say in a component how much of it is in the root file system."""
    told = (("files", content.files), ("bytes", content.bytes), ("sha256", content.sha256))
    component.setdefault("properties", []).extend({"name": f"leither:root:{name}", "value": str(value)} for name, value in told)


def tell_lock(component, lock):
    """Say in a component of PyPI which version the project's own tests are locked to, where it is another."""
    name = re.match(r"pkg:pypi/([^@]+)", component["purl"])
    if name and name[1] in lock and lock[name[1]][0] != component.get("version"):
        component.setdefault("properties", []).append({"name": "leither:locked-for-tests", "value": lock[name[1]][0]})


def words_component(lock):
    """The component of the recovery words, which the setup page carries: the package of the lock file that they come from."""
    version, digests = lock.get("mnemonic", ("", []))
    component = {"type": "data", "bom-ref": "mnemonic", "name": "mnemonic", "description": "its English word list, in the setup page"}
    component |= {"licenses": [{"license": {"id": "MIT"}}], "purl": "pkg:pypi/mnemonic" + (f"@{version}" if version else "")}
    if version:
        component["version"] = version
        address = f"https://pypi.org/project/mnemonic/{version}/"
        component["externalReferences"] = [
            {"type": "distribution", "url": address, "hashes": [{"alg": "SHA-256", "content": digest}]} for digest in digests
        ]
    return component


def settle(listed, root, lock):
    """Leave only what is in the root file system, and add what Buildroot does not know. Returns the names of what was left out.

    listed: {name: component}, changed in place; root: a Root; lock: what contents.locked() gives.
    """
    left_out = [name for name in listed if name not in root.content and not root.has_image(name)]
    for name in left_out:
        del listed[name]
    for name, component in listed.items():
        if name in root.content:
            tell_content(component, root.content[name])
        tell_lock(component, lock)
        for other, version, licence in root.bundled(name):
            part = {"type": "library", "bom-ref": f"{name}/{other}", "name": other, "licenses": [{"license": {"id": licence}}]}
            part["purl"] = f"pkg:generic/{other}" + (f"@{version}" if version else "")
            component.setdefault("components", []).append({**part, "version": version} if version else part)
    if root.words:
        listed["mnemonic"] = words_component(lock)
    return left_out


class Root:
    """A finished root file system: content {package: Content}; words, whether the page has the recovery words."""

    def __init__(self, target, build, info):
        self.content = contents.present(target, package_list(target))
        self.words = contents.has_words(target)
        self._build, self._info = build, info

    def has_image(self, name):
        """True if a package puts something beside the root file system: a kernel, a boot loader, firmware."""
        return bool(self._info[name].get("install_images"))

    def bundled(self, name):
        """What contents.bundled() says, nothing without a build folder."""
        return contents.bundled(name, self._build) if self._build else []


def bill(info, substitutions, profile, own_version, seconds=None, tree=None, root=None, lock=None, digest=None, buildroot=""):
    """The whole document as a dict: the same for the same input.

    info: Buildroot's show-info; substitutions: list of rows of substitutions.json; seconds: time of the build, None for none;
    root: a Root, None where only the packages are known; lock: what contents.locked() gives; digest: sha256 of the card image, None
    for none; buildroot: its version. Raises ReportError for an info that is not one.
    """
    if len(info) > PACKAGES_MAX or not all(isinstance(row, dict) for row in info.values()):
        raise ReportError("The info is not what Buildroot's make show-info says.")
    listed = {name: component_of({**info[name], "name": name}, own_version, tree) for name in sorted(info) if on_device(name, info[name])}
    if not listed:
        raise ReportError("No package of the info goes onto the device: make show-info of a configured output folder.")
    for row in substitutions:
        if isinstance(row, dict) and row.get("package") in listed and row.get("how") != "this machine's own":
            substituted(listed[row["package"]], row)
    left_out = settle(listed, root, lock or {}) if root else []
    name = f"leither-edge-image-{profile}" if profile else "leither-edge-image"
    dependencies = {one: sorted(needed(one, info, listed)) for one in listed}
    if "mnemonic" in listed and "leither-edge" in listed:
        dependencies["leither-edge"] = sorted([*dependencies["leither-edge"], "mnemonic"])
    reached = {other for names in dependencies.values() for other in names}
    metadata = {"component": {"type": "firmware", "bom-ref": name, "name": name, "version": own_version}}
    if digest:
        metadata["component"]["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if buildroot:
        metadata["tools"] = {"components": [{"type": "application", "name": "buildroot", "version": buildroot}]}
    metadata["lifecycles"] = [{"phase": "post-build" if root else "build"}]
    if left_out:
        metadata["properties"] = [{"name": "leither:built-and-left-out", "value": one} for one in left_out]
    if seconds is not None:
        metadata["timestamp"] = datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": list(listed.values()),
        "dependencies": [
            {"ref": name, "dependsOn": sorted(set(listed) - reached)},
            *({"ref": one, "dependsOn": names} for one, names in dependencies.items()),
        ],
    }
    serial = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
    return {**document, "serialNumber": f"urn:uuid:{uuid.UUID(bytes=serial[:16], version=5)}"}


def epoch(environment):
    """SOURCE_DATE_EPOCH as a number, None if it is not set. Raises ReportError."""
    value = environment.get("SOURCE_DATE_EPOCH")
    if not value:
        return None
    if not re.fullmatch(r"\d{1,11}", value):
        raise ReportError(f"SOURCE_DATE_EPOCH must be seconds since 1970, not {value[:40]!a}.")
    return int(value)


def digest_of(path):
    """sha256 of a file. Raises ReportError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from None


def main(words):
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--info", type=Path, required=True, help="what make show-info printed")
    parser.add_argument("--substitutions", type=Path, help="sources that are not Buildroot's own")
    parser.add_argument("--tree", type=Path, help="folder of Buildroot, for its hash files")
    parser.add_argument("--target", type=Path, help="the finished root file system: only what is in it is listed")
    parser.add_argument("--build", type=Path, help="Buildroot's build folder, for what packages contain of others")
    parser.add_argument("--image", type=Path, help="the card image, for its sum")
    parser.add_argument("--profile", default="", help="profile of the image, for its name")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(words)
    substitutions = read_json(options.substitutions, list) if options.substitutions else []
    info = read_json(options.info, dict)
    document = bill(
        info, substitutions, options.profile, own_version(), epoch(os.environ), options.tree,
        Root(options.target, options.build, info) if options.target else None,
        contents.locked(read_text(CHECKOUT / "requirements" / "run.lock")),
        digest_of(options.image) if options.image else None,
        tomllib.loads(read_text(CHECKOUT / "image" / "buildroot.toml"))["version"],
    )  # fmt: skip
    write_text(options.out, json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(f"{options.out}: {len(document['components'])} components on the device")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReportError as error:
        sys.exit(f"leither: {error}")
