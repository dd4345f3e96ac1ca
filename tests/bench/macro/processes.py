"""Processes of the benchmark: started on a core of their own, their CPU time and memory read while they run."""

import contextlib
import ctypes
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None)


class Cores:
    """Which cores take what: the measured programs those of `measured`, all else that of `load`."""

    def __init__(self, workers: int = 1) -> None:
        """:param workers: processes of the gateway; more than one get all cores but the last."""
        everything = sorted(os.sched_getaffinity(0))
        self.load = {everything[-1]}
        self.measured = {everything[0]} if workers == 1 else set(everything[:-1]) or self.load
        if len(everything) == 1:
            self.load = self.measured = set(everything)

    def start(self, command: list[str], cores: set[int], **options: Any) -> subprocess.Popen[str]:
        """A process that runs on these cores only, from its first instruction on."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
        finally:
            os.sched_setaffinity(0, before)


def tree(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of a process tree so far: all threads, in nanoseconds' resolution."""
    total = 0.0
    for member in tree(pid):
        clock = ctypes.c_int()
        if _libc.clock_getcpuclockid(member, ctypes.byref(clock)) == 0:
            with contextlib.suppress(OSError):  # it has just ended
                total += time.clock_gettime(clock.value)
    return total


def memory_mib(pid: int) -> float:
    """Resident memory of a process tree, in MiB."""
    total = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{member}/status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def peak_mib(pid: int) -> float:
    """The most resident memory each process has had since `forget_peak`, together, in MiB."""
    total = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{member}/status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def forget_peak(pid: int) -> None:
    for member in tree(pid):
        with contextlib.suppress(OSError):
            Path(f"/proc/{member}/clear_refs").write_text("5")


def settled_cpu_seconds(pid: int, quiet: float = 0.35, patience: float = 10.0) -> float:
    """CPU time once the process rests: what it puts off until after the answer counts as well.

    :param quiet: seconds without work that count as rest; log records wait up to a quarter of a second to be written.
    """
    end = time.monotonic() + patience
    used = cpu_seconds(pid)
    rests_since = time.monotonic()
    while time.monotonic() < min(end, rests_since + quiet):
        time.sleep(0.05)
        now = cpu_seconds(pid)
        if now - used > 0.0005:
            rests_since = time.monotonic()
        used = now
    return used


def stop(process: subprocess.Popen[str], patience: float = 20.0) -> None:
    """End a process; the hard way when it does not listen."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
