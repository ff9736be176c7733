"""Partitions, size budgets and limits of the profiles agree with each other and with what genimage is told."""

import re

from .boards import KERNELS, line_of
from .finding import Finding, read_text

MIB, KIB = 1 << 20, 1 << 10
# Beside the kernel a slot's boot partition holds device trees, the Pi's firmware and FAT's own tables.
BOOT_REST_MIB = 2
# What the build puts into the images folder before genimage runs.
MADE_BEFORE = {"rootfs.squashfs", "state.ext4", "data.ext4", "uboot-env.bin"}
_BLOCK = re.compile(r"\tpartition (\S+) \{\n(.*?)\n\t\}", re.S)
_LINE = re.compile(r"\t+([a-z-]+) = (.+)")


def check_limits(path, text, limits, kernels):
    """Findings for sizes of one profile. kernels: how many kernels a slot's boot partition holds."""
    findings = []

    def complain(key, sentence):
        findings.append(Finding(path, line_of(text, f"{key} = "), sentence))

    image, partition, memory = limits.image, limits.partition, limits.memory
    if image.squashfs_max_kib > partition.slot_mib * KIB:
        complain("slot_mib", f"{partition.slot_mib} MiB do not hold image.squashfs_max_kib = {image.squashfs_max_kib}: enlarge the slot")
    needed = -(-image.kernel_max_kib * max(kernels, 1) // KIB) + BOOT_REST_MIB
    if needed > partition.boot_mib:
        complain("boot_mib", f"{partition.boot_mib} MiB do not hold image.kernel_max_kib and what lies beside it: {needed} or more")
    if memory.zram_mib > limits.board.ram_mib:
        complain("zram_mib", f"zram_mib = {memory.zram_mib} is more than the board's memory, {limits.board.ram_mib}: lower it")
    if memory.node_max_mib + memory.supervisor_max_mib >= limits.board.ram_mib:
        complain("node_max_mib", f"node and supervisor together may take all of board.ram_mib = {limits.board.ram_mib}: lower one")
    return findings


def partition_blocks(genimage):
    """{name: {key: value}} of the partitions in genimage's configuration, in its order."""
    return {name: dict(_LINE.findall("\t" + body)) for name, body in _BLOCK.findall(genimage)}


def check_genimage(path, text, genimage, limits, loader_files, first_byte):
    """Findings where genimage's configuration does not put the card together as the profile says.

    loader_files: what the board's `loader` names; first_byte: where the first partition begins.
    """
    findings = []

    def complain(key, sentence):
        findings.append(Finding(path, line_of(text, f"{key} = "), sentence))

    sizes = {
        "p1": "settings_mib", "p2": "boot_mib", "p3": "boot_mib",
        "p5": "slot_mib", "p6": "slot_mib", "p7": "state_mib", "p8": "data_min_mib",
    }  # fmt: skip
    blocks, end = partition_blocks(genimage), first_byte
    for name, key in sizes.items():
        block = blocks.get(name)
        if block is None:
            complain(key, f"genimage is told of no partition {name}: image/layout.py leaves it out")
            continue
        first, size = int(block.get("offset", 0)), int(block.get("size", 0))
        if size != getattr(limits.partition, key) * MIB:
            complain(key, f"genimage makes {name} {size} bytes, not {key} = {getattr(limits.partition, key)} MiB: see image/layout.py")
        if first < end or first % MIB:
            complain(key, f"{name} begins at byte {first}, on another partition or not on a whole MiB: see image/layout.py")
        end = max(end, first + size)
    if end > limits.partition.card_mib * MIB:
        complain("card_mib", f"the partitions end at {-(-end // MIB)} MiB, past card_mib = {limits.partition.card_mib}: make one smaller")
    made = {*MADE_BEFORE, *loader_files, *re.findall(r"^image (\S+) \{", genimage, re.M)}
    for name, block in blocks.items():
        image = block.get("image", "").strip('"')
        if image and image not in made:
            complain("card_mib", f"partition {name} is filled from {image}, which nothing makes: see image/layout.py")
        if name.startswith("loader-") and int(block["offset"]) >= first_byte:
            complain("card_mib", f"{image} lies at byte {block['offset']}, inside the partitions: correct the board's `loader`")
    return findings


def check_loader(path, text, parts, environment):
    """Findings for a boot loader that lies on its environment or out of order. parts: (file, first byte, hole) without the environment."""
    findings, last = [], -1
    for file, first, _ in parts:
        if first <= last:
            sentence = f"{file} begins at byte {first}, not after what stands above it: put the lines in order"
            findings.append(Finding(path, line_of(text, file), sentence))
        if first >= environment[0]:
            sentence = f"{file} begins at byte {first}, on U-Boot's environment at {environment[0]}: move it"
            findings.append(Finding(path, line_of(text, file), sentence))
        last = first
    return findings


def check_environment(fragment, environment):
    """Findings where U-Boot looks for its environment elsewhere than the card has it."""
    wanted = dict(zip(("CONFIG_ENV_OFFSET", "CONFIG_ENV_OFFSET_REDUND"), environment, strict=True))
    wanted["CONFIG_ENV_SIZE"] = 16 * KIB
    found = {setting.symbol: setting for setting in fragment.settings}
    findings = []
    for symbol, value in wanted.items():
        setting = found.get(symbol)
        if setting is None or not re.fullmatch(r"0x[0-9a-fA-F]+|\d+", setting.value) or int(setting.value, 0) != value:
            line = setting.line if setting else 1
            findings.append(Finding(fragment.path, line, f"{symbol} must be {value:#x}, where image/layout.py puts the environment"))
    return findings


def check_root(path, text, slot, signature):
    """Findings where the kernel is not told its root by the card's signature. slot: how the text names the slot's partition."""
    wanted = f"root=PARTUUID={signature:08x}-0{slot}"
    if wanted in text.split():
        return []
    return [Finding(path, line_of(text, "root="), f"must hold {wanted}: the signature of image/layout.py and the slot's partition")]


def check(tree, shown, layout, load, profiles, fragments):
    """Findings for every profile. layout: the module image.layout; load: leither_edge.profile.load; profiles: {name: path}."""
    findings = []
    for file in sorted(tree.glob("board/*/cmdline.txt")):
        findings += check_root(shown(file), read_text(file), "@ROOT@", layout.DISK_SIGNATURE)
    script = tree / "board/common/uboot-env.txt"
    findings += check_root(shown(script), read_text(script), "${root_part}", layout.DISK_SIGNATURE)
    for name, profile_path in profiles.items():
        path, text, folder = shown(profile_path), read_text(profile_path), tree / "board" / name
        try:
            limits = load(str(profile_path))
        except ValueError as error:
            findings += [Finding(path, line, sentence) for line, sentence in error.problems]
            continue
        if limits.board.name != name:
            findings.append(Finding(path, line_of(text, "name = "), f'board.name must be "{name}", as the file is called'))
        if not (folder / "boot-files").exists():
            continue
        boot_files = layout.pairs(read_text(folder / "boot-files"))
        findings += check_limits(path, text, limits, sum(source in KERNELS for source, _ in boot_files))
        loader = folder / "loader"
        parts = layout.loader_parts(read_text(loader)) if loader.exists() else ()
        own = parts[: -len(layout.ENVIRONMENT_BYTES)] if parts else ()
        if parts:
            findings += check_loader(shown(loader), read_text(loader), own, layout.ENVIRONMENT_BYTES)
        settings = folder / "settings-files"
        settings_files = layout.pairs(read_text(settings)) if settings.exists() else ()
        genimage = layout.fat_text(limits.partition, boot_files, settings_files) + layout.card_text(limits.partition, parts)
        findings += check_genimage(path, text, genimage, limits, [file for file, *_ in own], layout.FIRST_BYTE)
    for fragment in fragments.values():
        if fragment.name.startswith("u-boot/") and any(setting.symbol == "CONFIG_ENV_OFFSET" for setting in fragment.settings):
            findings += check_environment(fragment, layout.ENVIRONMENT_BYTES)
    return findings
