"""The database: one engine, and the two kinds of session all else uses. Tables are next door in `tables/`.

This is the only place that begins, commits or rolls back.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import msgspec
from advanced_alchemy.exceptions import AdvancedAlchemyError
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.common.errors import Unavailable
from app.config import SettingsError

POOL_SIZE: Final = 10
ACQUIRE_SECONDS: Final = 1.0
OPEN_SECONDS: Final = 5.0
"""How long PostgreSQL may take for a connection, or for a sign of life of one that is there."""
BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process's (SQLite)."""
STATEMENT_SECONDS: Final = 30.0
NEW_FILE: Final = "PRAGMA page_size=16384"
"""What SQLite has to be told before the first table is made: a log record costs a quarter less than on 4 kB pages."""

_PRAGMAS: Final = (
    NEW_FILE,
    "PRAGMA journal_mode=wal",
    "PRAGMA synchronous=normal",
    f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}",
    "PRAGMA foreign_keys=on",
    "PRAGMA cache_size=-1000",  # kB of memory for each connection; the system caches the file anyway
)
_SQLITE_OUTAGES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# PostgreSQL manual, appendix A: connection, resources, operator intervention (statement timeout included),
# system; then serialization failure, deadlock, lock not available, read-only transaction.
_POSTGRES_OUTAGE_CLASSES: Final = frozenset({"08", "53", "57", "58"})
_POSTGRES_OUTAGES: Final = frozenset({"40001", "40P01", "55P03", "25006"})


class Database:
    """An async engine for SQLite (aiosqlite) or PostgreSQL (asyncpg).

    Sessions raise `Unavailable` when the database is stopped, locked, full, or all connections are taken.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database in (None, "", ":memory:"):
            raise SettingsError(
                "DATABASE_URL: SQLite needs a file; every connection would get an empty database of its own"
            )
        self.payload_folder = payload_folder(parsed)
        self.engine = _engine(parsed)
        if self.is_sqlite:
            self._reader = self.engine.execution_options(sqlite_begin="BEGIN")
        else:
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        # SQLite has one writer at a time. Writers of this process queue here, where they hold no connection,
        # so that they can't starve readers of the pool.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session to write in: committed at the end of the block, rolled back by an exception.

        :raises Unavailable:
        """
        turn: AbstractAsyncContextManager[None] = self._wait_for_turn() if self.is_sqlite else nullcontext()
        async with turn, self._session(self.engine) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session to read in: one consistent state, and no lock that a writer would wait for.

        :raises Unavailable:
        """
        async with self._session(self._reader) as session:
            yield session

    async def aclose(self) -> None:
        """Close all connections. Sessions in use are closed when they end."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _wait_for_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("The database is busy with other changes.", retry_after=BUSY_SECONDS) from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        try:
            async with AsyncSession(engine, expire_on_commit=False) as session:
                try:
                    # Asking SQLite ends by itself, after BUSY_SECONDS.
                    async with asyncio.timeout(None if self.is_sqlite else OPEN_SECONDS):
                        await session.connection()
                except Exception as error:  # whatever keeps us from a connection is an outage
                    raise _unavailable(error) from error
                yield session
        except (SQLAlchemyError, AdvancedAlchemyError, TimeoutError) as error:
            if is_outage(error):
                raise _unavailable(error) from error
            raise


def payload_folder(url: URL) -> Path | None:
    """Where payloads are stored in files, beside SQLite's own file; None on PostgreSQL, which has them in a table."""
    return Path(f"{url.database}-payloads") if url.get_backend_name() == "sqlite" else None


def is_outage(error: BaseException) -> bool:
    """Whether the database failed rather than the statement: it passes by itself or by an operator's hand."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return True
        if isinstance(cause, DBAPIError):
            if cause.connection_invalidated:
                return True
            code = getattr(cause.orig, "sqlite_errorcode", None)
            if code is not None:
                return code & 0xFF in _SQLITE_OUTAGES
            state = getattr(cause.orig, "sqlstate", None) or ""
            return state[:2] in _POSTGRES_OUTAGE_CLASSES or state in _POSTGRES_OUTAGES
        cause = cause.__cause__
    return False


def _unavailable(error: BaseException) -> Unavailable:
    return Unavailable(f"The database is not available ({type(error).__name__}).", retry_after=BUSY_SECONDS)


def _engine(url: URL) -> AsyncEngine:
    options: dict[str, Any] = {
        # A failed statement is logged; its parameters may be secrets.
        "hide_parameters": True,
        "json_serializer": _to_json,
        "json_deserializer": msgspec.json.decode,
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
        "pool_timeout": ACQUIRE_SECONDS,
        "pool_use_lifo": True,  # few connections have warm caches, and the rest costs no memory
    }
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, **options)
        event.listen(engine.sync_engine, "connect", _sqlite_connect)
        event.listen(engine.sync_engine, "begin", _sqlite_begin)
        return engine
    return create_async_engine(
        url,
        **options,
        pool_pre_ping=True,
        connect_args={
            "timeout": OPEN_SECONDS,
            # The client's own limit is for a server that has stopped answering at all.
            "command_timeout": STATEMENT_SECONDS + 5,
            "server_settings": {
                "application_name": "llm-gateway",
                "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
            },
        },
    )


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin on its own, and too late
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # What reads and then writes must take the write lock first: no busy timeout helps an upgrade.
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))
