"""How big core is once compiled for MicroPython, and what the part that checks a proof against a header may take."""

from tests.mpy.runtimes import CORE, compile_to

BUDGETED = ("sum_tree", "proof", "cbor_head", "header")
BUDGET_BYTES = 4096


def measured(folder):
    """{module: bytes of its .mpy at -O3}, compiled into a folder."""
    return {source.stem: compile_to(source, folder / (source.stem + ".mpy")) for source in sorted(CORE.glob("*.py"))}


def table(found):
    """Lines for people: each module of core, and the sum that has a budget."""
    lines = []
    for name, size in sorted(found.items(), key=lambda pair: -pair[1]):
        lines.append(f"  {name:<16} {size:>6}{'  *' if name in BUDGETED else ''}")
    lines.append(f"  {'all':<16} {sum(found.values()):>6}")
    lines.append(f"  {'* together':<16} {sum(found[name] for name in BUDGETED):>6}  of {BUDGET_BYTES:,}")
    return "\n".join(lines)
