"""Password hashes: argon2id (RFC 9106) in threads, few at a time. What is no password gets a keyed hash instead."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SLOTS = 2
"""Hashes computed at once: each takes 64 MiB and about 0.2 s of CPU."""


class Passwords:
    """Makes and checks password hashes.

    :param hasher: argon2's own defaults (RFC 9106, second recommended option) unless given.
    """

    def __init__(self, hasher: "PasswordHasher | None" = None) -> None:
        self._hasher = hasher
        self._nobody: str | None = None
        self._slots = asyncio.Semaphore(SLOTS)

    async def make(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._make, password)

    async def check(self, stored: str | None, password: str) -> bool:
        """Whether `password` made `stored`. With None (no such user) the same work is done in vain, to take as long."""
        async with self._slots:
            return await asyncio.to_thread(self._check, stored, password)

    def _make(self, password: str) -> str:
        return self._argon2().hash(password)

    def _check(self, stored: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._argon2()
        if self._nobody is None:
            self._nobody = hasher.hash("nobody's password")
        try:
            return hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def _argon2(self) -> "PasswordHasher":
        if self._hasher is None:
            from argon2 import PasswordHasher  # not needed to start

            self._hasher = PasswordHasher()
        return self._hasher
