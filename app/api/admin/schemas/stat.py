"""Statistics in the admin API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Time
from app.api.admin.schemas.log import moment
from app.repositories.stats import Grouping
from app.services import stats
from app.services.stats import Interval


class DurationPercentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds within which so many percent of the requests were served; null without such requests.

    From a histogram: exact below 40 ms, within 2.5 % above. Where the statistic is over more than 200,000 requests,
    groups of more than 5,000 are judged by a seventh of theirs.
    """

    p50: Annotated[int | None, Meta(description="The median.")]
    p90: Annotated[int | None, Meta(description="90 % were served within it.")]
    p99: Annotated[int | None, Meta(description="99 % were served within it.")]

    @classmethod
    def of(cls, found: stats.Percentiles) -> "DurationPercentiles":
        return cls(p50=found.p50, p90=found.p90, p99=found.p99)


class StatGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of one group add up to. The group is named by the fields that fit `group_by`."""

    id: Annotated[
        int | None, Meta(description="Number of the provider or API key; null for requests without one.")
    ]
    name: Annotated[
        str | None, Meta(description="Name of the model, or latest name of the provider or API key.")
    ]
    start_time: Annotated[Time | None, Meta(description="Where the time bucket begins.")]
    requests: Annotated[int, Meta(description="Number of requests.")]
    errors: Annotated[int, Meta(description="Requests that failed: `has_error` of their log records.")]
    status_2xx: Annotated[int, Meta(description="Requests answered with 200 to 299.")]
    status_3xx: Annotated[int, Meta(description="Requests answered with 300 to 399.")]
    status_4xx: Annotated[
        int, Meta(description="Requests answered with 400 to 499, or left by the client (499).")
    ]
    status_5xx: Annotated[int, Meta(description="Requests answered with 500 to 599.")]
    input_tokens: Annotated[int, Meta(description="Tokens of the requests, where known.")]
    output_tokens: Annotated[int, Meta(description="Tokens of the answers, where known.")]
    total_time_ms: Annotated[
        DurationPercentiles, Meta(description="From the request to the end of the answer.")
    ]
    first_byte_delay_ms: Annotated[
        DurationPercentiles, Meta(description="From the request to the first byte of the answer.")
    ]

    @classmethod
    def of(cls, group: stats.Group, by: Grouping | None) -> "StatGroup":
        key = group.sums.key
        return cls(
            id=key if by in ("provider", "api_key") and isinstance(key, int) else None,
            name=key if isinstance(key, str) else group.name,
            start_time=moment(key) if by == "time" and isinstance(key, int) else None,
            requests=group.sums.requests,
            errors=group.sums.errors,
            status_2xx=group.sums.status_2xx,
            status_3xx=group.sums.status_3xx,
            status_4xx=group.sums.status_4xx,
            status_5xx=group.sums.status_5xx,
            input_tokens=group.sums.input_tokens,
            output_tokens=group.sums.output_tokens,
            total_time_ms=DurationPercentiles.of(group.total_time),
            first_byte_delay_ms=DurationPercentiles.of(group.first_byte_delay),
        )


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics over the requests of a time range."""

    start_time: Annotated[Time, Meta(description="Requests from this time on count.")]
    end_time: Annotated[Time, Meta(description="Requests of this time and later do not.")]
    group_by: Annotated[Grouping, Meta(description="What the groups are.")]
    interval: Annotated[
        Interval, Meta(description="Width of the time buckets, which begin at whole ones in UTC.")
    ]
    total: Annotated[StatGroup, Meta(description="All requests of the range that match.")]
    items: Annotated[
        list[StatGroup],
        Meta(
            description="Time buckets in their order, without empty ones; else the 100 groups with most requests."
        ),
    ]

    @classmethod
    def of(cls, found: stats.Stats, by: Grouping) -> "Stats":
        return cls(
            start_time=moment(found.start_time),
            end_time=moment(found.end_time),
            group_by=by,
            interval=found.interval,
            total=StatGroup.of(found.total, None),
            items=[StatGroup.of(group, by) for group in found.groups],
        )
