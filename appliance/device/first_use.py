"""Modules that are loaded when something in them is first used, not when something imports them.

The node's libraries import inspect for four questions they hardly ever ask, and with it a tenth of the time to the first page.
"""

import sys
from types import ModuleType


class Later(ModuleType):
    """Stands in ``sys.modules`` for a module that nobody has used yet; afterwards passes on what is asked of it."""

    def __getattr__(self, name):
        own = self.__dict__
        if "_real" not in own:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            own["_real"] = __import__(self.__name__)
        return getattr(own["_real"], name)


def at_first_use(*names):
    """Put off loading these modules (no submodules), those that are not loaded yet."""
    for name in names:
        sys.modules.setdefault(name, Later(name))
