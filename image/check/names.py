"""Every symbol and every package that the tree names exists in the pinned releases, and is given a value of its kind."""

import difflib
import re
import tomllib

from .finding import CheckError, Finding, read_text
from .kconfig import unfit
from .symbols import RELEASES, defined, pinned, read_listing

# Set by Buildroot's make for scripts and makefiles, and symbols to nobody.
FROM_MAKE = {"BR2_CONFIG", "BR2_EXTERNAL", "BR2_DEFCONFIG", "BR2_VERSION", "BR2_VERSION_FULL", "BR2_VERSION_EPOCH"}
# Pinned by a fragment.
OTHERS = {"BR2_TARGET_UBOOT_CUSTOM_VERSION_VALUE": "u-boot"}
_SYMBOL = re.compile(r"\bBR2_\w+")
_RELATION = re.compile(r"\s*(?:depends on|select|imply|default|if|visible if|bool|string|int|comment|menuconfig)\b(.*)")
_DEPENDS = re.compile(r"\s*\w+_DEPENDENCIES\s*[+:?]?=(.*)")
_EVAL = re.compile(r"\$\(eval +\$\(([\w-]+)\)\)")
_EXPRESSION = re.compile(r"\$\([^()]*\)")


def config_in_symbols(text):
    """[(symbol, line)] that a Config.in relies on: depends on, select, if and so on, help left out."""
    found, in_help, goes_on = [], False, False
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() == "help":
            in_help = True
        elif in_help and line.strip() and not line.startswith(("\t  ", "        ")):
            in_help = False
        relation = None if in_help else _RELATION.match(line)
        if relation or goes_on:
            words = (relation[1] if relation else line).partition("#")[0]
            goes_on = words.rstrip().endswith("\\")
            found += [(symbol, number) for symbol in _SYMBOL.findall(re.sub(r'"[^"]*"', "", words))]
    return found


def makefile_names(text):
    """([(symbol, line)], [(package or macro, line)]) that a package's makefile relies on."""
    symbols, packages, goes_on = [], [], False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        symbols += [(symbol, number) for symbol in _SYMBOL.findall(line)]
        packages += [(macro, number) for macro in _EVAL.findall(line)]
        found = _DEPENDS.match(line)
        if found or goes_on:
            words = (found[1] if found else line).partition("#")[0]
            goes_on = words.rstrip().endswith("\\")
            while _EXPRESSION.search(words):
                words = _EXPRESSION.sub(" ", words)
            packages += [(word.removeprefix("host-"), number) for word in words.replace("\\", " ").split()]
    return symbols, packages


def script_symbols(text):
    """[(symbol, line)] in a script, comments left out."""
    rows = enumerate(text.split("\n"), 1)
    return [(symbol, number) for number, line in rows if not line.lstrip().startswith("#") for symbol in _SYMBOL.findall(line)]


def unknown(path, name, line, known, where):
    """Finding for a name that is not in ``known``."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    hint = f"; did you mean {near[0]}?" if near else ": correct it or remove it"
    return Finding(path, line, f"{where} has no {name}{hint}")


def check_settings(fragment, known, prefix, where):
    """Findings for a fragment's symbols. known: {symbol: letter}; prefix: what the fragments write before a listed name."""
    findings = []
    for setting in fragment.settings:
        symbol = setting.symbol.removeprefix(prefix)
        if symbol not in known:
            findings.append(unknown(fragment.path, symbol, setting.line, known, where))
        elif wanted := unfit(known[symbol], setting.value):
            findings.append(Finding(fragment.path, setting.line, f"{setting.symbol} takes {wanted}, so ={setting.value} would be dropped"))
    return findings


def own_names(tree):
    """({symbol: letter}, packages) of this tree's own Config.in files and makefiles."""
    symbols = {}
    for path in [tree / "Config.in", *sorted(tree.glob("package/*/Config.in*"))]:
        if path.exists():
            symbols.update(defined(read_text(path)))
    return symbols, {path.stem for path in tree.glob("package/*/*.mk")}


def check(tree, shown, fragments):
    """Findings for every name in the tree."""
    findings, lists = [], {}
    pins = pinned(tree)
    for fragment in fragments.values():
        pins.update((OTHERS[setting.symbol], setting.value.strip('"')) for setting in fragment.settings if setting.symbol in OTHERS)
    for release in RELEASES:
        path = tree / "symbols" / f"{release}.txt"
        if not path.exists():
            findings.append(Finding(shown(path), 0, f"missing: python -m image.check.symbols --{release} PLACE --write"))
            continue
        version, *lists[release] = read_listing(path)
        if version != pins.get(release, version):
            text = f"is of {version}, {pins[release]} is pinned: python -m image.check.symbols --{release} PLACE --write"
            findings.append(Finding(shown(path), 2, text))
    own_symbols, own_packages = own_names(tree)
    for fragment in fragments.values():
        kind = fragment.name.partition("/")[0]
        release = kind if kind in lists else None
        if release:
            known = {**lists[release][0], **own_symbols} if kind == "buildroot" else lists[release][0]
            findings += check_settings(fragment, known, "" if kind == "buildroot" else "CONFIG_", release)
        for setting in fragment.settings:
            if setting.symbol == "BR2_LINUX_KERNEL_CUSTOM_VERSION_VALUE" and setting.value.strip('"') != pins["kernel"]:
                sentence = f"the kernel is not {pins['kernel']}, the one in buildroot.toml: make them agree"
                findings.append(Finding(fragment.path, setting.line, sentence))
    if "buildroot" in lists:
        findings += check_buildroot(tree, shown, {**lists["buildroot"][0], **own_symbols}, lists["buildroot"][1] | own_packages)
    return findings


def check_buildroot(tree, shown, symbols, packages):
    """Findings for Config.in files, makefiles, scripts and the table of sources."""
    external = re.search(r"^name: *(\w+)$", read_text(tree / "external.desc"), re.M)
    given = {*FROM_MAKE, *(f"BR2_EXTERNAL_{external[1]}_{end}" for end in ("PATH", "DESC") if external)}
    uses = []
    for path in [tree / "Config.in", *sorted(tree.glob("package/*/Config.in*"))]:
        uses += [(path, symbol, line, "symbol") for symbol, line in config_in_symbols(read_text(path))]
    for path in [tree / "external.mk", *sorted(tree.glob("package/*/*.mk"))]:
        found, named = makefile_names(read_text(path))
        uses += [(path, symbol, line, "symbol") for symbol, line in found]
        uses += [(path, name.removeprefix("host-"), line, "package") for name, line in named]
    for path in sorted(tree.glob("board/**/*.sh")):
        uses += [(path, symbol, line, "symbol") for symbol, line in script_symbols(read_text(path))]
    uses += [(tree / "sources.toml", name, line, "package") for name, line in source_packages(tree / "sources.toml")]
    known = {"symbol": symbols.keys() | given, "package": packages}
    return [unknown(shown(path), name, line, known[kind], "buildroot") for path, name, line, kind in uses if name not in known[kind]]


def source_packages(path):
    """[(package, line)] of the table of sources."""
    text = read_text(path)
    try:
        tables = [name for name, value in tomllib.loads(text).items() if isinstance(value, dict)]
    except tomllib.TOMLDecodeError as error:
        raise CheckError(f"{path} is not TOML: {error}.") from None
    lines = text.split("\n")
    return [(name, next((number for number, line in enumerate(lines, 1) if line.startswith(f"[{name}]")), 1)) for name in tables]
