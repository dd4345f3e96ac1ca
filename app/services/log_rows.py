"""Log rows: what of an exchange is stored, as tuples in the order of the tables' columns. `log_writer.py` writes them.

All of it can be stored, whatever a client sent: PostgreSQL takes no U+0000, and neither database lone surrogates.
Every request pays for this. So what comes again and again is worked out once and remembered: names, headers, traces.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from app.common.headers import is_credential
from app.common.sanitizer import is_clean, redact, sanitize_headers
from app.domain.exchange import Attempt, EndReason, Exchange, Verdict
from app.domain.usage import Usage
from app.services.log_traces import trace_text

NAME_LENGTH = 200
"""Characters kept of a name that a client may have sent."""
GREATEST = 2**53 - 1
"""Greatest count: what JavaScript can hold."""
SECRET_LENGTH = 256
"""A secret is shorter: so much of a text cut in the middle of a word may be the beginning of one."""
HEADER_LENGTH = 128
NAMES_LENGTH = 512
KNOWN = 2048
"""Headers remembered, each of a name and a value no longer than that together; and as many sets of names."""
_UNIQUE = frozenset({b"x-request-id", b"request-id", b"cf-ray", b"traceparent"})
"""Headers of which no two are the same: to remember them would drive others out."""
TRACES_KNOWN = 256
REPEATED_BYTES = 16 * 1024
"""From this size on, a body is likely to come again: a conversation grows at its end, and is stored from its start."""
SEARCHED = 16
"""Rows searched at once. RE2 lets go of Python's lock for a search, which costs more than to search 1 kB."""
LONGEST = 1e6
"""Seconds; a greater time is written in another way."""

_encode = msgspec.json.Encoder().encode
_NO_USAGE = Usage()
_COMPLETE = EndReason.COMPLETE
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.~%")

_header_names: dict[bytes, str] = {}
"""The beginning of a header in JSON; empty for one that holds a credential."""
_pieces: dict[tuple[bytes, bytes], str] = {}
"""Headers in JSON."""
_Names: TypeAlias = tuple[str | None, ...]
_names: dict[_Names, _Names] = {}
"""As they come together, and as they are stored."""
_tried: dict[tuple[int, int, str, str], str] = {}
"""How the JSON of an attempt begins, by its target."""
_traces: dict[int, tuple[Sequence[Verdict], str]] = {}
"""By identity: most requests to a model share one."""
_Large: TypeAlias = tuple[int, int, bool]
"""A large body: its length, its hash, which is keyed anew in each process (PEP 456), and whether it was cut."""
_clean_bodies: set[_Large] = set()
"""Those that need no masking."""


def trim(exchange: Exchange, limit: int) -> int:
    """Cut the bodies to `limit` bytes each, which lets go of the rest.

    :returns: how many bytes are left, the facts included.
    """
    if len(exchange.request_body) > limit:
        exchange.request_body = exchange.request_body[:limit]
    if len(exchange.response_body) > limit:
        exchange.response_body = exchange.response_body[:limit]
    return len(exchange.request_body) + len(exchange.response_body) + len(exchange.facts or b"")


def log_row(exchange: Exchange) -> tuple[Any, ...]:
    """A row of `request_log`. Its flags are 0 and 1: SQLite's driver takes ten times as long for a `bool`."""
    usage = exchange.usage or _NO_USAGE
    delay, status, attempts, facts = (
        exchange.first_byte_delay,
        exchange.status,
        exchange.attempts,
        exchange.facts,
    )
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


class Unscreened(msgspec.Struct, gc=False):
    """A row of `request_payload` that nobody has searched for secrets and media yet."""

    exchange: Exchange
    row: tuple[Any, ...]
    """As it is to be stored if nothing is found."""
    headers: list[bytes]
    """Where to search for secrets in headers..."""
    bodies: list[bytes]
    """...and for all that is masked in bodies."""
    large: list[_Large]


def payload_row(exchange: Exchange, limit: int, *, redacted: bool) -> tuple[Any, ...]:
    """A row of `request_payload`. The bodies are taken as `trim` left them.

    :param limit: the cap of a body, in bytes.
    :param redacted: mask secrets and media in the bodies. Credentials in headers are masked in any case.
    """
    return screen(unscreened(exchange, limit, redacted=redacted))


def unscreened(exchange: Exchange, limit: int, *, redacted: bool) -> Unscreened:
    """What `payload_row` does, but for the search."""
    request, response = exchange.request_body, exchange.response_body
    request_truncated = exchange.request_size > len(request)
    # The size is that of the bytes on the wire; the body of a compressed answer is unpacked.
    response_truncated = (
        exchange.response_size > len(response) or exchange.response_size < len(response) >= limit
    )
    request_headers = _headers(exchange.request_headers)
    response_headers = _headers(exchange.response_headers)
    bodies: list[bytes] = []
    large: list[_Large] = []
    if redacted:
        if not request_truncated and len(request) < REPEATED_BYTES:
            bodies.append(request)
        else:
            request = _take_in(request, request_truncated, bodies, large)
        if not response_truncated and len(response) < REPEATED_BYTES:
            bodies.append(response)
        else:
            response = _take_in(response, response_truncated, bodies, large)
    if "\\" in request_headers or "\\" in response_headers:  # what is escaped looks different
        headers = [value for _, value in (*exchange.request_headers, *exchange.response_headers)]
    else:
        headers = [request_headers.encode(), response_headers.encode()]
    row = (
        exchange.request_id,
        redacted,
        request_headers,
        request,
        request_truncated,
        response_headers,
        response,
        response_truncated,
    )
    return Unscreened(exchange, row, headers, bodies, large)


