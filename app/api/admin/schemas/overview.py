"""The overview of the dashboard: all figures of its charts in one answer."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Time
from app.api.admin.schemas.log import moment
from app.services import overview
from app.services.overview import Range

Requests = Annotated[int, Meta(description="Number of requests.")]
Errors = Annotated[int, Meta(description="Requests that failed: `has_error` of their log records.")]
InputTokens = Annotated[int, Meta(description="Tokens of the requests, where known.")]
OutputTokens = Annotated[int, Meta(description="Tokens of the answers, where known.")]


class LatencyPercentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds within which so many percent of the requests were served; null without such requests.

    From a histogram: exact below 40 ms, within 2.5 % above. Over more than 200,000 requests from a sample of them.
    """

    p50: Annotated[int | None, Meta(description="The median.")]
    p95: Annotated[int | None, Meta(description="95 % were served within it.")]
    p99: Annotated[int | None, Meta(description="99 % were served within it.")]

    @classmethod
    def of(cls, found: overview.Latency) -> "LatencyPercentiles":
        return cls(p50=found.p50, p95=found.p95, p99=found.p99)


class OverviewFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of some time add up to."""

    requests: Requests
    errors: Errors
    status_2xx: Annotated[int, Meta(description="Requests answered with 200 to 299.")]
    status_3xx: Annotated[int, Meta(description="Requests answered with 300 to 399.")]
    status_4xx: Annotated[int, Meta(description="Requests answered with 400 to 499, or left by the client.")]
    status_5xx: Annotated[int, Meta(description="Requests answered with 500 to 599.")]
    input_tokens: InputTokens
    output_tokens: OutputTokens
    total_time_ms: Annotated[
        LatencyPercentiles, Meta(description="From the request to the end of the answer.")
    ]
    first_byte_delay_ms: Annotated[
        LatencyPercentiles, Meta(description="From the request to the first byte of the answer.")
    ]

    @classmethod
    def of(cls, found: overview.Figures) -> "OverviewFigures":
        return cls(**_figures(found))


class OverviewBucket(OverviewFigures, frozen=True, kw_only=True):
    """The requests of one time bucket."""

    start_time: Annotated[Time, Meta(description="Where the time bucket begins.")]

    @classmethod
    def at(cls, start: int, found: overview.Figures) -> "OverviewBucket":
        return cls(start_time=moment(start), **_figures(found))


class OverviewBefore(msgspec.Struct, frozen=True, kw_only=True):
    """The range of the same length before, to compare with."""

    requests: Requests
    errors: Errors
    input_tokens: InputTokens
    output_tokens: OutputTokens


class OverviewProvider(msgspec.Struct, frozen=True, kw_only=True):
    """The requests that one provider answered, or was tried last for."""

    id: Annotated[int, Meta(description="Number of the provider.")]
    name: Annotated[str | None, Meta(description="Its latest name.")]
    requests: Requests
    errors: Errors
    requests_by_bucket: Annotated[list[int], Meta(description="Requests in each of `buckets`.")]
    errors_by_bucket: Annotated[list[int], Meta(description="Failed requests in each of `buckets`.")]


class OverviewTop(msgspec.Struct, frozen=True, kw_only=True):
    """An API key or a model among those with most requests."""

    id: Annotated[int | None, Meta(description="Number of the API key; null for models.")]
    name: Annotated[str | None, Meta(description="Name of the model, or latest name of the API key.")]
    requests: Requests
    errors: Errors
    input_tokens: InputTokens
    output_tokens: OutputTokens
    requests_before: Annotated[int, Meta(description="Requests in the range before.")]

    @classmethod
    def of(cls, found: overview.Top) -> "OverviewTop":
        key = found.sums.key
        return cls(
            id=key if isinstance(key, int) else None,
            name=key if isinstance(key, str) else found.name,
            requests=found.sums.requests,
            errors=found.sums.errors,
            input_tokens=found.sums.input_tokens,
            output_tokens=found.sums.output_tokens,
            requests_before=found.before,
        )


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of the last hour, day or week. Kept for two seconds."""

    range: Annotated[Range, Meta(description="The range asked for.")]
    start_time: Annotated[Time, Meta(description="Where the first bucket begins.")]
    end_time: Annotated[Time, Meta(description="When this was found out.")]
    bucket_seconds: Annotated[int, Meta(description="Width of a time bucket.")]
    total: Annotated[OverviewFigures, Meta(description="All requests of the range.")]
    before: Annotated[OverviewBefore, Meta(description="All requests of the range before.")]
    buckets: Annotated[
        list[OverviewBucket],
        Meta(description="The time buckets in their order, empty ones too; the last one is not over."),
    ]
    providers: Annotated[
        list[OverviewProvider], Meta(description="The 20 providers with most requests, these first.")
    ]
    api_keys: Annotated[list[OverviewTop], Meta(description="The five API keys with most requests.")]
    models: Annotated[
        list[OverviewTop], Meta(description="The five models asked for most, as clients named them.")
    ]

    @classmethod
    def of(cls, found: overview.Overview) -> "Overview":
        before = found.before
        return cls(
            range=found.range,
            start_time=moment(found.start),
            end_time=moment(found.end),
            bucket_seconds=found.width // 1000,
            total=OverviewFigures.of(found.total),
            before=OverviewBefore(
                requests=before.requests,
                errors=before.errors,
                input_tokens=before.input_tokens,
                output_tokens=before.output_tokens,
            ),
            buckets=[
                OverviewBucket.at(found.start + place * found.width, each)
                for place, each in enumerate(found.buckets)
            ],
            providers=[
                OverviewProvider(
                    id=each.id,
                    name=each.name,
                    requests=sum(each.requests),
                    errors=sum(each.errors),
                    requests_by_bucket=each.requests,
                    errors_by_bucket=each.errors,
                )
                for each in found.providers
            ],
            api_keys=[OverviewTop.of(each) for each in found.api_keys],
            models=[OverviewTop.of(each) for each in found.models],
        )


def _figures(found: overview.Figures) -> dict[str, Any]:
    return {
        "requests": found.sums.requests,
        "errors": found.sums.errors,
        "status_2xx": found.sums.status_2xx,
        "status_3xx": found.sums.status_3xx,
        "status_4xx": found.sums.status_4xx,
        "status_5xx": found.sums.status_5xx,
        "input_tokens": found.sums.input_tokens,
        "output_tokens": found.sums.output_tokens,
        "total_time_ms": LatencyPercentiles.of(found.total_time),
        "first_byte_delay_ms": LatencyPercentiles.of(found.first_byte_delay),
    }
