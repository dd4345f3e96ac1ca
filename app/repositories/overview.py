"""What the overview is made of: few and cheap passes over the log's index."""

from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    case,
    cast,
    desc,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.provider import ProviderRow
from app.db.tables.request_log import RequestLog
from app.repositories.stats import SAMPLE, Histogram, step

Ranked = Literal["api_key_id", "requested_model"]

_LOG: Final = RequestLog.__table__.columns
_PARTS: Final = ("provider", "api_key_id", "requested_model", "total_time_ms", "first_byte_delay_ms")
_FIRST_KEYS: Final = 20
"""Keys and models told apart, those with most requests."""


class Span(msgspec.Struct, frozen=True):
    """Time buckets. Times are milliseconds since the epoch."""

    start: int
    end: int
    """This one does not count."""
    width: int
    number: int


class Sums(NamedTuple):
    """What the rows of a time add up to, in the order of the statement's columns."""

    requests: int = 0
    errors: int = 0
    status_2xx: int = 0
    status_3xx: int = 0
    status_4xx: int = 0
    status_5xx: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Ranking(msgspec.Struct, frozen=True):
    """What the rows of one key or model add up to."""

    key: int | str
    latest: str
    """The greatest request id."""
    requests: int
    errors: int
    input_tokens: int
    output_tokens: int


class Details(msgspec.Struct):
    """Of the rows of a span, or of a sample of them."""

    providers: dict[int, tuple[list[int], list[int]]]
    """By provider its requests and its errors per bucket."""
    top: dict[str, list[Ranking]]
    """Keys and models, those with most requests first."""
    durations: dict[str, list[Histogram]]
    """Histograms per bucket."""


class OverviewRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def sums(self, start: int, end: int) -> Sums:
        return Sums(*map(int, (await self._session.execute(_sums_of(start, end))).one()))

    async def sums_by_bucket(self, span: Span) -> list[Sums]:
        """One sum per bucket, in one statement: to group the rows SQLite would sort them, and take twice as long."""
        starts = [span.start + place * span.width for place in range(span.number)]
        parts = [
            _sums_of(start, min(start + span.width, span.end)).add_columns(literal(place).label("place"))
            for place, start in enumerate(starts)
        ]
        found = [Sums()] * span.number
        for *sums, place in await self._session.execute(union_all(*parts)):
            found[place] = Sums(*map(int, sums))
        return found

    async def details(self, span: Span, *, sampled: bool) -> Details:
        """:param sampled: one row in `SAMPLE` counts, for so many."""
        rows = (
            select(
                ((_LOG["request_time"] - span.start) // span.width).label("bucket"),
                case((_LOG["has_error"].is_(True), 1), else_=0).label("failed"),
                *(_LOG[name] for name in ("request_id", "provider_id", "input_tokens", "output_tokens")),
                *(_LOG[name] for name in _PARTS[1:]),
            )
            .where(*_between(span.start, span.end), *_sample(sampled))
            .cte("part_of_log")
        )
        parts = [_provider_part(rows.c), *(_top_part(rows.c, name) for name in _PARTS[1:3])]
        parts += [_duration_part(rows.c, name) for name in _PARTS[3:]]
        factor = SAMPLE if sampled else 1
        found = Details(
            providers={},
            top={name: [] for name in _PARTS[1:3]},
            durations={name: [{} for _ in range(span.number)] for name in _PARTS[3:]},
        )
        for place, number, text, latest, *sums in await self._session.execute(union_all(*parts)):
            name, values = _PARTS[place], [int(value or 0) * factor for value in sums]
            if name == "provider":
                series = found.providers.setdefault(number, ([0] * span.number, [0] * span.number))
                bucket = int(sums[2])
                series[0][bucket], series[1][bucket] = values[0], values[1]
            elif name in found.top:
                found.top[name].append(Ranking(number if text is None else text, latest, *values))
            else:
                found.durations[name][int(sums[2])][number] = values[0]
        for ranking in found.top.values():
            ranking.sort(key=lambda each: (-each.requests, each.key))
        return found

    async def requests_of(
        self, by: Ranked, keys: list[Any], start: int, end: int, *, sampled: bool
    ) -> dict[Any, int]:
        """Requests by key or model, of those given."""
        factor = SAMPLE if sampled else 1
        rows = await self._session.execute(
            select(_LOG[by], func.count())
            .where(*_between(start, end), _LOG[by].in_(keys), *_sample(sampled))
            .group_by(_LOG[by])
        )
        return {key: count * factor for key, count in rows}

    async def provider_names(self, provider_ids: list[int], start: int, end: int) -> dict[int, str]:
        """The present names; of those that were removed one they had."""
        present = await self._session.execute(
            select(ProviderRow.id, ProviderRow.name).where(ProviderRow.id.in_(provider_ids))
        )
        names = {row.id: row.name for row in present}
        gone = [each for each in provider_ids if each not in names]
        if gone:
            column = _LOG["provider_id"]
            past = await self._session.execute(
                select(column, func.max(_LOG["provider"]))
                .where(*_between(start, end), column.in_(gone))
                .group_by(column)
            )
            names |= {row[0]: row[1] for row in past}
        return names

    async def key_names(self, request_ids: list[str]) -> dict[int, str]:
        """API key to the name in the row of one of these requests."""
        rows = await self._session.execute(
            select(_LOG["api_key_id"], _LOG["api_key_name"]).where(_LOG["request_id"].in_(request_ids))
        )
        return {row[0]: row[1] for row in rows}


def _between(start: int, end: int) -> tuple[ColumnElement[bool], ...]:
    return (_LOG["request_time"] >= start, _LOG["request_time"] < end)


def _sample(sampled: bool) -> tuple[ColumnElement[bool], ...]:
    return (_LOG["request_time"] % SAMPLE == 0,) if sampled else ()


def _sums_of(start: int, end: int) -> Select[Any]:
    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    return select(
        func.count(),
        how_many(_LOG["has_error"].is_(True)),
        *(how_many(_LOG["status"].between(n * 100, n * 100 + 99)) for n in (2, 3, 4, 5)),
        *(func.coalesce(func.sum(_LOG[f"{kind}_tokens"]), 0) for kind in ("input", "output")),
    ).where(*_between(start, end))


def _provider_part(rows: Any) -> Any:
    return (
        _part("provider", rows.provider_id, None, None, func.sum(rows.failed), rows.bucket, null())
        .where(rows.provider_id.is_not(None))
        .group_by(rows.provider_id, rows.bucket)
    )


def _top_part(rows: Any, name: str) -> Any:
    key = rows[name]
    number, text = (key, None) if name == "api_key_id" else (None, key)
    tokens = func.sum(rows.input_tokens), func.sum(rows.output_tokens)
    some = (
        _part(name, number, text, func.max(rows.request_id), func.sum(rows.failed), *tokens)
        .where(key.is_not(None))
        .group_by(key)
        .order_by(desc("requests"), key)
        .limit(_FIRST_KEYS)
    )
    return select(some.subquery())


def _duration_part(rows: Any, name: str) -> Any:
    least = step(rows[name])
    return (
        _part(name, least, None, None, null(), rows.bucket, null())
        .where(rows[name].is_not(None))
        .group_by(rows.bucket, least)
    )


def _part(name: str, number: Any, text: Any, latest: Any, *sums: Any) -> Select[Any]:
    """Columns that all parts of the one statement have: number, text, latest request, count, and three sums."""
    return select(
        literal(_PARTS.index(name)).label("part"),
        cast(null() if number is None else number, BigInteger).label("number"),
        cast(null() if text is None else text, Text).label("text"),
        cast(null() if latest is None else latest, Text).label("latest"),
        func.count().label("requests"),
        *(cast(value, BigInteger).label(f"sum_{place}") for place, value in enumerate(sums)),
    )
