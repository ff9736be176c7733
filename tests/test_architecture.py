"""An import goes down a floor, never up or sideways; the device's processes pull in only what they may."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The house: a lower number is a lower floor. A folder may import its own modules and any floor below.
FLOORS = {
    "leither_edge.core": 1,
    "leither_edge.profile": 1,
    "leither_edge.card": 2,
    "leither_edge.storage": 2,
    "leither_edge.crypto": 2,
    "leither_edge.observe": 2,
    "leither_edge.dht": 3,
    "leither_edge.mimei": 3,
    "leither_edge.ledger": 3,
    "leither_edge.peer": 4,
    "leither_edge.http": 4,
    "leither_edge.names": 4,
    "leither_edge.resp": 4,
    "leither_edge.mailbox": 4,
    "leither_edge.organization": 5,
    "leither_edge.credit": 5,
    "leither_edge.apps": 5,
    "leither_edge.gateway": 5,
    "leither_edge.discovery": 5,
    "leither_edge.flow": 5,
    "leither_edge.node": 6,
    "leither_edge.peer_node": 6,
    "leither_edge.cli": 7,
    "appliance": 7,
}
# The package's own face holds its version and nothing else, so every floor may read it.
OPEN_TO_ALL = {"leither_edge"}
# What MicroPython has, under these names or through the fallback beside them.
CORE_MAY_IMPORT = {"struct", "binascii", "collections", "hashlib", "_sha2", "_sha256"}
SUPERVISOR_MAY_IMPORT = {
    "appliance.supervisor", "appliance.board", "appliance.wifi", "appliance.slots", "appliance.power_on", "leither_edge.profile",
}  # fmt: skip
ROOT_PROGRAMS = ("supervisor", "board", "wifi", "slots", "power_on")


def sources(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path):
    """Every module that a file names in an import, absolute, with the line it stands on."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield prefix, node.lineno
            for alias in node.names:
                if (ROOT / Path(*f"{prefix}.{alias.name}".split("."))).with_suffix(".py").exists():
                    yield f"{prefix}.{alias.name}", node.lineno


def room_of(module):
    rooms = [room for room in FLOORS if module == room or module.startswith(room + ".")]
    return max(rooms, key=len) if rooms else None


@pytest.mark.parametrize("path", sources("leither_edge") + sources("appliance"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_a_floor(path):
    room = room_of(module_name(path))
    if room is None:
        assert module_name(path) in OPEN_TO_ALL, f"{path.name} stands on no floor: name its folder in FLOORS"
        return
    for module, line in imported_modules(path):
        target = room_of(module)
        if target is None or target == room:
            assert module.split(".")[0] not in ("leither_edge",) or target or module in OPEN_TO_ALL, f"line {line}: {module} is on no floor"
            continue
        assert FLOORS[target] < FLOORS[room], f"line {line}: {room} may not import {module}"


@pytest.mark.parametrize("path", sources("leither_edge/core"), ids=lambda path: path.name)
def test_core_imports_what_micropython_has(path):
    for module, line in imported_modules(path):
        assert module.startswith("leither_edge.core") or module in CORE_MAY_IMPORT, f"line {line}: core may not import {module}"


@pytest.mark.parametrize(
    "path", [path for room in ROOT_PROGRAMS for path in sources(f"appliance/{room}")], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_supervisor_is_standard_library_only(path):
    for module, line in imported_modules(path):
        known = any(module == room or module.startswith(room + ".") for room in SUPERVISOR_MAY_IMPORT)
        assert known or module in ("appliance", "leither_edge") or module.split(".")[0] in sys.stdlib_module_names, f"line {line}: {module}"


def modules_after(statement):
    program = f"{statement}; import sys; print('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_the_node_pulls_in_nothing_heavy_of_its_own():
    base = modules_after("import trio, cbor2, lmdb, pysodium, h11")
    extra = modules_after("import appliance.device.assembly") - base
    # json is not among them: the socket to the supervisor speaks it.
    heavy = {"asyncio", "argparse", "uuid", "email", "http", "http.client", "sqlite3", "xml", "rich", "segno", "mnemonic", "decimal"}
    assert not extra & heavy


@pytest.mark.parametrize("program", ["supervisor", "power_on"])
def test_what_runs_as_root_pulls_in_nothing_heavy(program):
    heavy = {"trio", "ssl", "hashlib", "_hashlib", "inspect", "typing", "subprocess", "asyncio", "argparse", "logging", "dataclasses"}
    # The enumerations of these two are a fifth of the time to start; _signal and _socket are what lies under them.
    heavy |= {"signal", "socket", "selectors"}
    assert not modules_after(f"import appliance.{program}.start, appliance.board.device") & heavy
