"""The log writer in good times: when it writes, what it keeps, what it turns away."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.repositories.log_store import log_store
from app.services import log_writer
from app.services.log_writer import BATCH, FLUSH_SECONDS, LogWriter
from tests.support.logs import WatchedStore, counts, exchange, stored
from tests.unit.gateway.builders import ManualClock

KEY = "gwk_0123456789abcdefghijABCDEFGHIJ01"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(database: Database) -> WatchedStore:
    return WatchedStore(log_store(database))


async def test_a_record_waits_for_others_for_a_moment(
    database: Database, store: WatchedStore, clock: ManualClock
) -> None:
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    writer.put(exchange())
    await clock.advance(0)  # the writer sees the first record, and sets its timer
    writer.put(exchange())
    await clock.advance(FLUSH_SECONDS / 2)
    assert writer.figures.queued == 2
    await clock.advance(FLUSH_SECONDS / 2)
    await store.wait(written=2)
    assert store.batches == [2]
    assert await counts(database) == (2, 2)
    assert await writer.close() == 0
    assert writer.figures == log_writer.LogFigures(
        queued=0,
        written=2,
        dropped=0,
        bodies_dropped=0,
        failing=False,
        last_error=None,
        last_write=clock.time(),
    )


async def test_a_whole_batch_does_not_wait(
    database: Database, store: WatchedStore, clock: ManualClock
) -> None:
    writer = LogWriter(database, Settings(), clock, store)
    writer.start()
    for _ in range(BATCH):
        writer.put(exchange())
    await store.wait(written=BATCH)
    assert store.batches == [BATCH]
    await writer.close()


async def test_closing_writes_what_waits_and_takes_nothing_more(
    database: Database, clock: ManualClock
) -> None:
    writer = LogWriter(database, Settings(), clock)
    writer.start()
    for _ in range(BATCH * 3 + 1):
        writer.put(exchange())
    assert await writer.close() == 0
    assert await counts(database) == (BATCH * 3 + 1, BATCH * 3 + 1)
    writer.put(exchange())
    assert (writer.figures.queued, writer.figures.dropped) == (0, 1)


async def test_records_beyond_the_bound_are_dropped_and_counted(
    database: Database, clock: ManualClock
) -> None:
    writer = LogWriter(database, Settings(log_queue_size=5), clock)
    for _ in range(8):
        writer.put(exchange())
    assert (writer.figures.queued, writer.figures.dropped) == (5, 3)
    writer.start()
    assert await writer.close() == 0
    assert await counts(database) == (5, 5)


async def test_a_writer_that_was_never_started_says_what_it_lost(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    writer = LogWriter(database, Settings(), clock)
    writer.put(exchange())
    with caplog.at_level(logging.ERROR):
        assert await writer.close() == 1
    assert "1 log records could not be written" in caplog.text
    assert writer.figures.dropped == 1


async def test_a_record_put_again_is_there_once_and_as_it_was(database: Database, clock: ManualClock) -> None:
    writer = LogWriter(database, Settings(), clock)
    writer.start()
    first = exchange(status=200)
    writer.put(first)
    writer.put(exchange(status=500, request_id=first.request_id))
    await writer.close()
    assert await counts(database) == (1, 1)
    async with database.read() as session:
        assert await session.scalar(select(RequestLog.status)) == 200


async def test_bodies_that_wait_have_a_budget(database: Database, clock: ManualClock) -> None:
    size = 1024 * 1024
    fitting = log_writer.BODY_BUDGET // size
    writer = LogWriter(database, Settings(log_payload_max_bytes=size), clock)
    body = b"x " * (size // 2)
    records = [exchange(request_body=body, request_size=size, response_body=b"") for _ in range(fitting + 2)]
    for record in records:
        writer.put(record)
    assert writer.figures.bodies_dropped == 2
    assert writer.figures.dropped == 0
    assert [len(record.request_body) for record in records[-3:]] == [size, 0, 0]
    await writer.close()


async def test_facts_that_wait_count_for_the_budget(database: Database, clock: ManualClock) -> None:
    size = 1024 * 1024
    writer = LogWriter(database, Settings(log_payloads="off"), clock)
    facts = b'{"endpoint":"' + b"x" * (size - 15) + b'"}'
    records = [exchange(facts=facts) for _ in range(log_writer.BODY_BUDGET // size + 1)]
    for record in records:
        writer.put(record)
    assert [record.facts for record in records[-2:]] == [facts, None]
    await writer.close()


async def test_records_with_large_bodies_go_in_small_batches(
    database: Database, store: WatchedStore, clock: ManualClock
) -> None:
    size = log_writer.GREATEST_BATCH_BYTES // 4
    writer = LogWriter(database, Settings(log_payload_max_bytes=size), clock, store)
    for _ in range(10):
        writer.put(exchange(request_body=b"x " * (size // 2), request_size=size, response_body=b""))
    writer.start()
    assert await writer.close() == 0
    assert store.batches == [4, 4, 2]


async def test_long_bodies_are_let_go_of_at_once(database: Database, clock: ManualClock) -> None:
    writer = LogWriter(database, Settings(log_payload_max_bytes=10), clock)
    record = exchange(request_body=b"x" * 1000, request_size=1000)
    writer.put(record)
    assert record.request_body == b"x" * 10
    await writer.close()


async def test_a_record_that_makes_no_row_keeps_no_other_from_being_written(
    database: Database, clock: ManualClock
) -> None:
    writer = LogWriter(database, Settings(), clock)
    writer.start()
    for total_time in (1.0, float("nan"), 2.0):
        writer.put(exchange(total_time=total_time))
    assert await writer.close() == 0
    assert await counts(database) == (2, 2)
    assert writer.figures.dropped == 1


@pytest.mark.parametrize("refused", [{"status": 2**70}, {"revision": -(2**70)}])
async def test_a_row_the_database_refuses_keeps_no_other_from_being_written(
    database: Database, clock: ManualClock, refused: dict[str, int]
) -> None:
    writer = LogWriter(database, Settings(), clock)
    writer.start()
    for number in range(50):
        writer.put(exchange(**refused) if number == 17 else exchange())
    assert await writer.close() == 0
    assert await counts(database) == (49, 49)
    assert (writer.figures.written, writer.figures.dropped) == (49, 1)
    assert not writer.failing


def bytes_of(folder: Path) -> bytes:
    """The database's files as they lie there."""
    return b"".join(
        file.read_bytes() for file in folder.rglob("*") if file.is_file() and "gateway.db" in str(file)
    )