def _take_in(body: bytes, is_cut: bool, bodies: list[bytes], large: list[_Large]) -> bytes:
    """A body that is large, or was cut, as it is to be stored; it goes to `bodies` unless it is known."""
    if is_cut:
        body = _without_half_word(body)
    if len(body) >= REPEATED_BYTES:
        key = len(body), hash(body), is_cut
        if key in _clean_bodies:
            return body
        large.append(key)
    bodies.append(body + b'"' if is_cut else body)
    return body


def screen_all(found: Sequence[Unscreened]) -> list[tuple[Any, ...] | Exception]:
    """The rows, of which most need no masking: so several are searched at once.

    :returns: for each its row, or why it has none.
    """
    rows: list[tuple[Any, ...] | Exception] = []
    for start in range(0, len(found), SEARCHED):
        group = found[start : start + SEARCHED]
        if are_clean(group):
            rows += [each.row for each in group]
        else:
            rows += map(_screen_one, group)
    return rows


def are_clean(group: Sequence[Unscreened]) -> bool:
    """Whether none of them needs masking, so that each row is right as it is. If not, `screen_all` says which do."""
    try:
        clean = is_clean(
            [body for each in group for body in each.bodies],
            [text for each in group for text in each.headers],
        )
    except Exception:  # whichever it is, it shows when they are searched one by one
        return False
    if clean:
        for each in group:
            if each.large:
                _remember(each.large)
    return clean


def _screen_one(found: Unscreened) -> tuple[Any, ...] | Exception:
    try:
        return screen(found)
    except Exception as error:  # the row next to it is worth keeping
        return error


def screen(found: Unscreened) -> tuple[Any, ...]:
    """The row, with what has to be masked masked."""
    if is_clean(found.bodies, found.headers):
        _remember(found.large)
        return found.row
    request_id, redacted, _, request, request_truncated, _, response, response_truncated = found.row
    if redacted:
        request = redact(request + b'"')[:-1] if request_truncated else redact(request)
        response = redact(response + b'"')[:-1] if response_truncated else redact(response)
    return (
        request_id,
        redacted,
        _json(sanitize_headers(found.exchange.request_headers)),
        request,
        request_truncated,
        _json(sanitize_headers(found.exchange.response_headers)),
        response,
        response_truncated,
    )


def storable(text: str) -> str:
    """The text as both databases can hold it: U+0000 and lone surrogates become replacement characters."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> str:
    """Headers in JSON: a list of name and value. Only those that hold credentials by their name are masked here."""
    known = _pieces.get
    return f"[{','.join([known(pair) or _header(*pair) for pair in raw])}]"


def _header(name: bytes, value: bytes) -> str:
    start = _header_names.get(name)
    if start is None:
        start = "" if is_credential(name) else f"[{_json(name.decode('latin-1'))},"
        if len(name) <= HEADER_LENGTH:
            _make_room(_header_names)
            _header_names[name] = start
    if not start:
        return _json(sanitize_headers([(name, value)])[0])
    piece = f"{start}{_json(value.decode('latin-1'))}]"
    if len(name) + len(value) <= HEADER_LENGTH and name not in _UNIQUE:
        _make_room(_pieces)
        _pieces[name, value] = piece
    return piece


def _remember(bodies: list[_Large]) -> None:
    """Remember what needs no masking."""
    for body in bodies:
        _make_room(_clean_bodies)
        _clean_bodies.add(body)


def _make_room(known: dict[Any, Any] | set[Any]) -> None:
    if len(known) >= KNOWN:
        known.clear()


def _without_half_word(body: bytes) -> bytes:
    """A text that was cut, but for the word it ends in, which may be half a secret. Its string is left open."""
    end = len(body)
    start = max(end - SECRET_LENGTH, 0)
    while end > start and body[end - 1] in _WORD:
        end -= 1
    return body[:end] if end > start else body


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
        _make_room(_names)
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
        return _json(attempt)
    target = attempt.target_id, attempt.provider_id, attempt.provider, attempt.target_model
    start = _tried.get(target)
    if start is None:
        named = dict(zip(("target_id", "provider_id", "provider", "target_model"), target, strict=True))
        start = _json(named)[:-1]
        _make_room(_tried)
        _tried[target] = start
    return f'{start},"started":{started:.6f},"first_byte":{first_byte:.6f},"ended":{ended:.6f},"status":{status}}}'


def _trace(trace: Sequence[Verdict]) -> str:
    known = _traces.get(id(trace))
    if known is not None and known[0] is trace:
        return known[1]
    text = trace_text(_json([_verdict(verdict) for verdict in trace]))
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


def _json(value: Any) -> str:
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return storable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))
