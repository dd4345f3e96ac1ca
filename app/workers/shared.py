"""Memory that all workers see, and locks between them. Made before the first worker; a dead worker leaves no lock."""

import contextlib
import fcntl
import mmap
import os
from collections.abc import Iterator

KEYS = 1 << 20
"""Numbers for API keys, by id. Two keys share one only once a million have been made."""
LOGINS = 8192 * 11
"""Numbers for failed logins; `services/shared_logins.py` divides them up."""

_NUMBER = 8
_SECRET = 16
_END = (KEYS + LOGINS) * _NUMBER


def make() -> int:
    """A descriptor of new shared memory, zero but for a secret. Pages that nobody has used take no memory.

    `leave` puts a text behind it, for `left` to read.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("llm-gateway")
    else:
        import tempfile  # large, and seldom needed

        descriptor, name = tempfile.mkstemp(prefix="llm-gateway-")
        os.unlink(name)
    os.ftruncate(descriptor, _END)
    os.pwrite(descriptor, os.urandom(_SECRET), _END)
    return descriptor


def leave(descriptor: int, text: str) -> None:
    os.pwrite(descriptor, text.encode(), _END + _SECRET)


def left(descriptor: int) -> str:
    return os.pread(descriptor, 1 << 20, _END + _SECRET).decode()


class Shared:
    """One process's view. `keys` and `logins` are sequences of doubles.

    A double is read and written by one instruction, so that no reader sees half of one.
    """

    LOGIN = 0
    """A lock, as the next one."""
    REPLAY = 1

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        numbers = memoryview(mmap.mmap(descriptor, _END)).cast("d")
        self.keys = numbers[:KEYS]
        self.logins = numbers[KEYS:]
        self.secret = os.pread(descriptor, _SECRET, _END)
        """For hashing, so that no client can choose its place in the tables."""

    @contextlib.contextmanager
    def locked(self, lock: int) -> Iterator[None]:
        """Wait for the lock; only for what is done in microseconds. Not between threads of one process."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, lock)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, lock)

    @contextlib.contextmanager
    def turn(self, lock: int) -> Iterator[bool]:
        """Whether the lock could be had at once; it is held to the end of the block."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, lock)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, lock)
