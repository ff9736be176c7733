"""The order in which a start reads files, for mksquashfs -sort: what is read together then lies in the same compressed blocks.

Without it the compiled modules lie by name, some forty small files to a block, and the kernel keeps three blocks: a start unpacks most of
them many times. Followed are the imports that modules carry out when they are imported.
"""

STARTS = (
    "encodings", "encodings.utf_8", "appliance.power_on.start",
    "appliance.supervisor.start", "appliance.board.device", "leither_edge.profile",
    "appliance.device.__main__", "appliance.device.options", "appliance.device.first_use", "trio", "appliance.device.assembly",
)  # fmt: skip
# mksquashfs packs files of a higher priority first.
HIGHEST = 32_767


def order(find, imported, starts=STARTS):
    """Paths of the files that importing ``starts`` reads, in that order.

    find: (module) -> path or None; imported: (module, path) -> names that its top level imports.
    """
    seen, paths = set(), []
    waiting = list(reversed(starts))
    while waiting:
        name = waiting.pop()
        package = name.rpartition(".")[0]
        if package and package not in seen:
            waiting += [name, package]
            continue
        if name in seen:
            continue
        seen.add(name)
        path = find(name)
        if path is not None:
            paths.append(path)
            waiting += reversed(list(imported(name, path)))
    return paths


def lines(paths, root):
    """The sort file's lines, for paths below the root of a file system."""
    return [f"{path.relative_to(root)} {HIGHEST - number}" for number, path in enumerate(paths[:HIGHEST])]
