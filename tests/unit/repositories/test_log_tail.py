"""The order in which a tail reads: nothing that is committed late is passed by."""

import time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.db.session import Database
from app.repositories.log_filters import LogFilter
from app.repositories.log_tail import LogTailRepository, Place
from app.services.retention import BATCHES_MS, Retention
from tests.support.clock import SetClock
from tests.support.logs import exchange, write

_INSERT = text(
    "INSERT INTO log_batch (transaction_id, first_request_id, written_at, request_ids)"
    " VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), :id, 0, :ids)"
)


async def end(database: Database) -> Place:
    async with database.read() as session:
        return await LogTailRepository(session).end()


async def after(database: Database, place: Place, limit: int = 100) -> tuple[list[str], Place]:
    async with database.read() as session:
        return await LogTailRepository(session).after(place, limit)


async def insert(session: AsyncSession, name: str) -> None:
    await session.execute(_INSERT, {"id": name, "ids": f'["{name}"]'})


async def test_a_transaction_that_is_open_for_long_holds_back_those_after_it(
    postgres_database_url: str,
) -> None:
    database = Database(postgres_database_url)
    begin = await end(database)
    async with database.transaction() as slow:
        await insert(slow, "slow")
        async with database.transaction() as quick:
            await insert(quick, "quick")
        assert await after(database, begin) == ([], begin)
        assert await after(database, await end(database)) == ([], await end(database))
    async with database.transaction() as last:
        await insert(last, "last")
        # the second id, but not before the first: that of the transaction counts
        found, place = await after(database, begin, 1)
        assert found == ["slow"]
        found, place = await after(database, place)
        assert found == ["quick"]
    assert (await after(database, place))[0] == ["last"]
    await database.aclose()


async def test_pages_and_filters(database: Database) -> None:
    begin = await end(database)
    batches = [[exchange(status=status) for status in (200, 500)] for _ in range(3)]
    for batch in batches:
        await write(database, batch)
    ids, place = await after(database, begin, 2)
    assert ids == [each.request_id for batch in batches[:2] for each in batch]
    rest, place = await after(database, place, 2)
    assert rest == [each.request_id for each in batches[2]]
    assert await after(database, place) == ([], place)
    async with database.read() as session:
        rows = await LogTailRepository(session).rows([*rest, *ids], LogFilter(status_min=500))
    assert [row.request_id for row in rows] == [rest[1], ids[1], ids[3]]


async def test_old_batches_go_and_places_stay_good(database: Database) -> None:
    await write(database, [exchange()])
    begin = await end(database)
    clock = SetClock(time.time())
    retention = Retention(database, Settings(log_retention_days=3650, payload_retention_days=3650), clock)
    assert (await retention.remove_expired()).batches == 0
    clock.pass_by(BATCHES_MS / 1000 + 60)
    assert (await retention.remove_expired()).batches == 1
    new = exchange()
    await write(database, [new])
    assert (await after(database, begin))[0] == [new.request_id]
