"""Admission: whose request is it, and may it go on. Reads raw headers and the snapshot; no I/O."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from app.common.errors import (
    AuthUnavailable,
    HeadersTooLarge,
    InvalidApiKey,
    InvalidRequest,
    ModelNotAllowed,
    RateLimitExceeded,
    RequestTooLarge,
    UnsupportedEncoding,
)
from app.common.secrets import is_well_formed
from app.domain.api_key import ApiKey
from app.domain.snapshot import RoutingSnapshot
from app.gateway.limits import RequestLimits
from app.gateway.ports import SnapshotSource

RawHeaders = Sequence[tuple[bytes, bytes]]
MAX_HEADER_BYTES: Final = 64 * 1024
"""Of all header fields together; coding agents send some kB."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Presented(msgspec.Struct):
    """What the headers of a request say before its body is read."""

    key: bytes = b""
    content_length: int | None = None


def read_headers(headers: RawHeaders, max_body: int) -> Presented:
    """Find the API key and the framing.

    :raises HeadersTooLarge: more than an upstream would take.
    :raises InvalidRequest: two different keys, or a content-length that is no number.
    :raises InvalidApiKey: no key.
    :raises UnsupportedEncoding: a compressed body, which could not be passed on with its model replaced.
    :raises RequestTooLarge: a content-length over `max_body` bytes.
    """
    keys: set[bytes] = set()
    presented = Presented()
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token.strip():
                keys.add(token.strip())
        elif name == b"x-api-key":
            if value.strip():
                keys.add(value.strip())
        elif name == b"content-length":
            if not value.isdigit():
                raise InvalidRequest("The content-length header is no number.")
            presented.content_length = int(value)
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise UnsupportedEncoding(
                "Send the request body uncompressed: content-encoding is not supported."
            )
    if size > MAX_HEADER_BYTES:
        raise HeadersTooLarge(f"The header fields are larger than {MAX_HEADER_BYTES} bytes together.")
    if len(keys) > 1:
        raise InvalidRequest("'authorization' and 'x-api-key' hold different keys; send one.")
    if not keys:
        raise InvalidApiKey
    presented.key = keys.pop()
    if presented.content_length is not None and presented.content_length > max_body:
        raise RequestTooLarge(f"The request body is larger than {max_body} bytes.")
    return presented


def digest(source: SnapshotSource, presented: bytes) -> bytes:
    """The keyed hash of a presented value.

    :raises InvalidApiKey: it can be no key of ours.
    """
    try:
        value = presented.decode("ascii")
    except UnicodeDecodeError:
        raise InvalidApiKey from None
    if not is_well_formed(value):
        raise InvalidApiKey
    return source.key_digest(value)


def authenticate(source: SnapshotSource, snapshot: RoutingSnapshot, hashed: bytes, now: float) -> ApiKey:
    """The API key behind the hash of a presented value.

    :param now: seconds since the epoch.
    :raises InvalidApiKey: unknown, disabled or expired; one text for all.
    :raises AuthUnavailable: unknown to the snapshot while the database can't be asked.
    """
    key = snapshot.keys.get(hashed)
    if key is None:
        if not source.fresh:
            raise AuthUnavailable(
                "The gateway can't look up new API keys at the moment. Try again.", retry_after=2.0
            )
        raise InvalidApiKey
    if key.expires_at is not None and key.expires_at <= now:
        raise InvalidApiKey
    return key


def admit(key: ApiKey, model: str, limits: RequestLimits, now: float) -> None:
    """Check what the key may do.

    :param now: monotonic seconds.
    :raises ModelNotAllowed: the key is confined to other models.
    :raises RateLimitExceeded: the key's requests per minute are used up.
    """
    if key.allowed_models is not None and model not in key.allowed_models:
        raise ModelNotAllowed("This API key may not use the requested model.", param="model")
    if key.requests_per_minute is not None:
        wait = limits.take(key.id, key.requests_per_minute, now)
        if wait is not None:
            raise RateLimitExceeded(
                f"This API key may make {key.requests_per_minute} requests a minute. Try again in {wait:.0f} s.",
                retry_after=wait,
            )


def parse_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated CIDR blocks.

    :raises ValueError: one of them is none.
    """
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def client_ip(address: str | None, headers: RawHeaders, trusted: Iterable[Network]) -> str | None:
    """The client's address: the socket's, or behind trusted proxies the right-most untrusted `X-Forwarded-For` hop."""
    if not trusted or address is None:
        return address
    hops = [h.strip() for n, v in headers if n == b"x-forwarded-for" for h in v.decode("latin-1").split(",")]
    while hops and _is_trusted(address, trusted):
        hop = hops.pop()
        try:
            address = str(ipaddress.ip_address(hop))
        except ValueError:
            break
    return address


def _is_trusted(address: str, trusted: Iterable[Network]) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in trusted)
