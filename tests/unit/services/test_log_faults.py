"""The log writer while its database is locked, full, missing or stopped: nothing is lost or written twice after."""

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.repositories.log_store import LogStore, Rows, SqliteLogStore, log_store
from app.services.log_writer import BATCH, FIRST_DELAY, LONGEST_DELAY, LogWriter
from tests.support.logs import WatchedStore, exchange, reopen, shut
from tests.unit.gateway.builders import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    return sqlite_database_url


@contextlib.contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another program holds the write lock."""
    with contextlib.closing(
        sqlite3.connect(str(database.engine.url.database), isolation_level=None)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def impatient(database: Database) -> WatchedStore:
    return WatchedStore(SqliteLogStore(database, busy_seconds=0.01))


async def ids(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(RequestLog.request_id).order_by(RequestLog.request_id)))


async def test_a_locked_database_is_tried_again_until_it_opens(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = impatient(database)
    writer = LogWriter(database, Settings(), clock, store)
    records = [exchange() for _ in range(BATCH + 7)]
    with locked(database), caplog.at_level(logging.WARNING):
        writer.start()
        for record in records[:BATCH]:
            writer.put(record)
        delay = FIRST_DELAY
        for failures in range(1, 8):
            await store.wait(failures=failures)
            await clock.advance(delay * 0.9)
            assert store.failures == failures
            await clock.advance(delay * 0.1)
            delay = min(delay * 2, LONGEST_DELAY)
        await store.wait(failures=8)
        for record in records[BATCH:]:
            writer.put(record)
        figures = writer.figures
        assert writer.failing
        assert (figures.queued, figures.written, figures.dropped) == (BATCH + 7, 0, 0)
        assert figures.last_error == "The database is not available (database is locked)."
    await clock.advance(LONGEST_DELAY)
    assert await writer.close() == 0
    assert not writer.failing
    assert await ids(database) == sorted(record.request_id for record in records)
    assert [record.message.split(" ")[:4] for record in caplog.records] == [
        ["log", "records", "can't", "be"],
        ["log", "records", "are", "written"],
    ]


async def test_while_it_fails_records_are_kept_up_to_the_bound(
    database: Database, clock: ManualClock
) -> None:
    store = impatient(database)
    writer = LogWriter(database, Settings(log_queue_size=BATCH + 100), clock, store)
    records = [exchange() for _ in range(BATCH + 130)]
    with locked(database):
        writer.start()
        for record in records[:BATCH]:
            writer.put(record)
        await store.wait(failures=1)
        for record in records[BATCH:]:
            writer.put(record)
        assert (writer.figures.queued, writer.figures.dropped) == (BATCH + 100, 30)
    assert await writer.close() == 0
    assert await ids(database) == sorted(record.request_id for record in records[: BATCH + 100])


async def test_closing_while_it_fails_ends_in_time(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = impatient(database)
    writer = LogWriter(database, Settings(), clock, store)
    with locked(database), caplog.at_level(logging.ERROR):
        writer.start()
        for _ in range(BATCH):
            writer.put(exchange())
        await store.wait(failures=1)
        closing = asyncio.create_task(writer.close(seconds=3.0))
        await asyncio.sleep(0)  # closing has set its timer
        await clock.advance(3.0)
        assert await closing == BATCH
    assert (writer.figures.queued, writer.figures.dropped) == (0, BATCH)
    assert f"{BATCH} log records could not be written" in caplog.text


class FullStore(SqliteLogStore):
    """A disk with room for little more than what is on it."""

    room = 4

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + self.room}")
        return connection


async def test_a_full_disk_keeps_the_batch_until_there_is_room(
    database: Database, clock: ManualClock
) -> None:
    full = FullStore(database)
    store = WatchedStore(full)
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    for _ in range(BATCH):
        writer.put(exchange())
    await store.wait(failures=1)
    assert writer.figures.last_error == "The database is not available (database or disk is full)."
    assert await ids(database) == []
    full.room = 4000
    assert await writer.close() == 0
    assert len(await ids(database)) == BATCH


async def test_a_database_that_appears_later(
    tmp_path: Path, migrated_sqlite: Path, clock: ManualClock
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/later/gateway.db")
    store = WatchedStore(log_store(database))
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    for _ in range(BATCH):
        writer.put(exchange())
    await store.wait(failures=1)
    (tmp_path / "later").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "later" / "gateway.db")
    assert await writer.close() == 0
    assert len(await ids(database)) == BATCH
    await database.aclose()


class Uncertain:
    """A store whose first transactions are committed, while the news of it is lost on the way."""

    def __init__(self, store: LogStore, lost: int) -> None:
        self._store = store
        self._lost = lost

    async def write(self, logs: Rows, payloads: Rows) -> None:
        await self._store.write(logs, payloads)
        if self._lost:
            self._lost -= 1
            raise ConnectionResetError

    async def close(self) -> None:
        await self._store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_batch_that_was_written_after_all_is_not_written_twice(
    request: pytest.FixtureRequest, kind: str, clock: ManualClock
) -> None:
    database = Database(request.getfixturevalue(f"{kind}_database_url"))
    store = WatchedStore(Uncertain(log_store(database), lost=2))
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    records = [exchange() for _ in range(BATCH)]
    for record in records:
        writer.put(record)
    await store.wait(failures=1)
    assert writer.figures.last_error == "ConnectionResetError"
    await clock.advance(FIRST_DELAY)
    await store.wait(failures=2)
    assert await writer.close() == 0
    assert await ids(database) == sorted(record.request_id for record in records)
    assert (writer.figures.written, writer.figures.dropped) == (BATCH, 0)
    await database.aclose()


async def test_a_stopped_server_is_tried_again_until_it_is_back(
    postgres_database_url: str, clock: ManualClock
) -> None:
    database = Database(postgres_database_url)
    store = WatchedStore(log_store(database))
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    records = [exchange() for _ in range(3 * BATCH)]
    for record in records[:BATCH]:
        writer.put(record)
    await store.wait(written=BATCH)
    await shut(postgres_database_url)
    for record in records[BATCH:]:
        writer.put(record)
    await store.wait(failures=1)
    assert writer.failing
    await reopen(postgres_database_url)
    assert await writer.close() == 0
    assert await ids(database) == sorted(record.request_id for record in records)
    assert writer.figures.written == 3 * BATCH
    await database.aclose()
