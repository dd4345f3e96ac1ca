"""Live tails: log records as they are written, by whatever process, each once.

Nothing is kept in memory for a tail: it has a place in the table of batches (`repositories/log_tail.py`), and reads on
from there when its reader has taken what came before. So a reader may be slow, go away and resume.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import FieldError, Overloaded, ValidationFailed
from app.db.session import Database
from app.repositories.log_filters import LogFilter
from app.repositories.log_tail import LogTailRepository, Place

MOST: Final = 20
"""Tails at once, in one process."""
BATCHES: Final = 3
"""Batches read at once: up to 750 records."""
KEPT_MS: Final = 3600 * 1000
"""How long batches are kept at least."""
_AGAIN_SECONDS: Final = 5.0


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a tail is, for the client to come back with."""

    place: Place
    at: int
    """When it was there, in milliseconds since the epoch."""


class News(msgspec.Struct, frozen=True):
    """What a tail has found."""

    rows: list[Row[tuple[Any, ...]]]
    cursor: str
    """Behind them."""
    more: bool
    """There may be more already."""


class LogTails:
    """All tails of a process."""

    def __init__(self, database: Database, clock: Clock | None = None, most: int = MOST) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._most = most
        self.open = 0
        """Tails there are."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The time of one tail.

        :raises Overloaded: there are too many.
        """
        if self.open >= self._most:
            message = f"{self._most} live tails are open, and no more are served. Close one."
            raise Overloaded(message, retry_after=_AGAIN_SECONDS)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def tail(self, session: AsyncSession, wanted: LogFilter, cursor: str | None) -> "LogTail":
        """
        :param session: for this moment; the tail opens its own.
        :param cursor: where to resume; None begins behind all that is written.
        :raises ValidationFailed: the cursor is none of ours.
        """
        if cursor is not None:
            found = _read(cursor)
            gap = found.at < self._now() - KEPT_MS
            return LogTail(self._database, self._clock, wanted, found.place, gap=gap)
        place = await LogTailRepository(session).end()
        return LogTail(self._database, self._clock, wanted, place)

    def _now(self) -> int:
        return int(self._clock.time() * 1000)


class LogTail:
    """One tail."""

    def __init__(
        self, database: Database, clock: Clock, wanted: LogFilter, place: Place, *, gap: bool = False
    ) -> None:
        self._database = database
        self._clock = clock
        self._wanted = wanted
        self._place = place
        self.gap = gap
        """It was away for too long: records may be missing, and only the list has them."""

    @property
    def cursor(self) -> str:
        cursor = _Cursor(self._place, int(self._clock.time() * 1000))
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode()

    async def read(self) -> News:
        """What has been written since the last time, in the order of the commits.

        :raises Unavailable: nothing is lost by it; the next time finds it.
        """
        async with self._database.read() as session:
            repository = LogTailRepository(session)
            request_ids, place = await repository.after(self._place, BATCHES)
            rows = await repository.rows(request_ids, self._wanted) if request_ids else []
        more = place != self._place
        self._place = place
        return News(rows, self.cursor, more)


def _read(text: str) -> _Cursor:
    try:
        return msgspec.msgpack.decode(base64.b64decode(text, altchars=b"-_", validate=True), type=_Cursor)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        message = "This is no id of an event of a live tail."
        raise ValidationFailed(message, errors=(FieldError("/after", "invalid_cursor", message),)) from None
