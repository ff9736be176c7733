#!/usr/bin/env python3
"""Build the flashable image of one profile: Buildroot fetched and checked, progress shown, what came out reported.

    make image PROFILE=pi-zero                              everything from the projects' own sites
    make image PROFILE=pi-zero BUILDROOT_DIR=../buildroot   with a Buildroot tree that is here
    make image-sources PROFILE=pi-zero                      downloads from the Debian archive and PyPI alone (then SOURCES=debian)
    make image-legal PROFILE=pi-zero                        licences and manifest of what was built: legal-info.tar.xz beside the image

Settings, from the environment: BUILDROOT_DIR; BR2_DL_DIR (downloads); IMAGE_WORK (all else that is kept between builds);
SOURCES=debian (build from what image-sources found); JOBS. Outside the checkout nothing but these folders is written.
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
STEP = re.compile(rb">>> (\S+) (\S*) *([A-Z][^\x1b]*)")
TAIL_LINES = 25


class BuildError(Exception):
    """The build cannot go on; the text says why and what to do."""


class Places:
    """Folders of a build: buildroot (None to fetch), downloads, work, output, images (build/NAME in the checkout)."""

    def __init__(self, profile, environment):
        cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self.work = Path(environment.get("IMAGE_WORK") or cache / "leither-image").resolve()
        self.downloads = Path(environment.get("BR2_DL_DIR") or self.work / "downloads").resolve()
        given = environment.get("BUILDROOT_DIR")
        self.buildroot = Path(given).resolve() if given else None
        self.output = self.work / f"output-{profile}"
        self.substituted = self.work / f"buildroot-substituted-{profile}"
        self.result = CHECKOUT / "build" / profile


def pinned():
    """The release that is pinned."""
    return tomllib.loads((HERE / "buildroot.toml").read_text())


def buildroot_tree(places, pin):
    """The folder with the pinned Buildroot: the one given, checked, or fetched and checked. Raises BuildError."""
    if places.buildroot:
        check_tree(places.buildroot, pin)
        return places.buildroot
    folder = places.work / f"buildroot-{pin['version']}"
    if not (folder / "Makefile").exists():
        fetch_tree(folder, pin)
    return folder


def check_tree(folder, pin):
    """Raises BuildError where ``folder`` is not the pinned release."""
    if not (folder / "Makefile").exists():
        raise BuildError(f"{folder} holds no Buildroot. Set BUILDROOT_DIR to a tree of release {pin['version']}.")
    if (folder / ".git").exists():
        found = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD^{tree}"], capture_output=True, text=True).stdout.strip()
        if found != pin["git_tree"]:
            raise BuildError(f"{folder} is not at release {pin['version']}: git -C {folder} checkout {pin['version']}")
        return
    match = re.search(r"^export BR2_VERSION := (\S+)$", (folder / "Makefile").read_text(), re.M)
    if not match or match[1] != pin["version"]:
        raise BuildError(f"{folder} is Buildroot {match[1] if match else 'of no known version'}; this tree is made for {pin['version']}.")


def fetch_tree(folder, pin):
    """Download the release, compare its sum, unpack it."""
    say(f"fetching Buildroot {pin['version']}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    packed = folder.with_name(folder.name + ".tar.gz")
    try:
        with urllib.request.urlopen(pin["url"], timeout=60) as answer, packed.open("wb") as out:
            shutil.copyfileobj(answer, out)
    except OSError as error:
        raise BuildError(
            f"Buildroot {pin['version']} could not be fetched ({error}). Is the network there? Or give a tree: BUILDROOT_DIR=..."
        ) from None
    digest = hashlib.sha256()
    with gzip.open(packed) as plain:
        while chunk := plain.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != pin["tar_sha256"]:
        packed.unlink()
        raise BuildError(f"What {pin['url']} gave is not release {pin['version']}: its sha256 is {digest.hexdigest()}.")
    making = folder.with_name(folder.name + ".part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    subprocess.run(["tar", "-xzf", packed, "-C", making], check=True)
    next(making.iterdir()).rename(folder)
    making.rmdir()


def buildroot_environment(places, environment):
    """What Buildroot's make sees. Building as root is allowed: a container has no other user."""
    kept = {name: value for name, value in environment.items() if name not in ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "LD_LIBRARY_PATH")}
    kept.update(BR2_DL_DIR=str(places.downloads), LEITHER_PYTHON=sys.executable, LC_ALL="C")
    if os.geteuid() == 0:
        kept["FORCE_UNSAFE_CONFIGURE"] = "1"
    return kept


