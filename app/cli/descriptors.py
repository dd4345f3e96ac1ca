"""The limit of open files: each request under way has two, its client's connection and its upstream's."""

import contextlib
import sys

PER_REQUEST = 2
_ENOUGH = 1_048_576
"""Asked for where the system names no limit; more is refused (Linux' `fs.nr_open` as it comes)."""


def raise_limit() -> None:
    """Raise the soft limit to the hard one: many systems start programs with 1,024, which is 500 streams.

    Worker processes inherit it. A system that refuses leaves it as it is.
    """
    if sys.platform == "win32":
        return
    import resource  # absent on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _finite(hard)
    if _finite(soft) < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def hard_limit() -> int | None:
    """Open files that a process can have once `raise_limit` was called; None where no such limit is known."""
    if sys.platform == "win32":
        return None
    import resource  # absent on Windows

    return _finite(resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _finite(limit: int) -> int:
    """RLIM_INFINITY is -1 in Python on Linux, the greatest number elsewhere."""
    return min(limit, _ENOUGH) if limit >= 0 else _ENOUGH
