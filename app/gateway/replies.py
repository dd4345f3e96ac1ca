"""What the gateway itself says to a client: its own headers, and its own errors in the dialect of the route."""

from functools import lru_cache
from urllib.parse import quote

from app.common.errors import GatewayError, MethodNotAllowed
from app.common.headers import RawHeaders
from app.domain.exchange import Exchange
from app.gateway.body import RequestBody
from app.gateway.client import Client
from app.gateway.relay import Stored
from app.protocols.endpoints import Endpoint
from app.protocols.errors import error_body


def added_headers(exchange: Exchange) -> RawHeaders:
    """`x-request-id` and, once a target was tried, who answered under which model after how many attempts."""
    headers = [(b"x-request-id", exchange.request_id.encode("ascii"))]
    if exchange.attempts:
        last = exchange.attempts[-1]
        headers += _who(last.provider, last.target_model)
        headers.append((b"x-gw-attempts", b"%d" % len(exchange.attempts)))
    return headers


@lru_cache(maxsize=4096)
def _who(provider: str, target_model: str) -> RawHeaders:
    return [(b"x-gw-provider", header_text(provider)), (b"x-gw-model", header_text(target_model))]


def header_text(value: str) -> bytes:
    """A name as a header value; what is not printable ASCII is percent-encoded (RFC 3986 part 2.1)."""
    if value.isascii() and value.isprintable():
        return value.encode("ascii")
    return quote(value, safe=" !#$&'()*+,/:;=?@[]").encode("ascii")


def error_headers(error: GatewayError) -> RawHeaders:
    """The headers that go with an error of ours."""
    headers = [(b"content-type", b"application/json")]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(round(error.retry_after), 1)))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allowed.encode("ascii")))
    return headers


async def send_error(
    client: Client,
    endpoint: Endpoint,
    exchange: Exchange,
    error: GatewayError,
    stored: Stored,
    unread: RequestBody | None,
) -> None:
    """Answer with an error of our own.

    :param unread: a body that is still coming; the connection is closed after it.
    :raises Interrupted: the client left while its body was passed over.
    """
    body = error_body(
        endpoint.protocol, error.status, error.code, error.message, error.param, exchange.request_id
    )
    headers = error_headers(error) + added_headers(exchange)
    exchange.response_headers = headers
    exchange.response_size = len(body)
    stored.add(body)
    if unread is None:
        await client.answer(error.status, headers, body)
        return
    headers += [(b"connection", b"close"), (b"content-length", b"%d" % len(body))]
    await client.begin(error.status, headers)
    if not client.write(body):
        await client.drained()
    await unread.pass_over()
    await client.end()