def make(tree, places, environment, *words, **options):
    """Run Buildroot's make quietly. Raises BuildError with its last lines."""
    command = ["make", "-s", "--no-print-directory", "-C", tree, f"O={places.output}", f"BR2_EXTERNAL={HERE}", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, **options)
    if done.returncode:
        raise BuildError(f"make {words[-1]} failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:]))
    return done.stdout


def configure(tree, places, profile, environment):
    """Make the output folder's configuration from the profile's defconfig."""
    places.output.mkdir(parents=True, exist_ok=True)
    make(tree, places, environment, f"{profile}_defconfig")
    # Now, not after two hours: what Buildroot dropped without a word.
    report("image.check.configured", "--config", places.output / ".config", "--only-buildroot")


def show_info(tree, places, environment):
    """What Buildroot says of every package of the configuration, as a dict."""
    return json.loads(make(tree, places, environment, "show-info"))


def fill_sources(tree, places, environment):
    """Fill the download folder from the Debian archive and PyPI. Returns the tree with the substitutions in it."""
    info = places.output / "show-info.json"
    info.write_text(json.dumps(show_info(tree, places, environment)))
    command = [sys.executable, HERE / "sources.py", "--info", info, "--tree", tree, "--dl", places.downloads]
    done = subprocess.run([*command, "--substituted", places.substituted])
    if done.returncode:
        raise BuildError("Some sources cannot be had here; they are named above.")
    return places.substituted


def build(tree, places, info, environment, jobs):
    """Run the build with a line of progress a package; everything it prints goes to build.log. Raises BuildError."""
    places.result.mkdir(parents=True, exist_ok=True)
    log = places.result / "build.log"
    command = ["make", "--no-print-directory", "-C", tree, f"O={places.output}", f"BR2_EXTERNAL={HERE}", f"BR2_JLEVEL={jobs}"]
    started, seen, tail = time.monotonic(), [], []
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        for line in running.stdout:
            out.write(line)
            tail = [*tail[-TAIL_LINES + 1 :], line]
            match = STEP.search(line)
            if match:
                name = match[1].decode()
                if name not in seen:
                    seen.append(name)
                show(len(seen), len(info), name, match[2].decode(), match[3].decode().strip(), time.monotonic() - started)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    if running.returncode:
        raise BuildError(f"The build failed; {log} has all of it. Its last lines:\n" + b"".join(tail).decode(errors="replace"))
    return time.monotonic() - started


_shown = None


def show(done, total, name, version, step, seconds):
    """One line that is overwritten on a terminal, one line a package elsewhere."""
    global _shown
    text = f"[{done:3}/{max(done, total):3}] {int(seconds) // 60:3} min  {name} {version}: {step.lower()}"
    if sys.stdout.isatty():
        print(f"\r{text[:100]}\x1b[K", end="", flush=True)
    elif _shown != name:
        _shown = name
        print(text, flush=True)


def collect(tree, places, profile, info, seconds, environment):
    """Compress the card, write sums, contents list and sizes into build/PROFILE, print the table. Raises BuildError past a budget."""
    images = places.output / "images"
    card = places.result / "sdcard.img"
    say("compressing the card image")
    shutil.copyfile(images / "sdcard.img", card)
    subprocess.run(["xz", "-T1", "-6", "-k", "-f", card], check=True)
    for name in ("rootfs.squashfs", "modules-rest.tar"):
        if (images / name).exists():
            shutil.copyfile(images / name, places.result / name)
    (places.result / "show-info.json").write_text(json.dumps(info))
    describe(places.result, profile)
    substitutions = tree / "substitutions.json"
    (places.result / "substitutions.json").unlink(missing_ok=True)
    sbom = ["--info", places.result / "show-info.json", "--out", places.result / "sbom.cdx.json", "--tree", tree, "--profile", profile]
    sbom += ["--target", places.output / "target", "--build", places.output / "build", "--image", card]
    if substitutions.exists():
        shutil.copyfile(substitutions, places.result / "substitutions.json")
        sbom += ["--substitutions", substitutions]
    report("image.report.sbom", *sbom)
    report("image.report.block_map", "--image", card, "--profile", profile, "--out", places.result / "sdcard.img.bmap")
    say(f"built in {int(seconds) // 60} min {int(seconds) % 60} s")
    report("image.report.size", "--images", images, "--target", places.output / "target", "--profile", profile,
           "--out", CHECKOUT / "build" / "size.json", "--card", card.with_suffix(".img.xz"),
           "--contents", places.result / "sbom.cdx.json")  # fmt: skip
    for line in what_next(profile):
        say(line)


def what_next(profile):
    """Lines on where things are and what to do with them."""
    folder = f"build/{profile}"
    return [
        f"{folder}/ has sdcard.img.xz with its sums, sbom.cdx.json (what is in it), build.log",
        f"write a card: leither card write {folder}/sdcard.img.xz --device /dev/sdX",
        f"try it without a board: make qemu PROFILE={profile}; licences: make image-legal PROFILE={profile}",
    ]


def describe(folder, profile):
    """Sums and sizes beside the image, as `leither card write` and Raspberry Pi Imager's list want them."""
    packed, plain = folder / "sdcard.img.xz", folder / "sdcard.img"
    sums = {}
    for path in (packed, plain):
        with path.open("rb") as file:
            sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    (folder / "sdcard.img.xz.sha256").write_text(f"{sums[packed.name]}  {packed.name}\n")
    with (CHECKOUT / "hw_profiles" / f"{profile}.toml").open("rb") as file:
        board = tomllib.load(file)["board"]
    about = {
        "name": f"Leither Edge for {board['name']}",
        "description": board["description"],
        "profile": profile,
        "extract_size": plain.stat().st_size,
        "extract_sha256": sums[plain.name],
        "image_download_size": packed.stat().st_size,
        "image_download_sha256": sums[packed.name],
    }
    (folder / "sdcard.img.json").write_text(json.dumps(about, indent=1) + "\n")


def legal(places, profile, environment):
    """Write legal-info.tar.xz of what was built last. Raises BuildError where nothing was."""
    found, substitutions = places.output / "legal-info", places.result / "substitutions.json"
    if not (places.result / "show-info.json").exists() or not (places.output / "images" / "sdcard.img").exists():
        raise BuildError(f"There is no built image of {profile} yet: make image PROFILE={profile}")
    other = substitutions.exists()
    tree = places.substituted if other else buildroot_tree(places, pinned())
    say("collecting licences and sources")
    shutil.rmtree(found, ignore_errors=True)
    try:
        # Where a source is a substitution its licence text may be another than Buildroot knows: the rest goes on, the report says so.
        make(tree, places, environment, *(["-k"] if other else []), "legal-info")
    except BuildError:
        if not other or not (found / "manifest.csv").exists():
            raise
    (found / "show-info.json").write_text(json.dumps(show_info(tree, places, environment)))
    words = ["--substitutions", substitutions] if other else []
    report("image.report.legal", "--legal-info", found, "--build", places.output / "build", "--profile", profile,
           "--configuration", HERE / "configs" / f"{profile}_defconfig", "--out", places.result / "legal-info.tar.xz", *words)  # fmt: skip


def report(module, *words):
    """Run one of the reports. Raises BuildError."""
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=CHECKOUT)
    if done.returncode:
        raise BuildError(f"{module} found a problem; it is named above.")


