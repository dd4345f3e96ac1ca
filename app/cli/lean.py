"""Keeps the memory of a serving process small: fewer packages, fewer heaps, and what the start freed given back.

Everything left out here is still there for who asks for it later: it is only not loaded along.
"""

import asyncio
import contextlib
import ctypes
import importlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any, Final

LATE: Final[dict[str, dict[str, str]]] = {"advanced_alchemy": {}, "uvicorn": {"Config": "uvicorn.config"}}
"""Packages that load all they have: their `__init__` waits until somebody asks the package itself for a name. With the
names that its own modules ask it for, and where those are."""
UNUSED: Final = {
    "httpx": ("click",),  # for its own command line
    "lark": ("regex",),  # for kinds of patterns that our grammar has none of
    # to take objects of their kinds, too
    "advanced_alchemy.repository": ("attrs", "cattrs", "litestar", "pydantic", "sqlmodel"),
}
"""Packages, and what each takes along where it finds it but can do without."""
FOREIGN: Final = tuple(f"sqlalchemy.dialects.{name}" for name in ("mssql", "mysql", "oracle", "postgresql"))
"""Where advanced-alchemy takes column types of single databases from. No table of ours has any of those."""
GIVE_BACK_SECONDS: Final = 10.0

_M_ARENA_MAX: Final = -8
"""`mallopt` of glibc, malloc.h."""
_MADV_DONTNEED: Final = 4
"""`madvise` of Linux, asm-generic/mman-common.h."""


def import_lean() -> None:
    """Import the packages of `UNUSED` so: some 20 MB and a quarter of a second less than whole."""
    for name in LATE:
        _import_late(name)
    with _in_place_of({name: _Dialect(name) for name in FOREIGN}):
        for name, others in UNUSED.items():
            with _in_place_of(dict.fromkeys(others)):
                importlib.import_module(name)


@contextlib.contextmanager
def _in_place_of(others: dict[str, Any]) -> Iterator[None]:
    """While it lasts, these modules are what is given: an import of None fails."""
    known = {name: sys.modules[name] for name in others if name in sys.modules}
    sys.modules.update({name: module for name, module in others.items() if name not in known})
    try:
        yield
    finally:
        for name in others.keys() - known.keys():
            del sys.modules[name]


class _Dialect(ModuleType):
    """Stands for a module of column types, each of which is `LargeBinary`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return importlib.import_module("sqlalchemy.types").LargeBinary


class _Late(ModuleType):
    """A package of which a module can be imported without running its `__init__`."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        place = LATE[self.__name__].get(name)
        if place is not None:
            return getattr(importlib.import_module(place), name)
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on it is like any other
        spec.loader.exec_module(self)
        return getattr(self, name)


def _import_late(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if name not in sys.modules and spec is not None:
        module = importlib.util.module_from_spec(spec)
        module.__class__ = _Late
        sys.modules[name] = module


def one_heap() -> None:
    """Let all threads allocate from one heap (glibc only). Ours take turns by Python's lock as it is."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what was allocated and freed (glibc only): 5 MB after the start, 10 after a burst of load.

    Takes up to 2 ms where there is much, and 0.1 ms where there is little.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def put_down_code() -> None:
    """Let go of the pages of programs and libraries (Linux only): of 25 MB that the start ran, 10 are run later.

    Those come back from the system's cache of the file when they are run, 64 kB at a time. Nothing that was written
    to is touched: only mappings that can't be written and hold no page of their own.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for begin, end in _pages_of_files():
            libc.madvise(begin, end - begin, _MADV_DONTNEED)


def _pages_of_files() -> list[tuple[int, int]]:
    """First address and the one behind the last, of what is the same in memory and in the file (proc(5), smaps)."""
    found: list[tuple[int, int]] = []
    begin, end, candidate = 0, 0, False
    with open("/proc/self/smaps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("Anonymous:"):
                if candidate and int(line.split()[1]) == 0:
                    found.append((begin, end))
            elif line[0] in "0123456789abcdef":  # a mapping: range, rights, offset, device, inode, name
                addresses, rights, _, _, inode, *_ = line.split()
                begin, end = (int(address, 16) for address in addresses.split("-"))
                candidate = "w" not in rights and rights.endswith("p") and inode != "0"
    return found


@contextlib.asynccontextmanager
async def giving_back(sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> AsyncIterator[None]:
    """While it lasts, what a burst of load has left is given back soon after."""

    async def give() -> None:
        while True:
            await sleep(GIVE_BACK_SECONDS)
            await asyncio.to_thread(give_back)

    giving = asyncio.create_task(give())
    try:
        yield
    finally:
        giving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await giving
