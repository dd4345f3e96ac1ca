"""The benchmark's upstream and callers, in C: in Python they would cost more than what they measure."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "c"
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]


class CannotRun(Exception):
    """This machine lacks something the benchmark needs. The message says what, and how to get it."""


def compiler() -> str:
    """The C compiler: `$CC`, or the first of `cc`, `gcc`, `clang` that is installed.

    :raises CannotRun: there is none, or this is not Linux.
    """
    if sys.platform != "linux":
        raise CannotRun("The benchmark's upstream and callers need Linux (epoll). `--micro` runs everywhere.")
    for name in filter(None, (os.environ.get("CC"), "cc", "gcc", "clang")):
        if found := shutil.which(name):
            return found
    raise CannotRun(
        "No C compiler: the benchmark's upstream and callers are two small C programs. Install one (Debian: gcc "
        "and libc6-dev), or name yours in CC. `--micro` runs without."
    )


def program(name: str) -> Path:
    """`upstream` or `load`, compiled unless a copy made of the same source lies in the user's cache.

    :raises CannotRun: there is no compiler, or it fails.
    """
    command = [compiler(), *FLAGS]
    source = SOURCES / f"{name}.c"
    made_of = hashlib.sha256("\0".join(command).encode() + source.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llm-gateway-bench"
    ready = cache / f"{name}-{made_of}"
    if ready.is_file():
        return ready
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:  # renamed when whole: others may compile the same
        fresh = Path(folder) / name
        done = subprocess.run([*command, "-o", fresh, source], capture_output=True, text=True)
        if done.returncode:
            raise CannotRun(f"{command[0]} can't compile {source.name}:\n{done.stderr}")
        fresh.replace(ready)
    return ready
