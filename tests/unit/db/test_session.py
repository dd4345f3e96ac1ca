"""The two kinds of session, and what becomes of a database's failures."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.common.errors import Unavailable
from app.config import SettingsError
from app.db.session import POOL_SIZE, Database
from app.db.tables.meta import MetaRow


async def put(database: Database, key: str, value: str) -> None:
    async with database.transaction() as session:
        session.add(MetaRow(key=key, value=value))


async def value_of(database: Database, key: str) -> str | None:
    async with database.read() as session:
        row = await session.get(MetaRow, key)
        return row.value if row else None


async def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    async with database.transaction() as session:
        session.add(MetaRow(key="a", value="1"))
        await session.flush()
        assert await value_of(database, "a") is None
    assert await value_of(database, "a") == "1"


async def test_an_exception_rolls_back(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            session.add(MetaRow(key="a", value="1"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await value_of(database, "a") is None


async def test_a_read_session_sees_one_state(database: Database) -> None:
    async with database.read() as session:
        before = (await session.execute(text("SELECT count(*) FROM meta"))).scalar()
        await put(database, "a", "1")
        after = (await session.execute(text("SELECT count(*) FROM meta"))).scalar()
    assert before == after == 0
    assert await value_of(database, "a") == "1"


async def test_what_reads_then_writes_loses_no_update(database: Database) -> None:
    await put(database, "counter", "0")

    async def increment() -> None:
        async with database.transaction() as session:
            row = await session.get(MetaRow, "counter", with_for_update=True)
            assert row is not None
            row.value = str(int(row.value) + 1)

    await asyncio.gather(*(increment() for _ in range(POOL_SIZE)))
    assert await value_of(database, "counter") == str(POOL_SIZE)


async def test_a_broken_constraint_is_no_outage(database: Database) -> None:
    await put(database, "a", "1")
    with pytest.raises(IntegrityError) as caught:
        await put(database, "a", "secret-value")
    assert "secret-value" not in str(caught.value)


async def test_all_connections_taken(database: Database) -> None:
    async with asyncio.timeout(10):
        sessions = [database.read() for _ in range(POOL_SIZE)]
        for session in sessions:
            await session.__aenter__()
        with pytest.raises(Unavailable):
            await value_of(database, "a")
        for session in sessions:
            await session.__aexit__(None, None, None)
    assert await value_of(database, "a") is None


async def test_many_writers_leave_connections_to_readers(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)
    async with database.transaction() as session:
        writers = [asyncio.create_task(put(database, f"k{n}", "1")) for n in range(3 * POOL_SIZE)]
        await asyncio.sleep(0)
        assert await value_of(database, "k0") is None
        session.add(MetaRow(key="mine", value="1"))
    await asyncio.gather(*writers)
    assert await value_of(database, "k29") == "1"
    await database.aclose()


async def test_sqlite_locked_by_another_process(
    sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.session._PRAGMAS", ("PRAGMA journal_mode=wal", "PRAGMA busy_timeout=10"))
    database = Database(sqlite_database_url)
    await put(database, "a", "1")
    other = sqlite3.connect(sqlite_database_url.partition(":///")[2], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable):
        await put(database, "b", "1")
    assert await value_of(database, "a") == "1"
    other.execute("ROLLBACK")
    other.close()
    await put(database, "b", "1")
    await database.aclose()


async def test_sqlite_full(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)

    async def fill() -> None:
        async with database.transaction() as session:
            await session.execute(text("PRAGMA max_page_count=1"))
            session.add(MetaRow(key="a", value="x" * 1_000_000))

    with pytest.raises(Unavailable):
        await fill()
    await database.aclose()


async def test_postgres_stopped(unused_tcp_port: int) -> None:
    database = Database(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")
    with pytest.raises(Unavailable):
        await value_of(database, "a")
    await database.aclose()


async def test_postgres_cuts_the_connection(postgres_database_url: str) -> None:
    database = Database(postgres_database_url)
    with pytest.raises(Unavailable):
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await put(database, "a", "1")
    await database.aclose()


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/missing/gateway.db")
    with pytest.raises(Unavailable):
        await value_of(database, "a")
    await database.aclose()
    for thread in threading.enumerate():  # aiosqlite's ends by itself, but has to find the event loop open
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_sqlite_in_memory_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Database(url)
