"""The log as administrators read it: pages behind a cursor, and one record whole."""

import base64
import binascii
import hashlib
import logging
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ResourceNotFound, ValidationFailed
from app.repositories.deadline import QueryTooSlow, deadline
from app.repositories.log_filters import LogFilter
from app.repositories.payload_files import Payload
from app.repositories.request_logs import Position, RequestLogRepository, Sort

COUNTED: Final = 10_000
PAGE_SECONDS: Final = 2.0
COUNT_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)

Relation = Literal["eq", "gte"]


class Total(msgspec.Struct, frozen=True):
    """How many rows a filter matches: exactly, or at least, so many."""

    value: int
    relation: Relation


class LogPage(msgspec.Struct, frozen=True):
    rows: list[Row[tuple[Any, ...]]]
    next_cursor: str | None
    """None on the last page."""
    total: Total


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What comes back to us with the next page: where it begins, and the total, which is found out once."""

    question: bytes
    value: int
    request_id: str
    total: int
    relation: Relation


class RequestLogs:
    def __init__(self, session: AsyncSession, counted: int = COUNTED) -> None:
        """:param counted: up to how many rows a list's total is counted."""
        self._session = session
        self._counted = counted
        self._logs = RequestLogRepository(session)

    async def page(self, wanted: LogFilter, sort: Sort, cursor: str | None, page_size: int) -> LogPage:
        """
        :param cursor: `next_cursor` of the page before; None for the first page.
        :raises ValidationFailed: the cursor is none of ours, belongs to another question, or the search takes too long.
        """
        question = _question(wanted, sort)
        before = None if cursor is None else _read(cursor, question)
        after = None if before is None else Position(before.value, before.request_id)
        try:
            async with deadline(self._session, PAGE_SECONDS):
                rows = await self._logs.page(wanted, sort, after, page_size + 1)
        except QueryTooSlow:
            raise too_slow() from None
        is_last = len(rows) <= page_size
        rows = rows[:page_size]
        if before is not None:
            total = Total(before.total, before.relation)
        elif is_last:
            total = Total(len(rows), "eq")
        else:
            total = await self._total(wanted, sort, _place(rows[-1], sort), page_size)
        if is_last:
            return LogPage(rows, None, total)
        place = _place(rows[-1], sort)
        return LogPage(
            rows, _write(_Cursor(question, place.value, place.request_id, total.value, total.relation)), total
        )

    async def one(self, request_id: str) -> tuple[Row[tuple[Any, ...]], Payload | None]:
        """The record and its payload, None where none is stored (any more), or it can't be read.

        :raises ResourceNotFound:
        """
        log = await self._logs.log(request_id)
        if log is None:
            raise ResourceNotFound(
                "There is no log record of this request: it is not over or not written yet, its time was up,"
                " or it had no valid API key, and such requests leave none."
            )
        try:
            return log, await self._logs.payload(log)
        except OSError as error:
            _log.warning("the payload of request %s can't be read (%s)", request_id, error.strerror)
            return log, None

    async def _total(self, wanted: LogFilter, sort: Sort, after: Position, seen: int) -> Total:
        """The rows of the first page and those behind it: what the page has read is not read again."""
        try:
            async with deadline(self._session, COUNT_SECONDS):
                total = seen + await self._logs.count(wanted, sort, after, self._counted + 1 - seen)
        except QueryTooSlow:
            return Total(seen + 1, "gte")
        return Total(total, "eq") if total <= self._counted else Total(self._counted, "gte")


def too_slow() -> ValidationFailed:
    message = "This takes too long. Narrow the time range."
    return ValidationFailed(
        message, code="too_slow", errors=(FieldError("/start_time", "too_slow", message),)
    )


def _place(row: Row[tuple[Any, ...]], sort: Sort) -> Position:
    return Position(getattr(row, sort.removeprefix("-")), row.request_id)


def _question(wanted: LogFilter, sort: Sort) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode((wanted, sort)), digest_size=8).digest()


def _write(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode()


def _read(text: str, question: bytes) -> _Cursor:
    try:
        cursor = msgspec.msgpack.decode(base64.b64decode(text, altchars=b"-_", validate=True), type=_Cursor)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise _bad_cursor("This is no cursor of this list.") from None
    if cursor.question != question:
        raise _bad_cursor("This cursor belongs to other filters or another order.")
    return cursor


def _bad_cursor(message: str) -> ValidationFailed:
    return ValidationFailed(message, errors=(FieldError("/cursor", "invalid_cursor", message),))
