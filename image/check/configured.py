"""After a build: what this tree asked of Buildroot, the kernel, U-Boot and busybox, and what they silently left out.

    python -m image.check.configured --config .config --build OUTPUT/build [--only-buildroot]

Which fragments belong to which program is read from Buildroot's finished .config. A file changed after the configuration was
made belongs to the next build: it is named, and no finding.
Source: Buildroot manual, "Configuration of other components" (fragments of the kernel, U-Boot and busybox).
"""

import argparse
import os
import sys
from collections import namedtuple
from pathlib import Path

from .dropped import CONFIG_MAX_BYTES, contradictions, dropped, shown, values
from .finding import CheckError, Finding, read_text, report
from .fragments import EXTERNAL, HANDED_ON
from .kconfig import parse

TREE = Path(__file__).resolve().parent.parent
PROFILE = "BR2_PACKAGE_LEITHER_EDGE_PROFILE"

# What a program's folders in the build folder are called, and the setting that says its version (None: any one).
Program = namedtuple("Program", "pattern version")
PROGRAMS = {
    "kernel": Program("linux-[0-9v]*", "BR2_LINUX_KERNEL_VERSION"),
    "u-boot": Program("uboot-*", "BR2_TARGET_UBOOT_VERSION"),
    "busybox": Program("busybox-*", None),
}


def text_of(buildroot, symbol):
    """A text of Buildroot's configuration without its quotes, "" where it is not set."""
    value = buildroot.get(symbol, "")
    return value[1:-1] if value.startswith('"') else ""


def asked_files(buildroot, kind, tree):
    """Paths of the fragments that Buildroot hands on to a program."""
    return [Path(word.replace(EXTERNAL, str(tree))) for word in text_of(buildroot, HANDED_ON[kind]).split()]


def finished(build, kind, version):
    """The finished .config of a program. version: "" for any. Raises CheckError where there is none, or more than one."""
    pattern = PROGRAMS[kind].pattern
    found = sorted(path / ".config" for path in build.glob(pattern) if path.is_dir())
    if version:
        found = [path for path in found if path.parent.name.endswith("-" + version)]
    if len(found) > 1:
        names = ", ".join(path.parent.name for path in found)
        raise CheckError(f"{build} has several versions of {kind} ({names}): remove the folders that this build does not use.")
    if not found or not found[0].is_file():
        raise CheckError(f"{build} has no finished configuration of {kind} ({pattern}/.config), although it has fragments: was it built?")
    return found[0]


def compare(config, files):
    """(findings, paths changed since) for one program. config: its finished .config; files: what was asked, in the order of merging."""
    found = values(parse(read_text(config, CONFIG_MAX_BYTES))[0])
    if not found:
        raise CheckError(f"{config} sets nothing: it is not a finished configuration.")
    asked, findings, later = [], [], []
    for path in files:
        settings, problems = parse(read_text(path))
        if os.stat(path).st_mtime > os.stat(config).st_mtime:
            later.append(shown(path))
        findings += [Finding(shown(path), line, text) for line, text in problems]
        asked += [(shown(path), setting) for setting in settings]
    findings += contradictions(asked) + dropped(found, asked)
    return [finding for finding in findings if finding.path not in later], later


def check(config, build, tree, only_buildroot=False):
    """(findings, paths changed since) for all that a board has. config: Buildroot's finished .config. Raises CheckError."""
    buildroot = values(parse(read_text(config, CONFIG_MAX_BYTES))[0])
    profile = text_of(buildroot, PROFILE)
    if not profile:
        raise CheckError(f"{config} names no profile ({PROFILE}): it is no finished configuration of this tree.")
    pairs = [(config, [tree / "configs" / f"{profile}_defconfig"])]
    for kind, program in PROGRAMS.items():
        files = asked_files(buildroot, kind, tree)
        if files and not only_buildroot:
            version = text_of(buildroot, program.version) if program.version else ""
            pairs.append((finished(build, kind, version), files))
    findings, later = [], []
    for finished_config, files in pairs:
        more, changed = compare(finished_config, files)
        findings += more
        later += changed
    return findings, later


def main(words):
    """Check a build; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="Buildroot's finished .config")
    parser.add_argument("--build", type=Path, help="its build folder")
    parser.add_argument("--only-buildroot", action="store_true", help="before anything is built: Buildroot's own configuration alone")
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    options = parser.parse_args(words)
    if options.build is None and not options.only_buildroot:
        parser.error("say where the build folder is (--build), or --only-buildroot")
    findings, later = check(options.config, options.build, TREE, options.only_buildroot)
    for path in later:
        print(f"leither: {path} changed after this build was configured; the next build takes it", file=sys.stderr)
    return report(findings, options.json)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        print(f"leither: {error}", file=sys.stderr)
        sys.exit(2)
