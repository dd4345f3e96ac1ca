"""The overview: what the dashboard's first page shows of the last hour, day or week. Kept for two seconds or more."""

import asyncio
from collections import defaultdict
from typing import Any, Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import ValidationFailed
from app.db.session import Database
from app.repositories.deadline import QueryTooSlow, deadline
from app.repositories.overview import Details, OverviewRepository, Ranked, Ranking, Span, Sums
from app.repositories.stats import Histogram
from app.services.stats import HOUR, MINUTE, TOO_MANY, merged, rank

Range = Literal["1h", "24h", "7d"]

WIDTHS: Final[dict[Range, tuple[int, int]]] = {
    "1h": (MINUTE, 60),
    "24h": (30 * MINUTE, 48),
    "7d": (3 * HOUR, 56),
}
"""Width and number of the time buckets. They begin at whole ones in UTC."""
FRESH_SECONDS: Final = 2.0
REST: Final = 10.0
"""What took long is kept for so many times as long: looking on never takes more than a tenth of a processor..."""
LONGEST_SECONDS: Final = 60.0
"""...unless it takes longer than this allows."""
SECONDS: Final = 15.0
PROVIDERS: Final = 20
TOP: Final = 5


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds; None without requests."""

    p50: int | None
    p95: int | None
    p99: int | None


class Figures(msgspec.Struct, frozen=True):
    sums: Sums
    total_time: Latency
    first_byte_delay: Latency


class ProviderSeries(msgspec.Struct, frozen=True):
    id: int
    name: str | None
    requests: list[int]
    """One number per bucket."""
    errors: list[int]


class Top(msgspec.Struct, frozen=True):
    sums: Ranking
    name: str | None
    before: int
    """Requests in the range before."""


class Overview(msgspec.Struct, frozen=True):
    """Times are milliseconds since the epoch."""

    range: Range
    start: int
    end: int
    width: int
    total: Figures
    before: Sums
    buckets: list[Figures]
    providers: list[ProviderSeries]
    api_keys: list[Top]
    models: list[Top]


class Overviews:
    """Remembers the last answer of each range; those who ask at the same time share one."""

    def __init__(self, database: Database, clock: Clock | None = None, too_many: int = TOO_MANY) -> None:
        """:param too_many: over more requests than so, all but the sums comes from a sample."""
        self._database = database
        self._clock = clock or SystemClock()
        self._too_many = too_many
        self._known: dict[Range, tuple[float, Overview]] = {}
        """Until when an answer is good (monotonic), and the answer."""
        self._turns: dict[Range, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def overview(self, wanted: Range) -> Overview:
        """
        :raises ValidationFailed: `too_slow`.
        :raises Unavailable:
        """
        async with self._turns[wanted]:
            began = self._clock.monotonic()
            until, found = self._known.get(wanted, (began, None))
            if found is None or until <= began:
                found = await self._read(wanted)
                now = self._clock.monotonic()
                kept = min(max(FRESH_SECONDS, (now - began) * REST), LONGEST_SECONDS)
                self._known[wanted] = (now + kept, found)
            return found

    async def _read(self, wanted: Range) -> Overview:
        end = int(self._clock.time() * 1000) + 1
        width, number = WIDTHS[wanted]
        start = (end // width - number + 1) * width
        try:
            async with self._database.read() as session, deadline(session, SECONDS):
                span = Span(start, end, width, number)
                return await _Reading(session, span, self._too_many).overview(wanted)
        except QueryTooSlow:
            message = "The log has too many requests for this range. Choose a shorter one."
            raise ValidationFailed(message, code="too_slow") from None


class _Reading:
    """One look at the log."""

    def __init__(self, session: AsyncSession, span: Span, too_many: int) -> None:
        self._log = OverviewRepository(session)
        self._span = span
        self._before = 2 * span.start - span.end
        """Where the range before begins."""
        self._too_many = too_many

    async def overview(self, wanted: Range) -> Overview:
        span = self._span
        sums = await self._log.sums_by_bucket(span)
        total = Sums(*map(sum, zip(*sums, strict=True)))
        sampled = total.requests > self._too_many
        details = await self._log.details(span, sampled=sampled)
        times, delays = details.durations["total_time_ms"], details.durations["first_byte_delay_ms"]
        return Overview(
            range=wanted,
            start=span.start,
            end=span.end,
            width=span.width,
            total=Figures(total, _latency(merged(times)), _latency(merged(delays))),
            before=await self._log.sums(self._before, span.start),
            buckets=[
                Figures(of_all, _latency(of_times), _latency(of_delays))
                for of_all, of_times, of_delays in zip(sums, times, delays, strict=True)
            ],
            providers=await self._providers(details),
            api_keys=await self._top(details, "api_key_id", sampled=sampled),
            models=await self._top(details, "requested_model", sampled=sampled),
        )

    async def _providers(self, details: Details) -> list[ProviderSeries]:
        found = details.providers
        first = sorted(found, key=lambda each: (-sum(found[each][0]), each))[:PROVIDERS]
        names = await self._log.provider_names(first, self._span.start, self._span.end)
        return [ProviderSeries(each, names.get(each), *found[each]) for each in first]

    async def _top(self, details: Details, by: Ranked, *, sampled: bool) -> list[Top]:
        found = details.top[by][:TOP]
        if not found:
            return []
        names: dict[Any, str] = {}
        if by == "api_key_id":
            names |= await self._log.key_names([each.latest for each in found])
        keys = [each.key for each in found]
        before = await self._log.requests_of(by, keys, self._before, self._span.start, sampled=sampled)
        return [Top(each, names.get(each.key), before.get(each.key, 0)) for each in found]


def _latency(histogram: Histogram) -> Latency:
    return Latency(*(rank(histogram, percent) for percent in (50, 95, 99)))
