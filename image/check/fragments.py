"""The fragments of the tree and the boards' lists of them.

A fragment begins with one line of description, then ``# needs: kind/name ...`` if it makes no sense without others.
"""

import re
from collections import namedtuple

from .finding import Finding, read_text
from .kconfig import Setting, parse

# The Buildroot setting that hands the fragments of a kind on to what they configure.
HANDED_ON = {
    "kernel": "BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES",
    "u-boot": "BR2_TARGET_UBOOT_CONFIG_FRAGMENT_FILES",
    "busybox": "BR2_PACKAGE_BUSYBOX_CONFIG_FRAGMENT_FILES",
}
EXTERNAL = "$(BR2_EXTERNAL_LEITHER_PATH)"
_NAMED = re.compile(re.escape(EXTERNAL) + r"/fragments/([a-z0-9-]+/[a-z0-9-]+)\.config")
_NEEDS = re.compile(r"# needs:(.*)")

Fragment = namedtuple("Fragment", "name path settings needs")
# One board's choice: settings by kind, each with the path it stands in; names of the fragments reached.
Choice = namedtuple("Choice", "profile path listed reached")


def read_fragment(name, path, text):
    """(Fragment, findings) of a fragment's text."""
    settings, problems = parse(text)
    findings = [Finding(path, line, sentence) for line, sentence in problems]
    first = text.split("\n", 1)[0]
    if not re.match(r"# \w.*\.$", first) or _NEEDS.match(first):
        findings.append(Finding(path, 1, "begin with a line of description: `# What this is for.`"))
    needs = []
    for number, line in enumerate(text.split("\n"), 1):
        found = _NEEDS.match(line)
        if found:
            needs += [(word, number) for word in found[1].split()]
    kind = name.partition("/")[0]
    prefix = "BR2_" if kind == "buildroot" else "CONFIG_"
    for setting in settings:
        if not setting.symbol.startswith(prefix):
            sentence = f"{setting.symbol} does not belong in a {kind} fragment, whose symbols begin with {prefix}"
            findings.append(Finding(path, setting.line, sentence))
    return Fragment(name, path, settings, needs), findings


def read_all(tree, shown):
    """({name: Fragment}, findings) of every fragment under ``tree``/fragments; shown(path) is the path for people."""
    fragments, findings = {}, []
    for path in sorted((tree / "fragments").glob("*/*.config")):
        name = f"{path.parent.name}/{path.stem}"
        fragments[name], found = read_fragment(name, shown(path), read_text(path))
        findings += found
    return fragments, findings


def listed(text):
    """[(name, line)] of a board's list of fragments."""
    rows = ((line.partition("#")[0].strip(), number) for number, line in enumerate(text.split("\n"), 1))
    return [(name, number) for name, number in rows if name]


def choose(profile, path, text, fragments):
    """(Choice, findings): the fragments of one board, those its Buildroot settings hand on among them."""
    names, findings, reached = [], [], {}
    for name, line in listed(text):
        if name not in fragments:
            findings.append(Finding(path, line, f"there is no fragment {name}: image/fragments/{name}.config"))
        elif name in reached:
            findings.append(Finding(path, line, f"{name} is listed twice: remove this line"))
        else:
            names.append(name)
            reached[name] = line
    for name in names:
        for setting in fragments[name].settings:
            for other in _NAMED.findall(setting.value):
                if other in fragments:
                    reached.setdefault(other, 0)
    choice = Choice(profile, path, tuple(names), tuple(reached))
    for name in reached:
        for needed, line in fragments[name].needs:
            if needed not in reached:
                findings.append(Finding(fragments[name].path, line, f"needs {needed}, which {profile} lacks: add it to {path}"))
    return choice, findings


def handing_on(choice):
    """Settings that hand on the fragments of other kinds which the board lists itself."""
    settings = []
    for kind, symbol in HANDED_ON.items():
        names = [name for name in choice.listed if name.startswith(kind + "/")]
        if names:
            settings.append(Setting(symbol, '"' + " ".join(f"{EXTERNAL}/fragments/{name}.config" for name in names) + '"', 1))
    return settings


def settings_of(choice, fragments, kind):
    """[(path, Setting)] of one kind on a board, in the order in which they take effect."""
    rows = []
    for name in choice.reached:
        if name.startswith(kind + "/"):
            rows += [(fragments[name].path, setting) for setting in fragments[name].settings]
    if kind == "buildroot":
        rows += [(choice.path, setting) for setting in handing_on(choice)]
    return rows


def unused(fragments, choices):
    """Findings for fragments that no board has."""
    reached = {name for choice in choices for name in choice.reached}
    return [
        Finding(fragments[name].path, 1, "no board uses this fragment: list it in a board's `fragments`, or remove it")
        for name in sorted(set(fragments) - reached)
    ]
