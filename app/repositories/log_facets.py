"""Frequent values among the newest log rows that match, in one statement over the log's index."""

from typing import Any, Final, Literal, get_args

import msgspec
from sqlalchemy import BigInteger, Text, case, cast, desc, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.request_log import RequestLog
from app.repositories.log_filters import LogFilter, conditions

Facet = Literal["provider", "requested_model", "status_class", "api_key", "end_reason", "is_stream"]

FACETS: Final[tuple[Facet, ...]] = get_args(Facet)

_LOG: Final = RequestLog.__table__.columns
_COLUMNS: Final[dict[Facet, str]] = {"provider": "provider_id", "api_key": "api_key_id"}
_NAMES: Final[dict[Facet, str]] = {"provider": "provider", "api_key": "api_key_name"}
_READ: Final = (
    "request_id",
    "provider_id",
    "provider",
    "requested_model",
    "status",
    "api_key_id",
    "api_key_name",
    "end_reason",
    "is_stream",
)


class Value(msgspec.Struct, frozen=True):
    """One value of a facet. A number is that of the provider or key, the hundred of the status, or 0 and 1."""

    number: int | None
    text: str | None
    """The value itself, or a name of the provider or key."""
    count: int


class LogFacetRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def most_frequent(
        self, wanted: LogFilter, rows: int, values: int
    ) -> tuple[int, dict[Facet, list[Value]]]:
        """Per facet its values with most rows; what is missing in a row is no value.

        :param rows: how many of the newest rows count.
        :returns: with the number of rows counted.
        """
        newest = (
            select(*(_LOG[name] for name in _READ))
            .where(*conditions(wanted))
            .order_by(_LOG["request_time"].desc(), _LOG["request_id"].desc())
            .limit(rows)
            .cte("newest")
        )
        total = select(
            literal(len(FACETS)).label("facet"),
            cast(null(), BigInteger).label("number"),
            cast(null(), Text).label("text"),
            func.count().label("count"),
        ).select_from(newest)
        parts = [_part(place, facet, newest.c, values) for place, facet in enumerate(FACETS)]
        found: dict[Facet, list[Value]] = {facet: [] for facet in FACETS}
        counted = 0
        for place, number, text, count in await self._session.execute(union_all(total, *parts)):
            if place == len(FACETS):
                counted = count
            else:
                found[FACETS[place]].append(Value(number, text, count))
        for each in found.values():
            each.sort(key=lambda value: (-value.count, value.number or 0, value.text or ""))
        return counted, found


def _part(place: int, facet: Facet, newest: Any, values: int) -> Any:
    number: Any = cast(null(), BigInteger)
    text: Any = cast(null(), Text)
    key = newest[_COLUMNS.get(facet, facet)] if facet != "status_class" else newest.status // 100
    if facet in _NAMES:
        number, text = key, func.max(newest[_NAMES[facet]])
    elif facet == "status_class":
        number = key
    elif facet == "is_stream":
        number = case((key.is_(True), 1), else_=0)
    else:
        text = key
    counted = func.count().label("count")
    some = (
        select(literal(place).label("facet"), number.label("number"), text.label("text"), counted)
        .where(key.is_not(None))
        .group_by(key)
        .order_by(desc("count"))
        .limit(values)
    )
    return select(some.subquery())
