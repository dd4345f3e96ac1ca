"""Statistics for administrators: counts, tokens and percentiles of durations, in groups and over all."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import FieldError, ValidationFailed
from app.repositories.deadline import QueryTooSlow, deadline
from app.repositories.log_filters import LogFilter
from app.repositories.stats import COUNTS, Grouping, Histogram, StatsRepository, Sums, width
from app.services.request_logs import too_slow

GROUPS: Final = 100
"""Groups told apart, those with most requests."""
BUCKETS: Final = 1_500
"""Time buckets told apart."""
TOO_MANY: Final = 200_000
MANY: Final = 5_000
SECONDS: Final = 10.0
"""The longest one query of a statistic may take."""

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
INTERVALS: Final = {"minute": MINUTE, "hour": HOUR, "day": DAY}
Interval = Literal["minute", "hour", "day"]


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds below or at which so many percent of the requests lie; None without requests."""

    p50: int | None
    p90: int | None
    p99: int | None


class Group(msgspec.Struct, frozen=True):
    sums: Sums
    name: str | None
    """Latest name of the provider or key."""
    total_time: Percentiles
    first_byte_delay: Percentiles


class Stats(msgspec.Struct, frozen=True):
    start_time: int
    end_time: int
    """Milliseconds since the epoch; this one does not count."""
    interval: Interval
    total: Group
    groups: list[Group]


class LogStats:
    def __init__(
        self, session: AsyncSession, clock: Clock | None = None, too_many: int = TOO_MANY, many: int = MANY
    ) -> None:
        """
        :param too_many: over more requests than so, percentiles are made from a sample,
        :param many: but those of groups with no more than so.
        """
        self._session = session
        self._clock = clock or SystemClock()
        self._too_many = too_many
        self._many = many
        self._stats = StatsRepository(session)

    async def stats(self, wanted: LogFilter, by: Grouping, interval: Interval | None) -> Stats:
        """
        :param wanted: without times, the last 24 hours are meant.
        :param interval: width of the time buckets; None takes the one that makes a readable number of them.
        :raises ValidationFailed: there are too many time buckets, or the search takes too long.
        """
        end = wanted.end_time if wanted.end_time is not None else int(self._clock.time() * 1000) + 1
        start = wanted.start_time if wanted.start_time is not None else end - DAY
        interval = interval or _interval(end - start)
        if by == "time" and (end - start) // INTERVALS[interval] > BUCKETS:
            message = f"There would be more than {BUCKETS} time buckets. Choose a wider interval."
            raise ValidationFailed(message, errors=(FieldError("/interval", "too_many_buckets", message),))
        wanted = msgspec.structs.replace(wanted, start_time=start, end_time=end)
        try:
            async with deadline(self._session, SECONDS):
                total, groups = await self._read(wanted, by, INTERVALS[interval])
        except QueryTooSlow:
            raise too_slow() from None
        return Stats(start, end, interval, total, groups)

    async def _read(self, wanted: LogFilter, by: Grouping, interval: int) -> tuple[Group, list[Group]]:
        most = BUCKETS + 1 if by == "time" else GROUPS
        found = await self._stats.sums(wanted, by, interval, most + 1)
        kept = found[:most]
        only = [each.key for each in kept] if len(found) > most else None
        all_of = _added(kept) if only is None else (await self._stats.sums(wanted, None, interval, 1))[0]
        few = (
            [each.key for each in kept if each.requests <= self._many]
            if all_of.requests > self._too_many
            else None
        )
        times = await self._stats.histograms(wanted, "total_time_ms", by, interval, only, few)
        delays = await self._stats.histograms(wanted, "first_byte_delay_ms", by, interval, only, few)
        names = await self._stats.names(by, [each.latest for each in kept])
        groups = [
            Group(
                sums=each,
                name=names.get(each.key),
                total_time=percentiles(times.get(each.key, {})),
                first_byte_delay=percentiles(delays.get(each.key, {})),
            )
            for each in kept
        ]
        total = Group(
            sums=all_of,
            name=None,
            total_time=percentiles(merged(times.values())),
            first_byte_delay=percentiles(merged(delays.values())),
        )
        return total, groups


def percentiles(histogram: Histogram) -> Percentiles:
    return Percentiles(*(rank(histogram, percent) for percent in (50, 90, 99)))


def rank(histogram: Histogram, percent: int) -> int | None:
    """By nearest rank; the middle of a step stands for its values, so an answer is off by 2.5 % at most."""
    steps = sorted(histogram)
    up_to = list(accumulate(histogram[step] for step in steps))
    if not up_to:
        return None
    least = steps[bisect_left(up_to, math.ceil(up_to[-1] * percent / 100))]
    return least + (width(least) - 1) // 2


def _interval(span: int) -> Interval:
    if span <= 3 * HOUR:
        return "minute"
    return "hour" if span <= 14 * DAY else "day"


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """One of several."""
    merged: Counter[int] = Counter()
    for histogram in histograms:
        merged.update(histogram)
    return merged


def _added(sums: list[Sums]) -> Sums:
    added = Sums(None, "")
    for each in sums:
        for name in COUNTS:
            setattr(added, name, getattr(added, name) + getattr(each, name))
    return added
