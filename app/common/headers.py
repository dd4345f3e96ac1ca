"""Which header fields are passed on, in both directions. Names and values are raw bytes, as ASGI and httpx have them.

What stays behind and why is in the tables below. `shapes.py` chooses among the headers of answers; what reads the API
key out of a request is `gateway/admission.py`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

RawHeaders = list[tuple[bytes, bytes]]

CREDENTIALS: Final = frozenset(
    b"authorization proxy-authorization x-api-key api-key x-goog-api-key xi-api-key anthropic-api-key x-auth-token"
    b" ocp-apim-subscription-key x-amz-security-token cookie set-cookie set-cookie2".split()
)
"""Every usual spelling of a secret. An underscore in a name counts as a hyphen, since many servers read it as one."""

_HOP_BY_HOP: Final = frozenset(  # RFC 9110 part 7.6.1; what `connection` names goes too
    b"connection keep-alive te trailer transfer-encoding upgrade http2-settings".split()
)
_FRAMING: Final = frozenset(b"host content-length expect".split())
_ADDRESS: Final = frozenset(b"forwarded via x-real-ip true-client-ip".split())
_BROWSER: Final = frozenset(b"origin referer".split())
_SERVER: Final = (
    frozenset(  # the upstream's own server, and promises it makes to browsers; `date` is written anew
        b"server date alt-svc strict-transport-security www-authenticate".split()
    )
)

_NOT_UP: Final = CREDENTIALS | _HOP_BY_HOP | _FRAMING | _ADDRESS | _BROWSER
_NOT_UP_PREFIXES: Final = (b"proxy-", b"x-forwarded-", b"cf-", b"sec-", b"x-gw-")
_NOT_DOWN: Final = CREDENTIALS | _HOP_BY_HOP | _FRAMING | _SERVER
_NOT_DOWN_PREFIXES: Final = (b"proxy-", b"access-control-", b"x-gw-")

_MAX_NAMES: Final = 4096
"""Names whose fate is remembered."""
_MAX_NAME: Final = 64
"""Longest of them, in bytes."""

broken: Final = re.compile(rb"[\r\n\0]").search
"""Whether a value would end its line."""


def is_credential(name: bytes) -> bool:
    """Whether a header of this name, in any spelling, holds a secret."""
    return _plain(name) in CREDENTIALS


def upstream_headers(raw: Iterable[tuple[bytes, bytes]], presented_key: bytes) -> RawHeaders:
    """The client's headers an upstream may see, in their order.

    `accept-encoding` goes through as it is; a client that sends none gets an answer without encoding.

    :param presented_key: the client's API key; no value that contains it is passed on.
    """
    kept = _pass(raw, _goes_up, _names_up)
    if presented_key and presented_key in b"\n".join([value for _, value in kept]):
        kept = [pair for pair in kept if presented_key not in pair[1]]
    for name, _ in kept:
        if name == b"accept-encoding":
            return kept
    kept.append((b"accept-encoding", b"identity"))
    return kept


def _pass(
    raw: Iterable[tuple[bytes, bytes]], rule: Callable[[bytes], bool], known: dict[bytes, bool]
) -> RawHeaders:
    passes = known.get
    kept = []
    connection = b""
    for pair in raw:
        name = pair[0]
        fate = passes(name)
        if fate is None:
            fate = rule(name)
            if len(known) < _MAX_NAMES and len(name) <= _MAX_NAME:
                known[name] = fate
        if fate:
            kept.append(pair)
        elif name.lower() == b"connection":
            connection += b"," + pair[1]
    if connection:
        kept = without_named(kept, connection)
    if broken(b"".join([value for _, value in kept])):
        kept = [pair for pair in kept if not broken(pair[1])]
    return kept


def without_named(headers: RawHeaders, connection: bytes) -> RawHeaders:
    """The headers but for those that a `connection` header names (RFC 9110 part 7.6.1).

    :param connection: its value, or several joined by commas.
    """
    named = {token.strip() for token in connection.lower().split(b",")}
    return [pair for pair in headers if pair[0].lower() not in named]


def _goes_up(name: bytes) -> bool:
    plain = _plain(name)
    return plain not in _NOT_UP and not plain.startswith(_NOT_UP_PREFIXES)


def goes_down(name: bytes) -> bool:
    """Whether an upstream's header of this name may be seen by a client."""
    plain = _plain(name)
    return plain not in _NOT_DOWN and not plain.startswith(_NOT_DOWN_PREFIXES)


def _plain(name: bytes) -> bytes:
    return name.strip().lower().replace(b"_", b"-")


_names_up: Final[dict[bytes, bool]] = {}
