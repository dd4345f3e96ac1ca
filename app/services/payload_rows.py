"""Payload rows: the stored request and answer of an exchange, as tuples in the order of the table's columns.

Every request pays for this. What comes again and again is searched for secrets once and remembered: headers, and large
bodies.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from app.common.headers import is_credential
from app.common.sanitizer import is_clean, redact, sanitize_headers
from app.domain.exchange import Exchange
from app.services.log_rows import json_text, make_room

SECRET_LENGTH: Final = 256
"""A secret is shorter: so much of a text cut in the middle of a word may be the beginning of one."""
HEADER_LENGTH: Final = 128
"""Of name and value together: longer ones are not remembered."""
_UNIQUE: Final = frozenset({b"x-request-id", b"request-id", b"cf-ray", b"traceparent"})
"""Headers of which no two are the same: to remember them would drive others out."""
REPEATED_BYTES: Final = 16 * 1024
"""From this size on, a body is likely to come again: a conversation grows at its end, and is stored from its start."""
SEARCHED: Final = 16
"""Rows searched at once. RE2 lets go of Python's lock for a search, which costs more than to search 1 kB."""
_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.~%")
_header_names: Final[dict[bytes, str]] = {}
"""The beginning of a header in JSON; empty for one that holds a credential."""
_Header: TypeAlias = tuple[tuple[bytes, bytes], str]
"""A header, and the same in JSON."""
_pieces: Final[dict[tuple[bytes, bytes], str]] = {}
"""Headers in JSON that need no masking."""
_Large: TypeAlias = tuple[int, int, bool]
"""A large body: its length, its hash, which is keyed anew in each process (PEP 456), and whether it was cut."""
_clean_bodies: Final[set[_Large]] = set()
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


class Unscreened:
    """A row of `request_payload` that nobody has searched for secrets and media yet."""

    __slots__ = ("bodies", "exchange", "headers", "large", "row")

    def __init__(
        self,
        exchange: Exchange,
        row: tuple[Any, ...],
        headers: list[_Header],
        bodies: list[bytes],
        large: list[_Large],
    ) -> None:
        """
        :param row: as it is to be stored if nothing is found.
        :param headers: those whose values are to be searched for secrets.
        :param bodies: where to search for all that is masked in bodies.
        """
        self.exchange = exchange
        self.row = row
        self.headers = headers
        self.bodies = bodies
        self.large = large


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
    headers: list[_Header] = []
    request_headers = _headers(exchange.request_headers, headers)
    response_headers = _headers(exchange.response_headers, headers)
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
            [value for each in group for (_, value), _ in each.headers],
        )
    except Exception:  # whichever it is, it shows when they are searched one by one
        return False
    if clean:
        for each in group:
            _remember(each)
    return clean


def _screen_one(found: Unscreened) -> tuple[Any, ...] | Exception:
    try:
        return screen(found)
    except Exception as error:  # the row next to it is worth keeping
        return error


def screen(found: Unscreened) -> tuple[Any, ...]:
    """The row, with what has to be masked masked."""
    if is_clean(found.bodies, [value for (_, value), _ in found.headers]):
        _remember(found)
        return found.row
    request_id, redacted, _, request, request_truncated, _, response, response_truncated = found.row
    if redacted:
        request = redact(request + b'"')[:-1] if request_truncated else redact(request)
        response = redact(response + b'"')[:-1] if response_truncated else redact(response)
    return (
        request_id,
        redacted,
        json_text(sanitize_headers(found.exchange.request_headers)),
        request,
        request_truncated,
        json_text(sanitize_headers(found.exchange.response_headers)),
        response,
        response_truncated,
    )


def _headers(raw: Iterable[tuple[bytes, bytes]], new: list[_Header]) -> str:
    """Headers in JSON: a list of name and value. Only those that hold credentials by their name are masked here.

    :param new: takes the ones whose values have not been searched yet.
    """
    pieces: list[str] = []
    for pair in raw:
        piece = _pieces.get(pair)
        pieces.append(_header(pair, new) if piece is None else piece)
    return f"[{','.join(pieces)}]"


def _header(pair: tuple[bytes, bytes], new: list[_Header]) -> str:
    name, value = pair
    start = _header_names.get(name)
    if start is None:
        start = "" if is_credential(name) else f"[{json_text(name.decode('latin-1'))},"
        if len(name) <= HEADER_LENGTH:
            make_room(_header_names)
            _header_names[name] = start
    if not start:
        return json_text(sanitize_headers([pair])[0])
    piece = f"{start}{json_text(value.decode('latin-1'))}]"
    new.append((pair, piece))
    return piece


def _remember(found: Unscreened) -> None:
    """Remember what needs no masking."""
    for body in found.large:
        make_room(_clean_bodies)
        _clean_bodies.add(body)
    for (name, value), piece in found.headers:
        if len(name) + len(value) <= HEADER_LENGTH and name not in _UNIQUE:
            make_room(_pieces)
            _pieces[name, value] = piece


def _without_half_word(body: bytes) -> bytes:
    """A text that was cut, but for the word it ends in, which may be half a secret. Its string is left open."""
    end = len(body)
    start = max(end - SECRET_LENGTH, 0)
    while end > start and body[end - 1] in _WORD:
        end -= 1
    return body[:end] if end > start else body
