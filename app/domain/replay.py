"""A replay: drafted rules over logged requests. What is asked, how far it is, and what came out."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from app.domain.draft import Draft

USUAL_LAST: Final = 10_000
MOST_LAST: Final = 1_000_000

Time = Annotated[datetime, Meta(tz=True)]


class ReplaySpan(msgspec.Struct, frozen=True):
    """A piece of a rule, counted in characters."""

    start: Annotated[int, Meta(description="Offset of the first character.")]
    end: Annotated[int, Meta(description="Offset after the last character.")]


class ReplayQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests to replay, and with which changes."""

    model: Annotated[str, Meta(min_length=1, max_length=200, description="Name of the model.")]
    draft: Annotated[Draft, Meta(description="The changes to try; nothing is stored.")]
    last: Annotated[
        int, Meta(ge=1, le=MOST_LAST, description="The newest so many requests of the model.")
    ] = USUAL_LAST
    filter: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Only requests for which this expression over log fields is true; empty: all.",
        ),
    ] = ""
    start_time: Annotated[Time | None, Meta(description="Only requests from this time on.")] = None
    end_time: Annotated[Time | None, Meta(description="Only requests before this time.")] = None


class ReplayProgress(msgspec.Struct, frozen=True):
    """How far a replay is."""

    done: Annotated[int, Meta(description="Requests replayed so far.")]
    total: Annotated[int, Meta(description="Requests to replay.")]


class ReplayFailure(msgspec.Struct, frozen=True):
    """Why a replay that had begun has no result."""

    error: Annotated[str, Meta(description="The reason in a sentence.")]


class ReplayTargetRef(msgspec.Struct, frozen=True):
    """A target of the model."""

    target_id: Annotated[int, Meta(description="Number of the target.")]
    provider: Annotated[str, Meta(description="Name of its provider.")]


class ReplayLatency(msgspec.Struct, frozen=True, kw_only=True):
    """How long successful requests took that a target answered, or the difference between two targets."""

    requests: Annotated[int, Meta(description="Requests measured; of a difference, the fewer of the two.")]
    total_ms_median: Annotated[int, Meta(description="Median of the whole time, in milliseconds.")]
    total_ms_p95: Annotated[int, Meta(description="95th percentile of the whole time, in milliseconds.")]
    first_byte_ms_median: Annotated[
        int | None, Meta(description="Median of the delay of the first byte, in milliseconds.")
    ]
    first_byte_ms_p95: Annotated[
        int | None, Meta(description="95th percentile of the delay of the first byte, in milliseconds.")
    ]


class ReplayRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why requests would have no candidate."""

    target: Annotated[ReplayTargetRef | None, Meta(description="Whose rule refuses; null: the model's own.")]
    refused_by: Annotated[
        str,
        Meta(description="First part of the rule that is false, or `protocol`: the provider speaks another."),
    ]
    span: Annotated[ReplaySpan | None, Meta(description="Where that part stands in the rule.")]
    count: Annotated[int, Meta(description="Requests.")]


class ReplayChange(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that would go elsewhere, by their first candidates in stored order before and after."""

    before: Annotated[ReplayTargetRef | None, Meta(description="Where they went; null: nowhere.")]
    after: Annotated[
        ReplayTargetRef | None,
        Meta(
            description="Where they would go; null: nowhere. The same as `before`: only later candidates differ."
        ),
    ]
    count: Annotated[int, Meta(description="Requests.")]
    samples: Annotated[list[str], Meta(description="Ids of some of them, the newest.")]
    latency: Annotated[
        ReplayLatency | None,
        Meta(
            description="What answers of `after` took more (or less, below 0) than those of `before`, over the "
            "requests replayed; null: one of them had no traffic."
        ),
    ]
    refusals: Annotated[
        list[ReplayRefusal],
        Meta(description="Where `after` is null: what refuses them, most frequent first."),
    ]


class ReplayTargetResult(msgspec.Struct, frozen=True, kw_only=True):
    """One target under both sets of rules."""

    target_id: Annotated[int, Meta(description="Number of the target.")]
    provider: Annotated[str, Meta(description="Name of its provider.")]
    before: Annotated[int, Meta(description="Requests it was a candidate for.")]
    after: Annotated[int, Meta(description="Requests it would be a candidate for.")]
    gained: Annotated[int, Meta(description="Requests it would be a candidate for and was not.")]
    lost: Annotated[int, Meta(description="Requests it was a candidate for and would not be.")]
    latency: Annotated[
        ReplayLatency | None, Meta(description="Of the requests it has answered; null: no traffic.")
    ]


class ReplayGap(msgspec.Struct, frozen=True, kw_only=True):
    """Something a rule reads that the log does not have."""

    path: Annotated[str, Meta(description="The field, as rules write it; `[]` is any element.")]
    count: Annotated[
        int, Meta(description="Requests that could not be evaluated, for want of this among others.")
    ]


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the draft would have done."""

    model: Annotated[str, Meta(description="Name of the model.")]
    requests: Annotated[int, Meta(description="Requests looked at.")]
    first_time: Annotated[Time | None, Meta(description="When the oldest of them came.")]
    last_time: Annotated[Time | None, Meta(description="When the newest of them came.")]
    evaluated: Annotated[
        int, Meta(description="Requests whose outcome does not depend on anything the log does not have.")
    ]
    unchanged: Annotated[int, Meta(description="Of those: the candidates stay the same.")]
    changed: Annotated[int, Meta(description="Of those: the candidates differ.")]
    approximate: Annotated[
        int,
        Meta(
            description="Of those: input tokens were not counted then; what the provider reported was used."
        ),
    ]
    changes: Annotated[list[ReplayChange], Meta(description="The changes, most frequent first.")]
    targets: Annotated[list[ReplayTargetResult], Meta(description="The targets in their order.")]
    not_evaluated: Annotated[int, Meta(description="Requests for which unknown values decide.")]
    gaps: Annotated[list[ReplayGap], Meta(description="Those values, most frequent first.")]
    notes: Annotated[list[str], Meta(description="What else to know, in sentences.")]
