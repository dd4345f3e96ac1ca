"""Statistics over log rows: counts, token sums and histograms of durations, from the same index as the lists."""

from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, case, desc, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.request_log import RequestLog
from app.repositories.log_filters import LogFilter, conditions

Grouping = Literal["model", "target_model", "provider", "api_key", "time"]
Histogram = dict[int, int]
"""Count by the least value of each step."""
Duration = Literal["total_time_ms", "first_byte_delay_ms"]

_LOG: Final = RequestLog.__table__.columns
_COLUMNS: Final = {
    "model": "requested_model",
    "target_model": "target_model",
    "provider": "provider_id",
    "api_key": "api_key_id",
}
_NAMES: Final = {"provider": "provider", "api_key": "api_key_name"}

STEPS: Final = tuple((40 << n, 1 << n) for n in range(17))
"""Up to which duration (ms) a histogram's steps have which width: at most a twentieth of the duration."""
WIDEST: Final = 1 << 17
"""Width of the steps above, from 44 minutes on."""
SAMPLE: Final = 7
OTHERS: Final[dict[str, Any]] = {
    "requested_model": "?" * 201,
    "target_model": "?" * 201,
    "provider_id": -1,
    "api_key_id": -1,
}
"""Stand for all other groups: names are shorter, and ids begin at 1."""


class Sums(msgspec.Struct):
    """What the rows of one group add up to."""

    key: str | int | None
    """Model name, id of the provider or key, or the start of the time bucket (milliseconds since the epoch)."""
    latest: str
    """The greatest request id."""
    requests: int = 0
    errors: int = 0
    status_2xx: int = 0
    status_3xx: int = 0
    status_4xx: int = 0
    status_5xx: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


COUNTS: Final = tuple(field.name for field in msgspec.structs.fields(Sums))[2:]
"""Fields of `Sums` that can be added up."""


class StatsRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def sums(self, wanted: LogFilter, by: Grouping | None, interval: int, limit: int) -> list[Sums]:
        """The groups with most requests, these first; time buckets in their order; with `by` None one of all rows.

        :param interval: width of a time bucket, in milliseconds.
        """
        statement = (
            select(
                _key(by, interval).label("key"),
                func.count().label("requests"),
                _how_many(_LOG["has_error"].is_(True)),
                *(_how_many(_LOG["status"].between(n * 100, n * 100 + 99)) for n in (2, 3, 4, 5)),
                func.coalesce(func.sum(_LOG["input_tokens"]), 0),
                func.coalesce(func.sum(_LOG["output_tokens"]), 0),
                func.max(_LOG["request_id"]),
            )
            .where(*conditions(wanted))
            .group_by("key")
            .limit(limit)
        )
        statement = statement.order_by("key") if by == "time" else statement.order_by(desc("requests"), "key")
        return [
            Sums(_value(by, interval, row[0]), row[-1], *map(int, row[1:-1]))
            for row in await self._session.execute(statement)
        ]

    async def histograms(
        self,
        wanted: LogFilter,
        duration: Duration,
        by: Grouping,
        interval: int,
        only: list[Any] | None = None,
        whole: list[Any] | None = None,
    ) -> dict[Any, Histogram]:
        """Histogram by group key.

        :param only: the groups to tell apart; all others are one, under a key of `OTHERS`. For time buckets: None.
        :param whole: the groups of which each row counts; of all others one in `SAMPLE` does, for so many.
        """
        key = _key(by, interval)
        where = [*conditions(wanted), _LOG[duration].is_not(None)]
        if whole is not None:
            # Not by the id, which takes longer to look at. Seven divides no round number of milliseconds.
            where.append(or_(_LOG["request_time"] % SAMPLE == 0, _is_among(key, by, interval, whole)))
        if only is not None:
            known = [each for each in only if each is not None]
            key = case((or_(key.is_(None), key.in_(known)), key), else_=OTHERS[_COLUMNS[by]])
        found: dict[Any, Histogram] = {}
        for first, least, count in await self._session.execute(
            select(key.label("key"), step(_LOG[duration]).label("step"), func.count())
            .where(*where)
            .group_by("key", "step")
        ):
            value = _value(by, interval, first)
            found.setdefault(value, {})[least] = count if whole is None or value in whole else count * SAMPLE
        return found

    async def names(self, by: Grouping, ids: list[str]) -> dict[Any, str | None]:
        """Group key to the name in the row of one of these request ids."""
        if by not in _NAMES:
            return {}
        rows = await self._session.execute(
            select(_LOG[_COLUMNS[by]], _LOG[_NAMES[by]]).where(_LOG["request_id"].in_(ids))
        )
        return {key: name for key, name in rows}  # noqa: C416  # rows are no pairs to the types of `dict`


def _key(by: Grouping | None, interval: int) -> ColumnElement[Any]:
    if by is None:
        return null()
    return _LOG["request_time"] // interval if by == "time" else _LOG[_COLUMNS[by]]


def _value(by: Grouping | None, interval: int, key: Any) -> Any:
    return key * interval if by == "time" else key


def _is_among(key: ColumnElement[Any], by: Grouping, interval: int, values: list[Any]) -> ColumnElement[bool]:
    known = [each // interval if by == "time" else each for each in values if each is not None]
    return or_(key.in_(known), key.is_(None)) if None in values else key.in_(known)


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def step(column: ColumnElement[int]) -> ColumnElement[int]:
    """The least value of the step that a duration is in."""
    return case(
        *((column < below, column // width * width if width > 1 else column) for below, width in STEPS),
        else_=column // WIDEST * WIDEST,
    )


def width(least: int) -> int:
    """Width of the step that begins at `least`, in milliseconds."""
    return next((width for below, width in STEPS if least < below), WIDEST)
