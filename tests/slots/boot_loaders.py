"""Models of what runs before the kernel: the Raspberry Pi's firmware, and U-Boot with the script of the image.

Written from the boot loaders' documentation and apart from the code under test: they read the card with other programs' rules.
"""

import re
import zlib
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "image/board/common/uboot-env.txt"
BOARD = {
    "console": "ttyS0,115200", "mmc_dev": "0", "kernel_addr_r": "0x42000000", "fdt_addr_r": "0x43000000", "kernel_file": "zImage",
    "boot_kernel": "bootz ${kernel_addr_r} - ${fdt_addr_r}",
}  # fmt: skip
COPIES = (0x400000, 0x410000)
SIZE = 0x4000


class NoBoot(Exception):
    """The board would not start anything."""


def raspberry_boots(autoboot, trial):
    """The slot that the firmware starts: it goes through the file's lines, and the last one that holds counts."""
    if len(autoboot) > 512:
        raise NoBoot("file ignored")
    holds, found = True, {}
    for line in autoboot.decode("ascii", "replace").split("\n"):
        line = line.split("#")[0].strip()
        if section := re.fullmatch(r"\[(\w+)\]", line):
            holds = section[1] == "all" or (section[1] == "tryboot" and trial)
        elif holds and "=" in line:
            key, value = line.split("=", 1)
            found[key] = value
    if found.get("tryboot_a_b") != "1" or found.get("boot_partition") not in ("2", "3"):
        raise NoBoot(str(found))
    return {"2": "a", "3": "b"}[found["boot_partition"]]


def script_values():
    """The variables of the image's script and of a board."""
    lines = [line for line in SCRIPT.read_text().splitlines() if line and not line.startswith("#")]
    return {**dict(line.split("=", 1) for line in lines), **BOARD}


class Booted(Exception):
    """The kernel was started; arguments: its command line, partition: where it came from."""

    def __init__(self, arguments, partition):
        super().__init__(arguments)
        self.arguments, self.partition = arguments, partition


class Restart(Exception):
    """The command reset."""


class UBoot:
    """U-Boot on a card with read(offset, count) and write(offset, data).

    Source: U-Boot env/common.c, drivers/bootcount/bootcount_env.c, common/cli_hush.c.
    readable: slots whose kernel can be loaded.
    """

    def __init__(self, disk, readable=("a", "b")):
        self.disk = disk
        self.files = {{"a": "2", "b": "3"}[slot] for slot in readable}
        self.loaded = []

    def start(self, restarts_max=4):
        """The slot whose kernel is started, restarts of U-Boot itself included. Raises NoBoot; PowerCut when the disk says so."""
        for _ in range(restarts_max):
            self.load()
            try:
                count = int(self.values.get("bootcount", "0")) if self.values.get("upgrade_available") == "1" else 0
                if self.values.get("upgrade_available") == "1":
                    self.values["bootcount"] = str(count + 1)
                    self.save()
                limit = int(self.values.get("bootlimit", "0"))
                self.run("altbootcmd" if limit and count + 1 > limit and self.values.get("upgrade_available") == "1" else "bootcmd")
                raise NoBoot("the prompt")
            except Restart:
                continue
            except Booted as booted:
                root = re.search(r"root=PARTUUID=4c454954-0(\d)", booted.arguments)[1]
                slot = {"5": "a", "6": "b"}[root]
                assert booted.partition == {"a": "2", "b": "3"}[slot], "kernel of one slot with the root of the other"
                return slot
        raise NoBoot("it restarts for ever")

    def load(self):
        whole = []
        for number, at in enumerate(COPIES):
            data = self.disk.read(at, SIZE)
            if zlib.crc32(data[5:]).to_bytes(4, "little") == data[:4]:
                whole.append((data[4], number, data[5:]))
        if not whole:
            raise NoBoot("no environment")
        if {flag for flag, *_ in whole} == {0, 255}:
            self.flag, self.used, body = next(copy for copy in whole if copy[0] == 0)
        else:
            self.flag, self.used, body = max(whole, key=lambda copy: (copy[0], -copy[1]))
        pairs = body.split(b"\0\0")[0].decode().split("\0")
        self.values = {name: value for name, value in (pair.split("=", 1) for pair in pairs) if value}

    def save(self):
        body = b"".join(f"{name}={value}\0".encode() for name, value in sorted(self.values.items())) + b"\0"
        body = body.ljust(SIZE - 5, b"\0")
        self.used, self.flag = 1 - self.used, (self.flag + 1) & 255
        self.disk.write(COPIES[self.used], zlib.crc32(body).to_bytes(4, "little") + bytes([self.flag]) + body)

    def run(self, name):
        """Run a variable as the hush shell does. Returns whether its last command succeeded."""
        if name not in self.values:
            return False
        text = self.values[name]
        branch = re.fullmatch(r"if (.+?); then (.+?); else (.+?); fi; (.+)", text)
        if branch:
            condition, yes, no, rest = branch.groups()
            self.sequence(yes if self.command(condition) else no)
            return self.sequence(rest)
        return self.sequence(text)

    def sequence(self, text):
        well = True
        for part in text.split(";"):
            for command in part.split("&&"):
                well = self.command(command)
                if not well:
                    break
        return well

    def command(self, text):
        text = re.sub(r"\$\{(\w+)\}", lambda found: self.values.get(found[1], ""), text).strip()
        word, *arguments = text.split()
        if word == "setenv":
            self.values[arguments[0]] = " ".join(arguments[1:]).strip('"').strip()
            if not self.values[arguments[0]]:
                del self.values[arguments[0]]
        elif word == "saveenv":
            self.save()
        elif word == "run":
            return self.run(arguments[0])
        elif word == "test":
            return arguments[0].strip('"') == arguments[2].strip('"')
        elif word == "echo":
            pass
        elif word == "reset":
            raise Restart
        elif word == "load":
            partition = arguments[1].split(":")[1]
            self.loaded.append(partition)
            return partition in self.files
        elif word in ("bootz", "booti"):
            raise Booted(self.values["bootargs"], self.loaded[-1])
        else:
            raise AssertionError(f"unknown command {word}")
        return True