class TestPayloads:
    """On SQLite, whose file can be searched."""

    @pytest.fixture
    def database_url(self, sqlite_database_url: str) -> str:
        return sqlite_database_url

    @pytest.fixture(params=["full", "redacted", "off"])
    def settings(self, request: pytest.FixtureRequest) -> Settings:
        return Settings(log_payloads=request.param)

    async def test_credentials_reach_no_table_in_any_mode(
        self, database: Database, settings: Settings, tmp_path: Path
    ) -> None:
        headers = [
            (b"authorization", b"Bearer " + KEY.encode()),
            (b"x-api-key", KEY.encode()),
            (b"cookie", KEY.encode()),
            (b"x-other", b"marker-of-a-header " + KEY.encode()),
        ]
        writer = LogWriter(database, settings)
        writer.start()
        writer.put(exchange(request_headers=headers, response_headers=headers, path=f"/v1/x?key={KEY}"))
        assert await writer.close() == 0
        content = bytes_of(tmp_path)
        assert KEY[4:].encode() not in content
        assert (b"marker-of-a-header" in content) == (settings.log_payloads != "off")

    async def test_bodies_are_stored_whole_masked_or_not_at_all(
        self, database: Database, settings: Settings
    ) -> None:
        body = b'{"content":"the key sk-abcdefghijklmnopqrstuvwxyz is mine"}'
        writer = LogWriter(database, settings)
        writer.start()
        record = exchange(request_body=body, request_size=len(body))
        writer.put(record)
        await writer.close()
        _, payload = await stored(database, record.request_id)
        assert (payload and payload.request_body) == {
            "full": body,
            "redacted": b'{"content":"the key sk-***...*** is mine"}',
            "off": None,
        }[settings.log_payloads]
