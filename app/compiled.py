"""The hot path as machine code, where the installation has it: an experiment, made only where it is asked for.

`hatch_build.py` makes it with mypyc, from the sources beside it, into `app/native`: one library, and for each module a
door into it. Nothing there is found by Python itself. `app/__init__` calls `use`, which puts it in front of the sources
unless one of them has changed since, or `LLM_GATEWAY_COMPILE` is `0`: then all of them are taken, as if there were
nothing else. All or none, because compiled modules rely on each other's layout.

What mypyc does not do or does wrong, so that the modules in the list are without it (`tests/unit/test_compiled.py`
looks for the first six): asynchronous generators; structs that msgspec decodes (their annotations are lost); `await`
while an exception is handled (others see it as theirs); two exceptions caught under one name in a coroutine (the second
is taken for one of the first kind); classes derived from ours elsewhere; a private name that makes a word of C
(`_thread`). It takes a method of a subclass of `dict` for the dict's own, `msgspec.Raw` for the `bytes` it
is declared to be, and believes a type that was narrowed before an `await`: both raise TypeError. Names of a module are
looked up in a dict at each use unless they are `Final`. A class gains only where it has no ancestors elsewhere.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import source_hash, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

MODULES: Final = (
    "app.api.proxy.known_head",
    "app.api.proxy.turn",
    "app.common.driver",
    "app.common.headers",
    "app.common.ids",
    "app.common.outbox",
    "app.common.sanitizer",
    "app.common.shapes",
    "app.domain.exchange",
    "app.gateway.admission",
    "app.gateway.attempts",
    "app.gateway.body",
    "app.gateway.client",
    "app.gateway.guard",
    "app.gateway.head",
    "app.gateway.metrics",
    "app.gateway.pipeline",
    "app.gateway.record",
    "app.gateway.relay",
    "app.gateway.replies",
    "app.gateway.routing",
    "app.gateway.strategy",
    "app.gateway.upstream",
    "app.protocols.envelope",
    "app.protocols.sse",
    "app.protocols.usage",
    "app.providers.call",
    "app.providers.transport.answer",
    "app.providers.transport.connection",
    "app.providers.transport.pool",
    "app.providers.transport.request",
    "app.providers.transport.transport",
    "app.rules.deferred",
    "app.rules.recorded",
    "app.services.log_rows",
    "app.services.log_writer",
    "app.services.payload_rows",
)
"""What is compiled: all that every request runs through, as far as it gains by it."""

LIBRARY: Final = "llm_gateway__mypyc"
"""The module that holds the code of all of them."""
SWITCH: Final = "LLM_GATEWAY_COMPILE"
LIST: Final = "sources.txt"
"""In the folder: a line for each source that was compiled or read for it, its hash and its path."""

_ROOT: Final = Path(__file__).parent.parent
_why_not: str | None = "nobody has asked for it"


def why_not() -> str | None:
    """Why the sources are run; None where the compiled modules are."""
    return _why_not


def use() -> None:
    """Put the compiled modules before their sources, if they are of the same. For the first import of the package."""
    global _why_not
    folder = _ROOT / "app" / "native"
    _why_not = f"{SWITCH} is 0" if os.environ.get(SWITCH) == "0" else unfit(_ROOT, folder)
    if _why_not is None:
        finder = Finder(folder)
        sys.meta_path.insert(0, finder)
        try:
            import_module(LIBRARY)
        except ImportError as error:  # made for another machine
            sys.meta_path.remove(finder)
            _why_not = f"it can't be loaded: {error}"


def unfit(root: Path, folder: Path) -> str | None:
    """Why what is in the folder can't take the place of the sources; None where it can."""
    try:
        lines = (folder / LIST).read_text("utf-8").splitlines()
    except OSError:
        return "it was not made when this was installed (`just compile` makes it)"
    if not file_of(folder, LIBRARY).exists():
        return "it was made for another Python"
    for line in lines:
        known, _, path = line.partition(" ")
        if known != hash_of(root / path):
            return f"{path} has changed since"
    return None


def listing(root: Path, paths: Sequence[str]) -> str:
    """The text of the list."""
    return "".join(f"{hash_of(root / path)} {path}\n" for path in paths)


def hash_of(source: Path) -> str:
    """A hash such as those in .pyc files; empty for a file that is not there."""
    try:
        return source_hash(source.read_bytes()).hex()
    except OSError:
        return ""


def file_of(folder: Path, module: str) -> Path:
    return folder / f"{module}{EXTENSION_SUFFIXES[0]}"


class Finder:
    """Finds the compiled modules, by name, before Python looks for their sources."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: str(file_of(folder, name)) for name in (*MODULES, LIBRARY)}

    def find_spec(self, fullname: str, *_: Sequence[str] | ModuleType | None) -> ModuleSpec | None:
        """As `importlib.abc.MetaPathFinder` has it."""
        file = self._files.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=ExtensionFileLoader(fullname, file))
