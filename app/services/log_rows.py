"""Log rows: what of an exchange is stored, as tuples in the order of the table's columns. `log_writer.py` writes them,
`payload_rows.py` makes those of requests and answers.

All of it can be stored, whatever a client sent: PostgreSQL takes no U+0000, and neither database lone surrogates.
Every request pays for this. So what comes again and again is worked out once and remembered: names, targets, traces.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from app.common.sanitizer import redact
from app.domain.attempt import Attempt, Verdict
from app.domain.exchange import EndReason, Exchange
from app.domain.usage import Usage
from app.services.log_traces import trace_text

NAME_LENGTH: Final = 200
"""Characters kept of a name that a client may have sent."""
GREATEST: Final = 2**53 - 1
"""Greatest count: what JavaScript can hold."""
NAMES_LENGTH: Final = 512
KNOWN: Final = 2048
"""Of each kind that are remembered: sets of names, targets, headers no longer than `HEADER_LENGTH`."""
TRACES_KNOWN: Final = 256
_TIMES: Final = '%s,"started":%.6f,"first_byte":%.6f,"ended":%.6f,"status":%d}'
"""In one go: compiled, an f-string takes twice as long for it."""
LONGEST: Final = 1e6
"""Seconds; a greater time is written in another way."""

_encode: Final = msgspec.json.Encoder().encode
_NO_USAGE: Final = Usage()
_COMPLETE: Final = EndReason.COMPLETE

_Names: TypeAlias = tuple[str | None, ...]
_names: Final[dict[_Names, _Names]] = {}
"""As they come together, and as they are stored."""
_tried: Final[dict[tuple[int, int, str, str], str]] = {}
"""How the JSON of an attempt begins, by its target."""
_traces: Final[dict[int, tuple[Sequence[Verdict], str]]] = {}
"""By identity: most requests to a model share one."""


def log_row(exchange: Exchange) -> tuple[Any, ...]:
    """A row of `request_log`. Its flags are 0 and 1: SQLite's driver takes ten times as long for a `bool`."""
    usage = exchange.usage or _NO_USAGE
    delay, facts = exchange.first_byte_delay, exchange.facts
    status, attempts = exchange.status, exchange.attempts
    target_id, target_model = exchange.target_id, exchange.target_model
    provider_id, provider = exchange.provider_id, exchange.provider
    if provider_id is None and attempts:  # nobody answered: who was tried last
        last = attempts[-1]
        target_id, target_model = last.target_id, last.target_model
        provider_id, provider = last.provider_id, last.provider
    names = (
        exchange.method,
        exchange.path,
        exchange.api_key_name,
        exchange.requested_model,
        target_model,
        provider,
        exchange.error_code,
    )
    method, path, key_name, model, target_model, provider, error_code = _names.get(names) or _clean(names)
    if model and exchange.target_id is None and not exchange.trace:
        model = redact(model.encode()).decode()  # not one of ours; it may be an API key in the wrong place
    return (
        exchange.request_id,
        int(exchange.request_time * 1000),
        exchange.protocol._value_,
        method,
        path,
        None if exchange.client_ip is None else storable(exchange.client_ip[:64]),
        exchange.revision,
        exchange.api_key_id,
        key_name,
        model,
        1 if exchange.is_stream else 0,
        target_id,
        target_model,
        provider_id,
        provider,
        status,
        1 if status >= 400 or exchange.end_reason is not _COMPLETE else 0,
        error_code,
        exchange.end_reason._value_,
        len(attempts) - 1 if attempts else 0,
        None if delay is None else round(delay * 1000),
        round(exchange.total_time * 1000),
        _count(usage.input),
        _count(usage.output),
        _count(usage.cached),
        _count(usage.reasoning),
        None if exchange.usage_source is None else exchange.usage_source._value_,
        exchange.request_size,
        exchange.response_size,
        f"[{','.join([_attempt(attempt) for attempt in attempts])}]",
        _trace(exchange.trace),
        None if facts is None else facts.decode("utf-8", "replace"),
        None,  # the place of the payload is known when it is stored
        None,
    )


def storable(text: str) -> str:
    """The text as both databases can hold it: U+0000 and lone surrogates become replacement characters."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def make_room(known: dict[Any, Any] | set[Any]) -> None:
    if len(known) >= KNOWN:
        known.clear()


def _clean(names: _Names) -> _Names:
    """The names as they can be stored, cut to the length of their columns."""
    method, path, key_name, model, target_model, provider, error_code = names
    clean = (
        storable((method or "")[:16]),
        storable((path or "").partition("?")[0][:NAME_LENGTH]),
        _text(key_name),
        _text(model),
        _text(target_model),
        _text(provider),
        _text(error_code, 64),
    )
    if sum(len(name or "") for name in names) <= NAMES_LENGTH:
        make_room(_names)
        _names[names] = clean
    return clean


def _text(text: str | None, length: int = NAME_LENGTH) -> str | None:
    return None if text is None else storable(text[:length])


def _count(count: int | None) -> int | None:
    return count if count is None or 0 <= count <= GREATEST else min(max(count, 0), GREATEST)


def _attempt(attempt: Attempt) -> str:
    """An attempt in JSON; the usual one by hand, to the microsecond and without what is None."""
    started, first_byte, ended, status = attempt.started, attempt.first_byte, attempt.ended, attempt.status
    if (
        first_byte is None
        or ended is None
        or status is None
        or attempt.error is not None
        or attempt.next is not None
        or not 0 <= started <= first_byte <= ended < LONGEST
    ):
        return json_text(attempt)
    target = attempt.target_id, attempt.provider_id, attempt.provider, attempt.target_model
    start = _tried.get(target)
    if start is None:
        named = dict(zip(("target_id", "provider_id", "provider", "target_model"), target, strict=True))
        start = json_text(named)[:-1]
        make_room(_tried)
        _tried[target] = start
    return _TIMES % (start, started, first_byte, ended, status)


def _trace(trace: Sequence[Verdict]) -> str:
    known = _traces.get(id(trace))
    if known is not None and known[0] is trace:
        return known[1]
    text = trace_text(json_text([_verdict(verdict) for verdict in trace]))
    if len(_traces) >= TRACES_KNOWN:
        _traces.clear()
    _traces[id(trace)] = trace, text
    return text


def _verdict(verdict: Verdict) -> dict[str, Any]:
    told: dict[str, Any] = {
        "target_id": verdict.target_id,
        "provider": verdict.provider,
        "passed": verdict.passed,
    }
    if verdict.refused_by is not None:
        told |= {"refused_by": verdict.refused_by, "span": verdict.span}
    return told


def json_text(value: Any) -> str:
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return storable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))
