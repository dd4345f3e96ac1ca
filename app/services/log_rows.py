"""Log rows: what of an exchange is stored, as tuples in the order of the tables' columns. `log_writer.py` writes them.

All of it can be stored, whatever a client sent: PostgreSQL takes no U+0000, and neither database lone surrogates.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from app.common.sanitizer import redact, sanitize_headers
from app.domain.exchange import EndReason, Exchange
from app.domain.usage import Usage

NAME_LENGTH = 200
"""Characters kept of a name that a client may have sent."""
GREATEST = 2**53 - 1
"""Greatest count: what JavaScript can hold."""
SECRET_LENGTH = 256
"""A secret is shorter: so much of a text cut in the middle of a word may be the beginning of one."""
HEADER_LENGTH = 128
HEADERS_KNOWN = 2048
"""Headers remembered, each of a name and a value no longer than that together."""

_encode = msgspec.json.Encoder().encode
_NO_USAGE = Usage()
_COMPLETE = EndReason.COMPLETE
_harmless: dict[tuple[bytes, bytes], tuple[str, str]] = {}
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.~%")


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
    """A row of `request_log`."""
    usage = exchange.usage or _NO_USAGE
    delay = exchange.first_byte_delay
    target = exchange.target_id, exchange.target_model, exchange.provider_id, exchange.provider
    if exchange.provider_id is None and exchange.attempts:  # nobody answered: who was tried last
        last = exchange.attempts[-1]
        target = last.target_id, last.target_model, last.provider_id, last.provider
    return (
        exchange.request_id,
        int(exchange.request_time * 1000),
        exchange.protocol.value,
        _text(exchange.method, 16),
        _text(exchange.path.partition("?")[0]),
        _text(exchange.client_ip, 64),
        exchange.revision,
        exchange.api_key_id,
        _text(exchange.api_key_name),
        _model(exchange),
        exchange.is_stream,
        target[0],
        _text(target[1]),
        target[2],
        _text(target[3]),
        exchange.status,
        exchange.status >= 400 or exchange.end_reason is not _COMPLETE,
        _text(exchange.error_code, 64),
        exchange.end_reason.value,
        exchange.retry_count,
        None if delay is None else round(delay * 1000),
        round(exchange.total_time * 1000),
        _count(usage.input),
        _count(usage.output),
        _count(usage.cached),
        _count(usage.reasoning),
        None if exchange.usage_source is None else exchange.usage_source.value,
        exchange.request_size,
        exchange.response_size,
        _json(exchange.attempts),
        _json(exchange.trace),
        None if exchange.facts is None else exchange.facts.decode("utf-8", "replace"),
    )


def payload_row(exchange: Exchange, limit: int, *, redacted: bool) -> tuple[Any, ...]:
    """A row of `request_payload`. The bodies are taken as `trim` left them.

    :param limit: the cap of a body, in bytes.
    :param redacted: mask secrets and media in the bodies. Credentials in headers are masked in any case.
    """
    request, response = exchange.request_body, exchange.response_body
    request_truncated = exchange.request_size > len(request)
    # The size is that of the bytes on the wire; the body of a compressed answer is unpacked.
    response_truncated = (
        exchange.response_size > len(response) or exchange.response_size < len(response) >= limit
    )
    if redacted:
        request = _redact_cut(request) if request_truncated else redact(request)
        response = _redact_cut(response) if response_truncated else redact(response)
    return (
        exchange.request_id,
        redacted,
        _json(_headers(exchange.request_headers)),
        request,
        request_truncated,
        _json(_headers(exchange.response_headers)),
        response,
        response_truncated,
    )


def storable(text: str) -> str:
    """The text as both databases can hold it: U+0000 and lone surrogates become replacement characters."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """`sanitize_headers`, which remembers what it left as it is: most headers come again and again."""
    clean = []
    for name, value in raw:
        known = _harmless.get((name, value))
        if known is None:
            known = sanitize_headers([(name, value)])[0]
            if len(name) + len(value) <= HEADER_LENGTH and known[1].encode("latin-1") == value:
                if len(_harmless) >= HEADERS_KNOWN:
                    _harmless.clear()
                _harmless[(name, value)] = known
        clean.append(known)
    return clean


def _redact_cut(body: bytes) -> bytes:
    """Redact a text that was cut: the word it ends in may be half a secret and goes, its string is closed."""
    end = len(body)
    start = max(end - SECRET_LENGTH, 0)
    while end > start and body[end - 1] in _WORD:
        end -= 1
    return redact((body[:end] if end > start else body) + b'"')[:-1]


def _model(exchange: Exchange) -> str | None:
    """The model asked for. One that is not configured may be anything, an API key in the wrong place for example."""
    name = _text(exchange.requested_model)
    if name and exchange.target_id is None and not exchange.trace:
        return redact(name.encode()).decode()
    return name


def _text(text: str | None, length: int = NAME_LENGTH) -> str | None:
    return None if text is None else storable(text[:length])


def _count(count: int | None) -> int | None:
    return None if count is None else min(max(count, 0), GREATEST)


def _json(value: Any) -> str:
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return storable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))
