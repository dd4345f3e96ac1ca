"""Log rows, read and removed. Writing is in `log_store.py`, what they are filtered by in `log_filters.py`."""

import asyncio
from typing import Any, Final, Literal, cast

import msgspec
from sqlalchemy import ColumnElement, CursorResult, Delete, Row, delete, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.session import payload_folder
from app.db.tables.log_batch import LogBatch
from app.db.tables.request_log import RequestLog
from app.db.tables.request_payload import RequestPayload
from app.repositories.log_filters import LogFilter, conditions
from app.repositories.payload_files import Payload, read_payload

Sort = Literal["-request_time", "request_time", "-total_time_ms"]

_LOG: Final = RequestLog.__table__.columns
_PAYLOAD: Final = RequestPayload.__table__.columns
_BATCH: Final = LogBatch.__table__.columns
WIDE: Final = ("attempts", "trace", "facts", "payload_file", "payload_offset")
"""The columns that only a whole record is read for."""
NARROW: Final = tuple(each for each in _LOG if each.name not in WIDE)
"""The columns that lists show."""


class Position(msgspec.Struct, frozen=True):
    """Where a row stands in a list."""

    value: int
    """Of the column that is sorted by."""
    request_id: str


class RequestLogRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, wanted: LogFilter, sort: Sort, after: Position | None, limit: int
    ) -> list[Row[tuple[Any, ...]]]:
        """Rows in the order of `sort`, then of their ids, from behind `after`; without the wide columns."""
        column = _LOG[sort.removeprefix("-")]
        order = [each.desc() if sort.startswith("-") else each.asc() for each in (column, _LOG["request_id"])]
        # Only columns of the index are named here: the wide rows are fetched for one page alone.
        ids = await self._session.scalars(
            select(_LOG["request_id"])
            .where(*conditions(wanted), *_behind(sort, after))
            .order_by(*order)
            .limit(limit)
        )
        found = list(ids)
        if not found:
            return []
        rows = await self._session.execute(select(*NARROW).where(_LOG["request_id"].in_(found)))
        by_id = {row.request_id: row for row in rows}
        return [by_id[request_id] for request_id in found]

    async def count(self, wanted: LogFilter, sort: Sort, after: Position | None, limit: int) -> int:
        """How many rows there are behind `after`, counted up to `limit`."""
        some = (
            select(1).select_from(RequestLog).where(*conditions(wanted), *_behind(sort, after)).limit(limit)
        )
        return await self._session.scalar(select(func.count()).select_from(some.subquery())) or 0

    async def log(self, request_id: str) -> Row[tuple[Any, ...]] | None:
        """One whole row."""
        return (
            await self._session.execute(select(*_LOG).where(_LOG["request_id"] == request_id))
        ).one_or_none()

    async def payload(self, log: Row[tuple[Any, ...]]) -> Payload | None:
        """What is stored of a request, by its whole row.

        :raises OSError: the file it is in can't be read.
        """
        folder = payload_folder(self._session.get_bind().engine.url)
        if folder is not None and log.payload_file is not None:
            place = log.payload_file, log.payload_offset
            return await asyncio.to_thread(read_payload, folder, place, log.request_id)
        found = await self._session.execute(select(*_PAYLOAD).where(_PAYLOAD["request_id"] == log.request_id))
        row = found.one_or_none()
        return None if row is None else Payload(*row)

    async def remove_logs(self, before: int, limit: int) -> int:
        """Remove the oldest rows of requests that came before a time (milliseconds since the epoch).

        :returns: how many were removed.
        """
        oldest = (
            select(_LOG["request_id"])
            .where(_LOG["request_time"] < before)
            .order_by(_LOG["request_time"])
            .limit(limit)
        )
        return await self._remove(delete(RequestLog).where(_LOG["request_id"].in_(oldest)))

    async def remove_payloads(self, before: int, limit: int) -> int:
        """Remove the oldest payloads in the table, of requests that came before a time (milliseconds since the epoch).

        :returns: how many were removed.
        """
        oldest = (
            select(_PAYLOAD["request_id"])
            .where(_PAYLOAD["request_id"] < first_id(before))
            .order_by(_PAYLOAD["request_id"])
            .limit(limit)
        )
        return await self._remove(delete(RequestPayload).where(_PAYLOAD["request_id"].in_(oldest)))

    async def remove_batches(self, before: int, limit: int) -> int:
        """Remove the oldest batches that were written before a time (milliseconds since the epoch).

        :returns: how many were removed.
        """
        oldest = select(_BATCH["id"]).where(_BATCH["written_at"] < before).order_by(_BATCH["id"]).limit(limit)
        return await self._remove(delete(LogBatch).where(_BATCH["id"].in_(oldest)))

    async def _remove(self, statement: Delete) -> int:
        connection = await self._session.connection()
        if connection.dialect.name == "sqlite":
            # What is removed is overwritten, and not merely forgotten where it lies.
            await connection.exec_driver_sql("PRAGMA secure_delete=on")
        result = await self._session.execute(statement, execution_options={"synchronize_session": False})
        return cast("CursorResult[Any]", result).rowcount


def first_id(milliseconds: int) -> str:
    """No UUIDv7 of this time (milliseconds since the epoch) or later sorts before it (RFC 9562, part 5.7)."""
    time = max(milliseconds, 0)
    return f"{time >> 16:08x}-{time & 0xFFFF:04x}-0000-0000-000000000000"


def _behind(sort: Sort, after: Position | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    place = tuple_(_LOG[sort.removeprefix("-")], _LOG["request_id"])
    there = tuple_(literal(after.value), literal(after.request_id))
    return [place < there if sort.startswith("-") else place > there]
