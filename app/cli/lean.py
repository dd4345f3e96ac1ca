"""Keeps the memory of a serving process small: fewer packages, fewer heaps, and what the start freed given back."""

import contextlib
import ctypes
import importlib
import sys
from types import ModuleType
from typing import cast

UNUSED = {
    "httpx": "rich",  # for its own command line
    "lark": "regex",  # for kinds of patterns that our grammar has none of
}
"""Packages, and the one each takes along where it finds it but can do without: 12 MB together."""

_M_ARENA_MAX = -8
"""`mallopt` of glibc, malloc.h."""


def import_lean() -> None:
    """Import the packages of `UNUSED` so. Later imports of what they did without work as ever."""
    for name, optional in UNUSED.items():
        known = sys.modules.get(optional)
        sys.modules[optional] = cast(ModuleType, None)  # an import fails
        try:
            importlib.import_module(name)
        finally:
            del sys.modules[optional]
            if known is not None:
                sys.modules[optional] = known


def one_heap() -> None:
    """Let all threads allocate from one heap (glibc only). Ours take turns by Python's lock as it is."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what was allocated and freed since the start, some 5 MB (glibc only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
