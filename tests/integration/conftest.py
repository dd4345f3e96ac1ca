"""A live gateway on a migrated database of its own, and a client of its admin API."""

import functools
from collections.abc import AsyncIterator

import argon2
import httpx
import pytest

from app.config import Settings
from tests.support.live import Live, serve

ADMIN_TOKEN = "token-of-the-tests-0123456789-abcdefghij"

TIMEOUT = 30.0
"""Seconds; a busy machine is slow."""


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Password hashes that cost nothing: a login takes 0.2 s of CPU otherwise."""
    cheap = functools.partial(argon2.PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(argon2, "PasswordHasher", cheap)


@pytest.fixture
def settings(sqlite_database_url: str) -> Settings:
    """Settings of the live gateway; a test module may override this fixture."""
    return Settings(
        database_url=sqlite_database_url,
        encryption_key="key-of-the-tests-0123456789-abcdefghijkl",
        admin_token=ADMIN_TOKEN,
        log_retention_days=36_500,  # tests write records of other days
        payload_retention_days=36_500,
    )


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    """A gateway on a real socket."""
    async with serve(settings) as live:
        yield live


@pytest.fixture
async def admin(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the live gateway that may use its admin API."""
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(
        base_url=live.url, headers=headers, timeout=TIMEOUT, trust_env=False
    ) as client:
        yield client
