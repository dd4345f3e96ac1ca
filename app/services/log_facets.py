"""Facets of the log: which values are frequent among the newest rows that match, for narrowing a search by a click."""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.deadline import QueryTooSlow, deadline
from app.repositories.log_facets import Facet, LogFacetRepository, Value
from app.repositories.log_filters import LogFilter
from app.services.request_logs import PAGE_SECONDS, too_slow

ROWS: Final = 50_000
"""The newest matching rows, so many at most, are counted."""
VALUES: Final = 10


class Facets(msgspec.Struct, frozen=True):
    rows: int
    """Counted."""
    sampled: bool
    """There may be more rows that match."""
    values: dict[Facet, list[Value]]
    """By facet its most frequent values, these first."""


class LogFacets:
    def __init__(self, session: AsyncSession, rows: int = ROWS) -> None:
        self._session = session
        self._rows = rows

    async def facets(self, wanted: LogFilter) -> Facets:
        """:raises ValidationFailed: the search takes too long."""
        try:
            async with deadline(self._session, PAGE_SECONDS):
                rows, values = await LogFacetRepository(self._session).most_frequent(
                    wanted, self._rows, VALUES
                )
        except QueryTooSlow:
            raise too_slow() from None
        return Facets(rows, rows == self._rows, values)
