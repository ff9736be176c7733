"""Start a program of ours: python3 -S -E run.py PACKAGE ARGUMENT ...

In place of python3 -m PACKAGE, which costs a small board half a second more: -S leaves out the search for what may have been installed,
which on a read-only system is known, and -m brings modules of its own.
"""

import sys

# Instead of the folder of this file.
sys.path[0] = f"{sys.prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
program = f"{sys.argv.pop(1)}.__main__"
__import__(program)
sys.modules[program].run()
