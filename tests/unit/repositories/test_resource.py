"""Pages of rows: sorted, searched, counted; and ids and names nothing can have."""

from typing import Any

import pytest

from app.common.secrets import Keyring
from app.db.session import Database
from app.repositories.providers import ProviderRepository
from tests.support.configuration import Configuration


@pytest.fixture
async def filled(database: Database, keyring: Keyring) -> Database:
    async with database.transaction() as session:
        for name in ("one", "Two", "50%", "a_b", "axb"):
            await Configuration(session, keyring).provider(name, is_active=name != "Two")
    return database


async def page(
    database: Database, *, search: str | None = None, is_active: bool | None = None, **place: Any
) -> object:
    async with database.read() as session:
        providers = ProviderRepository(session)
        where = providers.matching(search=search, is_active=is_active)
        rows, total = await providers.page(*where, **{"sort": "id", "page": 1, "page_size": 10, **place})
        return [row.name for row in rows], total


@pytest.mark.parametrize(
    ("search", "names"),
    [
        (None, ["one", "Two", "50%", "a_b", "axb"]),
        ("O", ["one", "Two"]),
        ("%", ["50%"]),
        ("a_b", ["a_b"]),
        ("", ["one", "Two", "50%", "a_b", "axb"]),
        ("\0", []),
        ("'; DROP TABLE provider", []),
    ],
)
async def test_search_is_literal_and_ignores_case(
    filled: Database, search: str | None, names: list[str]
) -> None:
    assert await page(filled, search=search) == (names, len(names))


async def test_filters_pages_and_order(filled: Database) -> None:
    assert await page(filled, is_active=False) == (["Two"], 1)
    assert await page(filled, is_active=True, page_size=2) == (["one", "50%"], 4)
    assert await page(filled, page=2, page_size=2) == (["50%", "a_b"], 5)
    assert await page(filled, page=4, page_size=2) == ([], 5)
    assert await page(filled, page=1_000_000, page_size=200) == ([], 5)
    assert await page(filled, sort="-id", page_size=2) == (["axb", "a_b"], 5)
    assert await page(filled, sort="-created_at", page_size=1) == (["axb"], 5)


async def test_what_nothing_can_be_called(filled: Database) -> None:
    async with filled.read() as session:
        providers = ProviderRepository(session)
        for number in (0, -1, 2**63, 10**40):
            assert await providers.by_id(number) is None
        for name in ("", "ONE", "one\0", " one"):
            assert await providers.by_name(name) is None
        assert await providers.by_name("one") is not None