def say(text):
    """One line for the person who waits."""
    print(f"leither: {text}", flush=True)


def main():
    """Build, or only fill the sources."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile")
    parser.add_argument("--only-sources", action="store_true", help="fill the download folder from the Debian archive and PyPI, then stop")
    parser.add_argument("--legal", action="store_true", help="collect licences and manifest of what was built, then stop")
    options = parser.parse_args()
    if not (HERE / "configs" / f"{options.profile}_defconfig").exists():
        known = ", ".join(sorted(path.name.removesuffix("_defconfig") for path in (HERE / "configs").glob("*_defconfig")))
        raise BuildError(f"There is no profile {options.profile}; there are: {known}.")
    places = Places(options.profile, os.environ)
    environment = buildroot_environment(places, os.environ)
    if options.legal:
        return legal(places, options.profile, environment)
    tree = buildroot_tree(places, pinned())
    configure(tree, places, options.profile, environment)
    info = show_info(tree, places, environment)
    if options.only_sources or os.environ.get("SOURCES") == "debian":
        tree = fill_sources(tree, places, environment)
        configure(tree, places, options.profile, environment)
    if options.only_sources:
        say(f"the sources are in {places.downloads}; build with: make image PROFILE={options.profile} SOURCES=debian")
        return
    seconds = build(tree, places, info, environment, os.environ.get("JOBS") or os.cpu_count() or 1)
    collect(tree, places, options.profile, info, seconds, environment)


if __name__ == "__main__":
    try:
        main()
    except BuildError as error:
        sys.exit(f"leither: {error}")
    except KeyboardInterrupt:
        sys.exit("\nleither: interrupted; the next run goes on where this one stopped")
