"""The other slot of a card, filled from the one that runs: whole, or broken in a way of the test's choice."""

import subprocess

from image.tests.card import BOOT, ROOT, CardError

_NODE = "appliance/device"
OTHER = {"a": "b", "b": "a"}


def whole(root):
    """Change nothing that matters."""
    (root / "etc/leither/another-build").write_text("a test made this slot\n")


def panics(root):
    """No shell, no init: the kernel finds nothing to start."""
    for name in ("bin/busybox", "bin/sh", "sbin/init", "bin/init", "etc/init", "linuxrc", "init"):
        (root / name).unlink(missing_ok=True)


def node_ends(root):
    """The node ends as soon as it starts."""
    _replace_node(root, "raise SystemExit(1)\n")


def node_hangs(root):
    """The node starts and is never ready."""
    _replace_node(root, "import time\ntime.sleep(1e6)\n")


def fill_other_slot(card, folder, change, source="a"):
    """Put the source slot into the other one after ``change(root folder)``. Raises CardError."""
    target, root, packed = OTHER[source], folder / "other-root", folder / "other.squashfs"
    card.extract(ROOT[source], folder / "this.squashfs")
    for command in (
        ["unsquashfs", "-no-progress", "-quiet", "-force", "-dest", str(root), str(folder / "this.squashfs")],
        ["mksquashfs", str(root), str(packed), "-noappend", "-no-progress", "-quiet", "-comp", "xz", "-b", "256K"],
    ):
        if command[0] == "mksquashfs":
            change(root)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise CardError(f"{command[0]} failed: {done.stderr.strip()}")
    subprocess.run(["rm", "-rf", "--", str(root)], check=True)
    card.fill(ROOT[target], packed)
    for name in card.names(BOOT[source]):
        data = card.get(BOOT[source], name)
        if name.lower() == "cmdline.txt":
            old, new = (f"-0{ROOT[slot][1:]} ".encode() for slot in (source, target))
            if old not in data:
                raise CardError(f"slot {source}'s kernel arguments do not name its root by {old.decode().strip()}")
            data = data.replace(old, new, 1)
        card.put(BOOT[target], name, data)


def _replace_node(root, text):
    folders = [path for path in root.glob("usr/lib/python3*/site-packages/" + _NODE)] or [
        path for path in root.rglob("appliance/device") if path.is_dir()
    ]
    if not folders:
        raise CardError("the root file system has no appliance/device")
    for path in folders[0].glob("__main__.*"):
        path.unlink()
    (folders[0] / "__main__.py").write_text(text)
