"""Writing log rows, many at a time: every INSERT on the two log tables. Queries are next door in `request_logs.py`.

A batch is one transaction, and rows that are there already stay as they are: writing a batch again does no harm.
It leaves a row of `log_batch`, for those who follow what is written (`log_tail.py`).
"""

import asyncio
import importlib
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, cast

import msgspec
from sqlalchemy import Boolean, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.common.errors import Unavailable
from app.db.session import Database
from app.db.tables.base import Base
from app.db.tables.request_log import RequestLog
from app.db.tables.request_payload import RequestPayload
from app.repositories.payload_files import PayloadWriter, Place

Row: TypeAlias = tuple[Any, ...]
"""In the order of the table's columns. Flags may be 0 and 1, or booleans."""
Rows: TypeAlias = Sequence[Row]

BUSY_SECONDS: Final = 1.0

_PIECES: Final = (250, 50, 10, 1)
"""Rows per statement on SQLite, so that a few prepared statements serve every batch."""
_ROW_FAULTS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)
_ROW_FAULT_CLASSES: Final = ("22", "23")
"""PostgreSQL manual, appendix A: data exceptions and integrity violations."""


_BATCH: Final = (
    "INSERT INTO log_batch (transaction_id, first_request_id, written_at, request_ids) VALUES ({})"
    " ON CONFLICT DO NOTHING"
)
_SQLITE_BATCH: Final = _BATCH.format("0, ?, ?, ?")
_POSTGRES_BATCH: Final = _BATCH.format("CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), $1, $2, $3")


class RowsRefused(Exception):
    """The database is well, but one of the rows can't be stored."""


class LogStore(Protocol):
    async def write(self, logs: Rows, payloads: Rows) -> None:
        """Write rows of `request_log` and `request_payload`, all or none.

        :raises Unavailable: nothing is known to be written; to be tried again.
        :raises RowsRefused:
        """

    async def close(self) -> None: ...


def log_store(database: Database) -> LogStore:
    return SqliteLogStore(database) if database.is_sqlite else PostgresLogStore(database)


class SqliteLogStore:
    """Writes over a connection of its own in a thread of its own, and payloads to files.

    A busy event loop gives a thread its turn every 5 ms only (Python's switch interval), and SQLite's driver asks for a
    turn after every statement: many rows in one statement keep a batch to a few turns.
    """

    def __init__(self, database: Database, busy_seconds: float = BUSY_SECONDS) -> None:
        """:param busy_seconds: how long a batch waits for another writer before it counts as failed."""
        dialect = database.engine.dialect
        self._arguments = dialect.create_connect_args(database.engine.url)
        self._busy_seconds = busy_seconds
        self._insert = _Pieces(_insert(RequestLog, dialect))
        self._files = PayloadWriter(cast(Path, database.payload_folder))
        self._stored: tuple[Rows, dict[str, Place]] = (), {}
        """The payloads of a batch that failed, and where they are already."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
        self._connection: sqlite3.Connection | None = None

    async def write(self, logs: Rows, payloads: Rows) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self._write, logs, payloads)

    async def close(self) -> None:
        closing = asyncio.get_running_loop().run_in_executor(self._executor, self._disconnect)
        self._executor.shutdown(wait=False)
        await closing

    def _write(self, logs: Rows, payloads: Rows) -> None:
        try:
            connection = self._connection = self._connection or self.connect()
            if payloads:
                logs = self._placed(logs, payloads)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._insert.run(connection, logs)
                if logs:
                    connection.execute(_SQLITE_BATCH, _batch(logs))
            self._stored = (), {}
        except OSError as error:
            self._files.close()
            raise Unavailable(f"Payloads can't be stored ({error.strerror}).") from error
        except _ROW_FAULTS as error:
            raise RowsRefused(type(error).__name__) from error
        except sqlite3.Error as error:
            self._disconnect()  # the file may be another one by the next time
            raise Unavailable(f"The database is not available ({error}).") from error

    def _placed(self, logs: Rows, payloads: Rows) -> Rows:
        """The rows with the places of their payloads, which are stored unless an earlier try did so."""
        stored, places = self._stored
        if payloads is not stored:
            places = dict(zip([row[0] for row in payloads], self._files.append(payloads), strict=True))
            self._stored = payloads, places
        return [row[:-2] + places[row[0]] if row[0] in places else row for row in logs]

    def connect(self) -> sqlite3.Connection:
        """A connection to the database's file, for the writing thread."""
        (file,), given = self._arguments
        options: dict[str, Any] = {**given, "check_same_thread": False, "isolation_level": None}
        connection: sqlite3.Connection = sqlite3.connect(file, **{**options, "timeout": self._busy_seconds})
        connection.execute("PRAGMA synchronous=normal")
        connection.execute(
            "PRAGMA cache_size=-2048"
        )  # kB: it only appends, and keeps one edge of the indexes
        return connection

    def _disconnect(self) -> None:
        self._files.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class PostgresLogStore:
    """Writes over the common pool."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.engine.dialect
        self._statements = [
            (_insert(model, dialect), _flags(model)) for model in (RequestLog, RequestPayload)
        ]

    async def write(self, logs: Rows, payloads: Rows) -> None:
        try:
            async with self._database.transaction() as session:
                connection = await session.connection()
                for (statement, flags), rows in zip(self._statements, (logs, payloads), strict=True):
                    if rows:
                        await connection.exec_driver_sql(statement, [_with_flags(row, flags) for row in rows])
                if logs:
                    await connection.exec_driver_sql(_POSTGRES_BATCH, _batch(logs))
        except Unavailable:
            raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            state = getattr(cause, "sqlstate", None) or type(cause).__name__
            if state[:2] in _ROW_FAULT_CLASSES:
                raise RowsRefused(state) from error
            raise Unavailable(f"The database is not available ({state}).") from error

    async def close(self) -> None:
        """The pool belongs to the database."""


def _batch(logs: Rows) -> tuple[str, int, str]:
    ids = [row[0] for row in logs]
    return ids[0], int(time.time() * 1000), msgspec.json.encode(ids).decode()


class _Pieces:
    """Runs an INSERT of SQLite for any number of rows, with few statements of few different lengths."""

    def __init__(self, statement: str) -> None:
        row = statement[statement.index("(?") : statement.index("?)") + 2]
        self._sized = [(size, statement.replace(row, ", ".join([row] * size))) for size in _PIECES]

    def run(self, connection: sqlite3.Connection, rows: Rows) -> None:
        start = 0
        for size, statement in self._sized:
            while len(rows) - start >= size:
                connection.execute(statement, tuple(chain.from_iterable(rows[start : start + size])))
                start += size


def _flags(model: type[Base]) -> list[int]:
    """Where a row has booleans."""
    table = cast(Table, model.__table__)
    return [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]


def _with_flags(row: Row, flags: list[int]) -> Row:
    """The row with booleans for 0 and 1, as PostgreSQL's driver wants them."""
    made = list(row)
    for place in flags:
        made[place] = bool(made[place])
    return tuple(made)


def _insert(model: type[Base], dialect: Dialect) -> str:
    """The statement that inserts a row, in the order of the table's columns, and skips it if its key is there."""
    insert = importlib.import_module(f"sqlalchemy.dialects.{dialect.name}").insert  # only the one in use
    return str(insert(cast(Table, model.__table__)).on_conflict_do_nothing().compile(dialect=dialect))
