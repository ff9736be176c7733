#!/usr/bin/env python3
"""Kernel options that were asked for and silently dropped or changed.

    python -m image.check.kernel_options CONFIG FRAGMENT...     CONFIG: the kernel's finished .config

The build runs it and fails on any: a board without squashfs or cgroups would start, or not, without a word.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    from image.check.dropped import run

    run("CONFIG_")
