"""Each board has a folder, a profile and a list of fragments that agree; its files say what the build can carry out."""

import json
import re

from appliance.board import BoardError, board_file

from .finding import Finding, read_text

NEEDED = ("board.json", "boot-files", "firmware", "fragments", "modules", "settings-files")
# board.json: what every board says. More may be there, as far as the device knows it.
_TEXT = re.compile(r"\S+")
_INTERFACE = re.compile(r"[a-z][a-z0-9]{1,14}")
KEYS = {
    "disk": (lambda value: value == "root", '"root", the card that the system runs from: the kernel may number cards anew at every start'),
    "slots": (lambda value: value in ("tryboot", "uboot"), '"tryboot" or "uboot"'),
    "radio": (lambda value: value is None or _is_interface(value), "the radio's interface, such as wlan0, or null"),
    "wired": (lambda value: isinstance(value, list) and all(_is_interface(one) for one in value), "a list of interfaces"),
    "led": (lambda value: value is None or isinstance(value, str) and _TEXT.fullmatch(value), "a lamp's name in /sys/class/leds, or null"),
    "country": (lambda value: isinstance(value, str) and re.fullmatch(r"[A-Z]{2}|00", value), 'two letters, or "00" for the world'),
    "state_folder": (lambda value: _is_below(value, "/state/"), "a folder below /state"),
    "wifi_folder": (lambda value: _is_below(value, "/state/"), "a folder below /state"),
    "port": (lambda value: type(value) is int and 0 < value < 65536, "a port from 1 to 65535"),
}
# Put in by the image's build.
FROM_PROFILE = ("name", "zram_mib")
KERNELS = ("zImage", "Image", "Image.gz", "uImage", "bzImage")


def _is_interface(value):
    return isinstance(value, str) and bool(_INTERFACE.fullmatch(value))


def _is_below(value, folder):
    return isinstance(value, str) and value.startswith(folder) and ".." not in value


def line_of(text, word):
    """Line of the first ``word`` in a text, 1 if there is none."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if word in line), 1)


def check_json(path, text):
    """(values, findings) of a board.json."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
        if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
            raise ValueError("it must be one object")
    except (ValueError, RecursionError) as error:
        return {}, [Finding(path, getattr(error, "lineno", 1), f"not a board's description: {error}")]
    findings, values = [], {}
    for name, value in pairs:
        line = line_of(text, f'"{name}"')
        if name not in KEYS and name not in board_file.MEMBERS:
            findings.append(Finding(path, line, f"unknown key {name[:40]!a}; there are: {', '.join(KEYS)}"))
        elif name in FROM_PROFILE:
            findings.append(Finding(path, line, f"{name} comes from the profile: remove it here"))
        elif name in values:
            findings.append(Finding(path, line, f"{name} is there twice: remove one"))
        elif name in KEYS and not KEYS[name][0](value):
            findings.append(Finding(path, line, f"{name} must be {KEYS[name][1]}"))
        values[name] = value
    findings += [Finding(path, 1, f"{name} is missing: {KEYS[name][1]}") for name in KEYS if name not in values]
    return values, findings or refused_on_the_device(path, text, values)


def refused_on_the_device(path, text, values):
    """Finding for a board.json that the device itself would not read. values: its members, each of a sort it may be."""
    try:
        board_file.parse(json.dumps(values).encode(), path)
    except BoardError as error:
        line = next((line_of(text, f'"{name}"') for name in values if f": {name} is " in str(error)), 1)
        return [Finding(path, line, f"the device refuses it: {error}")]
    return []


def check_boot(profile, boot_path, boot_text, pairs, rows):
    """Findings for what a slot's boot partition holds. pairs: [(file, name)]; rows: the board's Buildroot settings."""
    findings, settings = [], {setting.symbol: (path, setting) for path, setting in rows}
    if not any(source in KERNELS for source, _ in pairs):
        findings.append(Finding(boot_path, 1, f"no kernel among the files: add one of {', '.join(KERNELS)}"))
    names = [name.lower() for _, name in pairs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        findings.append(Finding(boot_path, line_of(boot_text, name), f"two files are called {name}, and FAT knows no case: rename one"))
    path, trees = settings.get("BR2_LINUX_KERNEL_INTREE_DTS_NAME", (None, None))
    built = {word.rpartition("/")[2] for word in trees.value.strip('"').split()} if trees else set()
    for source, _ in pairs:
        if source.endswith(".dtb") and "/" not in source and source.removesuffix(".dtb") not in built:
            where = f"{path}:{trees.line}" if trees else "a fragment"
            sentence = f"{source} is not built: name its source in BR2_LINUX_KERNEL_INTREE_DTS_NAME, {where}"
            findings.append(Finding(boot_path, line_of(boot_text, source), sentence))
    found = settings.get("BR2_PACKAGE_LEITHER_EDGE_PROFILE")
    if found is None or found[1].value != f'"{profile}"':
        where, line = (found[0], found[1].line) if found else (boot_path.replace("boot-files", "fragments"), 1)
        findings.append(Finding(where, line, f'the image of {profile} must set BR2_PACKAGE_LEITHER_EDGE_PROFILE="{profile}"'))
    return findings


def check_slots(folder, shown, values, settings_names):
    """Findings for a board whose kind of slots and whose files do not go together."""
    path = shown(folder / "board.json")
    line = line_of(read_text(folder / "board.json"), '"slots"')
    has_loader, has_choice = (folder / "loader").exists(), "autoboot.txt" in settings_names
    findings = []
    if values.get("slots") == "tryboot" and not has_choice:
        findings.append(Finding(path, line, "tryboot reads autoboot.txt: add it to settings-files"))
    if values.get("slots") == "uboot" and not has_loader:
        findings.append(Finding(path, line, "U-Boot lies before the partitions: add a file `loader` that says where"))
    if values.get("slots") == "tryboot" and has_loader:
        findings.append(Finding(shown(folder / "loader"), 1, "a board with tryboot has no boot loader on the card: remove this file"))
    return findings


def check(tree, shown, profiles, choices, fragments, pairs, settings_of):
    """Findings for every board's folder. profiles: names in hw_profiles; pairs: layout.pairs."""
    findings = []
    boards = {path.name: path for path in sorted((tree / "board").iterdir()) if path.is_dir() and path.name != "common"}
    for name in sorted(set(profiles) - set(boards)):
        findings.append(Finding(f"hw_profiles/{name}.toml", 1, f"has no board: add image/board/{name}, or remove the profile"))
    for name, folder in boards.items():
        if name not in profiles:
            findings.append(Finding(shown(folder), 0, f"has no profile: add hw_profiles/{name}.toml, or remove the folder"))
        missing = [needed for needed in NEEDED if not (folder / needed).exists()]
        findings += [Finding(shown(folder / needed), 0, "missing: every board has this file") for needed in missing]
        if missing:
            continue
        values, found = check_json(shown(folder / "board.json"), read_text(folder / "board.json"))
        boot = folder / "boot-files"
        rows = [row for choice in choices if choice.profile == name for row in settings_of(choice, fragments, "buildroot")]
        findings += found + check_boot(name, shown(boot), read_text(boot), pairs(read_text(boot)), rows)
        findings += check_slots(folder, shown, values, [target for _, target in pairs(read_text(folder / "settings-files"))])
    return findings
