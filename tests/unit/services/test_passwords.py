"""Password hashes: right, wrong, and nobody's."""

import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher

from app.services.passwords import SLOTS, Passwords


class Cheap(PasswordHasher):
    """Argon2 at its least cost; notes how often and how many at once it worked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self.full = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.at_once == SLOTS:
            self.full.set()
        self.gate.wait(5)
        try:
            return super().verify(hash, password)
        finally:
            self.at_once -= 1


@pytest.fixture
def hasher() -> Cheap:
    return Cheap()


async def test_only_the_right_password_passes(hasher: Cheap) -> None:
    passwords = Passwords(hasher)
    stored = await passwords.make("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert "horse" not in stored
    assert await passwords.check(stored, "correct horse battery")
    assert not await passwords.check(stored, "correct horse batterie")
    assert not await passwords.check("no hash at all", "correct horse battery")


async def test_an_unknown_user_costs_as_much(hasher: Cheap) -> None:
    passwords = Passwords(hasher)
    assert not await passwords.check(None, "nobody's password")
    assert hasher.verified == 1


async def test_no_more_than_two_are_computed_at_once(hasher: Cheap) -> None:
    passwords = Passwords(hasher)
    hasher.gate.clear()
    checks = [asyncio.create_task(passwords.check(None, "x")) for _ in range(10)]
    await asyncio.to_thread(hasher.full.wait, 5)
    hasher.gate.set()
    await asyncio.gather(*checks)
    assert hasher.verified == 10
    assert hasher.most_at_once == SLOTS


def test_the_default_is_argon2id_of_rfc_9106() -> None:
    assert Passwords()._make("x" * 12).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
