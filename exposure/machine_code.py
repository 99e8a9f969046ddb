"""Modules of machine code (numba), which are compiled on their first run."""

import atexit
import shutil
import tempfile
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def load(name: str) -> ModuleType:
    """Import a module whose machine code is kept beside the package, or in the user's cache, once it is compiled.

    Where neither can be written (a read-only container without a home), it is compiled again for each run.
    """
    try:
        return import_module(name)
    except RuntimeError:  # numba's "no locator available"
        from numba.core import config

        room = tempfile.mkdtemp(prefix="exposure-")
        atexit.register(shutil.rmtree, room, ignore_errors=True)
        config.CACHE_DIR = room  # type: ignore[attr-defined]
        return import_module(name)
