"""A query that takes too long is stopped, on either database."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.session import Database
from app.repositories.deadline import QueryTooSlow, deadline

ENDLESS = text(
    "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n > 0) SELECT max(n) FROM number"
)


async def test_a_query_without_end_is_stopped(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(QueryTooSlow):
            async with deadline(session, 0.05):
                await session.execute(ENDLESS)
    async with database.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_quick_query_has_its_answer(database: Database) -> None:
    async with database.read() as session:
        async with deadline(session, 5):
            assert await session.scalar(text("SELECT 1")) == 1
        assert await session.scalar(text("SELECT 2")) == 2


async def test_another_fault_stays_what_it_is(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(DBAPIError):
            async with deadline(session, 5):
                await session.execute(text("SELECT * FROM nowhere"))
