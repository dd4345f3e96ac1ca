"""Exchanges to log, a log store that says when it has been at work, and a database that is shut."""

import asyncio
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # ships no types
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.common import ids
from app.db.session import Database
from app.db.tables.request_log import RequestLog
from app.domain.attempt import Attempt, Verdict
from app.domain.exchange import Exchange
from app.domain.provider import Protocol
from app.domain.usage import Usage, UsageSource
from app.repositories.log_store import LogStore, Rows, log_store
from app.repositories.payload_files import Payload
from app.repositories.request_logs import RequestLogRepository
from app.services.log_rows import log_row
from app.services.payload_rows import payload_row

NOW = 1_790_000_000.0
"""Seconds since the epoch: when the requests of the tests come, unless they say."""


def request_id(seconds: float) -> str:
    """A UUIDv7 of another time than now."""
    milliseconds = int(seconds * 1000)
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}{ids.request_id()[13:]}"


def exchange(**changes: Any) -> Exchange:
    """An ordinary exchange, with the changes the test is about."""
    time = changes.get("request_time", NOW)
    values: dict[str, Any] = {
        "request_id": request_id(time),
        "request_time": time,
        "protocol": Protocol.OPENAI,
        "method": "POST",
        "path": "/v1/chat/completions",
        "client_ip": "192.0.2.7",
        "revision": 3,
        "api_key_id": 1,
        "api_key_name": "team",
        "requested_model": "chat",
        "target_id": 5,
        "target_model": "chat-large",
        "provider_id": 2,
        "provider": "acme",
        "attempts": [Attempt(5, 2, "acme", "chat-large", 0.001, 0.2, 0.9, 200)],
        "trace": [Verdict(5, "acme", True), Verdict(6, "other", False, "body.temperature < 1", (0, 20))],
        "status": 200,
        "first_byte_delay": 0.2,
        "total_time": 0.9,
        "usage": Usage(12, 34, 5, 6),
        "usage_source": UsageSource.UPSTREAM,
        "request_size": 13,
        "response_size": 2,
        "request_headers": [(b"content-type", b"application/json")],
        "request_body": b'{"model":"c"}',
        "response_headers": [(b"content-type", b"application/json")],
        "response_body": b"{}",
    }
    values |= changes
    made = Exchange(
        *(values.pop(name) for name in ("request_id", "request_time", "protocol", "method", "path"))
    )
    for name, value in values.items():
        setattr(made, name, value)
    return made


class WatchedStore:
    """A log store that does its work, and says so."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self.batches: list[int] = []
        """Records of each batch that was written."""
        self.failures = 0
        self._changed = asyncio.Event()

    async def write(self, logs: Rows, payloads: Rows) -> None:
        try:
            await self._store.write(logs, payloads)
        except Exception:
            self.failures += 1
            raise
        else:
            self.batches.append(len(logs))
        finally:
            self._changed.set()

    async def close(self) -> None:
        await self._store.close()

    async def wait(self, *, written: int = 0, failures: int = 0) -> None:
        """Until so many records have been written, and so many batches have failed."""
        async with asyncio.timeout(20):
            while sum(self.batches) < written or self.failures < failures:
                self._changed.clear()
                await self._changed.wait()


async def write(database: Database, exchanges: list[Exchange]) -> None:
    """Store the records at once."""
    store = log_store(database)
    await store.write(
        [log_row(each) for each in exchanges], [payload_row(each, 65536, redacted=True) for each in exchanges]
    )
    await store.close()


async def counts(database: Database) -> tuple[int, int]:
    """How many log rows there are, and how many payloads that can be read."""
    async with database.read() as session:
        logs = RequestLogRepository(session)
        rows = list(await session.execute(select(*RequestLog.__table__.columns)))
        return len(rows), sum([await logs.payload(row) is not None for row in rows])


async def stored(database: Database, request_id: str) -> tuple[dict[str, Any], Payload | None]:
    """The row of a request, and its payload."""
    async with database.read() as session:
        logs = RequestLogRepository(session)
        row = await logs.log(request_id)
        assert row is not None
        return dict(row._mapping), await logs.payload(row)


async def shut(url: str) -> None:
    """Shut a PostgreSQL database off: its connections break, and new ones are refused."""
    await _on_server(
        url,
        "ALTER DATABASE {} ALLOW_CONNECTIONS false",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_setting('gateway.name')",
    )


async def reopen(url: str) -> None:
    """End what `shut` began."""
    await _on_server(url, "ALTER DATABASE {} ALLOW_CONNECTIONS true")


async def _on_server(url: str, *statements: str) -> None:
    there = make_url(url)
    server = there.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    connection = await asyncpg.connect(server, server_settings={"gateway.name": str(there.database)})
    try:
        for statement in statements:
            await connection.execute(statement.format(f'"{there.database}"'))
    finally:
        await connection.close()
