"""The defconfig of each board, made from its fragments."""

import re

from .finding import Finding, read_text
from .fragments import EXTERNAL, handing_on, settings_of
from .kconfig import same, written

HEADER = "# generated from fragments by make image-configs"
_OWN_FILE = re.compile(re.escape(EXTERNAL) + r"(/[^\s\"]*)")
KINDS = ("buildroot", "kernel", "u-boot", "busybox")


def made(choice, fragments):
    """Text of a board's defconfig: the fragments' settings in the board's order, without their comments."""
    lines = [HEADER]
    for name in choice.listed:
        if name.startswith("buildroot/"):
            lines += [written(setting.symbol, setting.value) for setting in fragments[name].settings]
    lines += [written(setting.symbol, setting.value) for setting in handing_on(choice)]
    return "\n".join(lines) + "\n"


def differs(path, text, wanted):
    """Finding for a defconfig that is not what its fragments make, or None. text: None where the file is missing."""
    if text is None:
        return Finding(path, 0, "missing: run `make image-configs`")
    if text == wanted:
        return None
    rows = zip(text.split("\n"), wanted.split("\n"), strict=False)
    line = next((number for number, (has, wants) in enumerate(rows, 1) if has != wants), 1)
    return Finding(path, line, "not what its fragments make: change the fragments, then run `make image-configs`")


def clashes(rows, profile):
    """Findings for symbols that a board sets twice. rows: [(path, Setting)] of one kind."""
    seen, findings = {}, []
    for path, setting in rows:
        if setting.symbol in seen:
            first_path, first = seen[setting.symbol]
            where = f"{first_path}:{first.line}"
            if same(setting.value, first.value):
                findings.append(Finding(path, setting.line, f"{setting.symbol} is already set at {where}: remove one of the two"))
            else:
                sentence = f"{setting.symbol}={setting.value} contradicts ={first.value} at {where} on {profile}: decide for one"
                findings.append(Finding(path, setting.line, sentence))
        seen[setting.symbol] = path, setting
    return findings


def missing_files(fragment, tree):
    """Findings for files of this tree that a fragment names and that are not there."""
    findings = []
    for setting in fragment.settings:
        for name in _OWN_FILE.findall(setting.value):
            if not (tree / name.lstrip("/")).exists():
                findings.append(Finding(fragment.path, setting.line, f"image{name} does not exist: correct the name or add the file"))
    return findings


def check(tree, shown, choices, fragments):
    """Findings for clashes, missing files and defconfigs out of step, strays among them."""
    findings = []
    for choice in choices:
        for kind in KINDS:
            findings += clashes(settings_of(choice, fragments, kind), choice.profile)
        path = defconfig_path(tree, choice.profile)
        findings.append(differs(shown(path), read_text(path) if path.exists() else None, made(choice, fragments)))
    for fragment in fragments.values():
        findings += missing_files(fragment, tree)
    expected = {defconfig_path(tree, choice.profile) for choice in choices}
    for path in sorted((tree / "configs").glob("*")):
        if path not in expected:
            findings.append(Finding(shown(path), 0, "no board of this name is in image/board: remove it"))
    return [finding for finding in findings if finding]


def defconfig_path(tree, profile):
    """Where the defconfig of a profile stands."""
    return tree / "configs" / f"{profile}_defconfig"


def write(tree, choices, fragments):
    """Make every defconfig anew. Returns the paths that changed."""
    changed = []
    (tree / "configs").mkdir(exist_ok=True)
    for choice in choices:
        path, text = defconfig_path(tree, choice.profile), made(choice, fragments)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed
