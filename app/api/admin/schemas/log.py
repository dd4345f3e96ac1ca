"""Log records in the admin API: read only."""

import base64
import codecs
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Row

from app.api.admin.schemas.base import Time
from app.api.admin.schemas.problem import Span
from app.domain import attempt as tried
from app.domain.exchange import EndReason
from app.domain.provider import Protocol
from app.domain.usage import UsageSource
from app.repositories.payload_files import Payload
from app.repositories.request_logs import WIDE
from app.services.log_traces import read_trace
from app.services.request_logs import LogPage as FoundPage

AnyRow = Row[tuple[Any, ...]]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)

_attempts = msgspec.json.Decoder(list[tried.Attempt])
_headers = msgspec.json.Decoder(list[tuple[str, str]])


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """One client request. Names are what they were when it came."""

    request_id: Annotated[str, Meta(description="Also in the header `x-request-id` of the answer.")]
    request_time: Annotated[Time, Meta(description="When the request arrived.")]
    protocol: Annotated[Protocol, Meta(description="Wire format of the route.")]
    method: Annotated[str, Meta(description="HTTP method.")]
    path: Annotated[str, Meta(description="Path of the request, without its query.")]
    client_ip: Annotated[str | None, Meta(description="Address of the client.")]
    revision: Annotated[int, Meta(description="Revision of the configuration that served it.")]
    api_key_id: Annotated[int | None, Meta(description="Number of the API key.")]
    api_key_name: Annotated[str | None, Meta(description="Name of the API key.")]
    requested_model: Annotated[str | None, Meta(description="Model the client asked for.")]
    is_stream: Annotated[bool, Meta(description="The client asked for a stream.")]
    target_id: Annotated[
        int | None, Meta(description="Number of the target that answered, or was tried last.")
    ]
    target_model: Annotated[str | None, Meta(description="Model name sent to that target.")]
    provider_id: Annotated[
        int | None, Meta(description="Number of the provider that answered, or was tried last.")
    ]
    provider: Annotated[str | None, Meta(description="Name of that provider.")]
    status: Annotated[int, Meta(description="Status the client got; 499 when it left.")]
    has_error: Annotated[
        bool, Meta(description="The status is 400 or more, or the answer did not come to its end.")
    ]
    error_code: Annotated[
        str | None, Meta(description="Code of our own error, or the kind of failure of the last attempt.")
    ]
    end_reason: Annotated[EndReason, Meta(description="How the answer ended.")]
    retry_count: Annotated[int, Meta(description="Attempts after the first, on whatever target.")]
    first_byte_delay_ms: Annotated[
        int | None, Meta(description="Milliseconds from the request to the first byte of the answer.")
    ]
    total_time_ms: Annotated[int, Meta(description="Milliseconds from the request to the end of the answer.")]
    input_tokens: Annotated[int | None, Meta(description="Tokens of the request; null where unknown.")]
    output_tokens: Annotated[int | None, Meta(description="Tokens of the answer; null where unknown.")]
    cached_tokens: Annotated[
        int | None, Meta(description="Part of the input read from the provider's cache.")
    ]
    reasoning_tokens: Annotated[int | None, Meta(description="Part of the output spent on reasoning.")]
    usage_source: Annotated[UsageSource | None, Meta(description="Where the token counts come from.")]
    request_size: Annotated[int, Meta(description="Bytes of the request body.")]
    response_size: Annotated[int, Meta(description="Bytes of the answer's body as sent to the client.")]

    @classmethod
    def of(cls, row: AnyRow) -> "Log":
        return cls(**_fields(row))


class LogTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many records match."""

    value: Annotated[
        int, Meta(description="Their number, counted up to 10,000 when the first page was read.")
    ]
    relation: Annotated[
        Literal["eq", "gte"], Meta(description="`eq`: exactly so many. `gte`: at least so many.")
    ]


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of log records."""

    items: Annotated[list[Log], Meta(description="The records, in the order asked for.")]
    next_cursor: Annotated[str | None, Meta(description="For `cursor`, to read on; null on the last page.")]
    total: Annotated[LogTotal, Meta(description="How many records match in all.")]

    @classmethod
    def of(cls, page: FoundPage) -> "LogPage":
        total = LogTotal(value=page.total.value, relation=page.total.relation)
        return cls(items=[Log.of(row) for row in page.rows], next_cursor=page.next_cursor, total=total)


class LogAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream try. Times are milliseconds after the request arrived."""

    target_id: Annotated[int, Meta(description="Number of the target.")]
    provider_id: Annotated[int, Meta(description="Number of the provider.")]
    provider: Annotated[str, Meta(description="Name of the provider.")]
    target_model: Annotated[str, Meta(description="Model name sent.")]
    status: Annotated[
        int | None, Meta(description="Status the upstream answered with; null where it did not.")
    ]
    error: Annotated[str | None, Meta(description="Kind of failure; null where a whole answer came.")]
    started_ms: Annotated[float, Meta(description="When it began.")]
    first_byte_ms: Annotated[float | None, Meta(description="When the answer's head came.")]
    ended_ms: Annotated[float | None, Meta(description="When it was over.")]
    next: Annotated[str | None, Meta(description="Why another attempt followed; null for the last one.")]


class LogVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules said of one target, or of the model as a whole."""

    target_id: Annotated[int | None, Meta(description="Number of the target; null for the model's own rule.")]
    provider: Annotated[str | None, Meta(description="Name of the target's provider.")]
    passed: Annotated[bool, Meta(description="The target became a candidate.")]
    refused_by: Annotated[
        str | None,
        Meta(description="The part of the rule that refused, or another reason such as `protocol`."),
    ]
    span: Annotated[Span | None, Meta(description="Where that part stands in the rule.")]


class LogHeader(msgspec.Struct, frozen=True):
    """One header field."""

    name: Annotated[str, Meta(description="Its name.")]
    value: Annotated[str, Meta(description="Its value; credentials are masked.")]


class LogBody(msgspec.Struct, frozen=True, kw_only=True):
    """A stored body."""

    text: Annotated[str, Meta(description="What is stored of it.")]
    encoding: Annotated[
        Literal["utf-8", "base64"],
        Meta(description="`base64`: the bytes are no text, and `text` encodes them."),
    ]
    truncated: Annotated[bool, Meta(description="The body was longer than what is stored.")]


class LogPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Request and answer as they were stored."""

    is_redacted: Annotated[bool, Meta(description="Secrets and media in the bodies are masked.")]
    request_headers: Annotated[list[LogHeader], Meta(description="Header fields of the client.")]
    request_body: Annotated[LogBody, Meta(description="Body of the client's request.")]
    response_headers: Annotated[
        list[LogHeader], Meta(description="Header fields of the answer to the client.")
    ]
    response_body: Annotated[
        LogBody, Meta(description="Body of the answer; of a stream, the text as it came.")
    ]

    @classmethod
    def of(cls, row: Payload) -> "LogPayload":
        return cls(
            is_redacted=row.is_redacted,
            request_headers=[LogHeader(*pair) for pair in _headers.decode(row.request_headers)],
            request_body=_body(row.request_body, row.request_truncated),
            response_headers=[LogHeader(*pair) for pair in _headers.decode(row.response_headers)],
            response_body=_body(row.response_body, row.response_truncated),
        )


class LogDetail(Log, frozen=True, kw_only=True):
    """One client request with all that is known of it."""

    attempts: Annotated[list[LogAttempt], Meta(description="Upstream tries, in their order.")]
    trace: Annotated[list[LogVerdict], Meta(description="What the rules said.")]
    payload: Annotated[
        LogPayload | None, Meta(description="Null where nothing is stored, or its retention is over.")
    ]

    @classmethod
    def whole(cls, row: AnyRow, payload: Payload | None) -> "LogDetail":
        return cls(
            **_fields(row),
            attempts=[_attempt(attempt) for attempt in _attempts.decode(row.attempts)],
            trace=[_verdict(verdict) for verdict in read_trace(row.trace)],
            payload=None if payload is None else LogPayload.of(payload),
        )


def moment(milliseconds: int) -> datetime:
    """Of milliseconds since the epoch; what no calendar of ours has becomes its first or last moment."""
    return EPOCH + timedelta(milliseconds=min(max(milliseconds, _FIRST), _LAST))


def _fields(row: AnyRow) -> dict[str, Any]:
    fields = dict(row._mapping)
    for wide in WIDE:
        fields.pop(wide, None)
    fields["request_time"] = moment(row.request_time)
    fields["protocol"] = Protocol(row.protocol)
    fields["end_reason"] = EndReason(row.end_reason)
    if row.usage_source is not None:
        fields["usage_source"] = UsageSource(row.usage_source)
    return fields


def _attempt(attempt: tried.Attempt) -> LogAttempt:
    return LogAttempt(
        target_id=attempt.target_id,
        provider_id=attempt.provider_id,
        provider=attempt.provider,
        target_model=attempt.target_model,
        status=attempt.status,
        error=attempt.error,
        started_ms=round(attempt.started * 1000, 3),
        first_byte_ms=None if attempt.first_byte is None else round(attempt.first_byte * 1000, 3),
        ended_ms=None if attempt.ended is None else round(attempt.ended * 1000, 3),
        next=attempt.next,
    )


def _verdict(verdict: tried.Verdict) -> LogVerdict:
    return LogVerdict(
        target_id=verdict.target_id,
        provider=verdict.provider,
        passed=verdict.passed,
        refused_by=verdict.refused_by,
        span=None if verdict.span is None else Span(*verdict.span),
    )


def _body(content: bytes, truncated: bool) -> LogBody:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(content, final=not truncated)  # a cut may go through a character
    except UnicodeDecodeError:
        return LogBody(text=base64.b64encode(content).decode(), encoding="base64", truncated=truncated)
    return LogBody(text=text, encoding="utf-8", truncated=truncated)
