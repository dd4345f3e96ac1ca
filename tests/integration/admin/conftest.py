"""A client of the admin API of a live gateway, once per kind of database."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.config import Settings
from tests.integration.conftest import ADMIN_TOKEN
from tests.support.live import Live, serve


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[Live]:
    """A live gateway; a test that asks for it, or for `api`, runs on SQLite and on PostgreSQL."""
    settings = Settings(
        database_url=database_url,
        encryption_key="key-of-the-tests-0123456789-abcdefghijkl",
        admin_token=ADMIN_TOKEN,
    )
    async with serve(settings) as live:
        yield live


@pytest.fixture
async def api(both: Live) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(
        base_url=f"{both.url}/api/admin", headers=headers, trust_env=False
    ) as client:
        yield client
