"""Retention: what has expired goes, a few rows at a time, and nothing else does."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.common.errors import Unavailable
from app.config import Settings
from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.repositories.request_logs import first_id
from app.services.retention import CHUNK, EVERY_SECONDS, PAUSE_SECONDS, RETRY_SECONDS, Removed, Retention
from tests.support.logs import NOW, counts, exchange, reopen, request_id, shut, write
from tests.unit.gateway.builders import ManualClock

DAY = 24 * 3600


class Calendar(ManualClock):
    """A wall clock that moves with the sleeps, from `NOW`, and stands still after twenty."""

    def __init__(self) -> None:
        super().__init__()
        self.stands = asyncio.Event()

    def time(self) -> float:
        return NOW + self.now - 1000

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == 20:
            self.stands.set()
            await asyncio.Event().wait()
        await super().sleep(seconds)


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


async def test_each_kind_goes_in_its_own_time(database: Database, clock: Calendar) -> None:
    ages = [0, 6.99, 7.01, 89.99, 90.01, 400]
    await write(database, [exchange(request_time=NOW - age * DAY) for age in ages])
    retention = Retention(database, Settings(), clock)
    assert await retention.remove_expired() == Removed(logs=2, payloads=4)
    async with database.read() as session:
        times = list(await session.scalars(select(RequestLog.request_time)))
        assert sorted(times) == sorted(int((NOW - age * DAY) * 1000) for age in ages[:4])
    assert await counts(database) == (4, 2)
    assert await retention.remove_expired() == Removed(logs=0, payloads=0)


async def test_a_payload_never_outlives_its_log_row(database: Database, clock: Calendar) -> None:
    await write(database, [exchange(request_time=NOW - age * DAY) for age in (1, 3)])
    settings = Settings(log_retention_days=2, payload_retention_days=30)
    assert await Retention(database, settings, clock).remove_expired() == Removed(logs=1, payloads=1)


async def test_many_rows_go_in_chunks_with_pauses(database: Database, clock: Calendar) -> None:
    old = [exchange(request_time=NOW - 100 * DAY + number) for number in range(2 * CHUNK + 3)]
    await write(database, [*old, exchange()])
    removed = await Retention(database, Settings(), clock).remove_expired()
    assert removed == Removed(logs=2 * CHUNK + 3, payloads=2 * CHUNK + 3)
    assert clock.slept == [PAUSE_SECONDS] * (2 if database.is_sqlite else 4)  # payloads in files have none
    assert await counts(database) == (1, 1)


async def test_it_runs_at_once_and_every_hour(database: Database, clock: Calendar) -> None:
    hours = [exchange(request_time=NOW - 90 * DAY + hour * 3600 - 60) for hour in range(21)]
    await write(database, hours)
    running = asyncio.create_task(Retention(database, Settings(), clock).run())
    await clock.stands.wait()
    running.cancel()
    await asyncio.wait({running})
    assert clock.slept == [EVERY_SECONDS] * 20
    assert await counts(database) == (0, 0)


async def test_a_database_that_does_not_answer_is_tried_again_soon(
    postgres_database_url: str, clock: Calendar
) -> None:
    database = Database(postgres_database_url)
    await shut(postgres_database_url)
    with pytest.raises(Unavailable):
        await Retention(database, Settings(), clock).remove_expired()
    running = asyncio.create_task(Retention(database, Settings(), clock).run())
    await clock.stands.wait()
    running.cancel()
    await asyncio.wait({running})
    assert clock.slept == [RETRY_SECONDS] * 20
    await reopen(postgres_database_url)
    await database.aclose()


def test_no_time_is_before_the_first() -> None:
    assert first_id(-5) == first_id(0) == "00000000-0000-0000-0000-000000000000"


@given(st.integers(1, 2**44), st.integers(1, 10**9))
def test_the_first_id_of_a_time_is_between_those_before_and_after(milliseconds: int, step: int) -> None:
    assert (
        request_id((milliseconds - 1) / 1000)
        < first_id(milliseconds)
        < request_id((milliseconds + step) / 1000)
    )


async def test_on_sqlite_what_was_removed_is_gone_from_the_file(
    sqlite_database_url: str, clock: Calendar, tmp_path: Path
) -> None:
    database = Database(sqlite_database_url)
    canary = b"canary-of-a-prompt "
    old = [exchange(request_time=NOW - 100 * DAY, request_body=canary * 400) for _ in range(20)]
    await write(database, [*old, exchange()])
    await Retention(database, Settings(), clock).remove_expired()
    await database.aclose()  # the last connection moves the journal into the file
    assert bytes_of(tmp_path).count(canary) == 0


def bytes_of(folder: Path) -> bytes:
    return b"".join(
        file.read_bytes() for file in folder.rglob("*") if file.is_file() and "gateway.db" in str(file)
    )
