"""What the hot path asks of an upstream, and what it gets: the part of a request that is ready beforehand, the part
that is not, and the answer while it comes in. `transport` next door serves it, `foreign` any other httpx transport."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx
import msgspec

from app.common.headers import RawHeaders
from app.common.shapes import Shape


class Waits(msgspec.Struct, frozen=True):
    """Seconds of patience, as httpx names them; None is without end."""

    connect: float | None = None
    read: float | None = None
    write: float | None = None
    pool: float | None = None
    first_byte: float | None = None
    """From the request sent to the whole head of the answer, however it drips; None: only `read` counts."""


OriginKey = tuple[bytes, bytes, int | None, bool]
"""Scheme, host, port, and whether the certificate is verified."""


class Prepared(msgspec.Struct, frozen=True):
    """All of a request that depends on where it goes alone."""

    method: str
    url: httpx.URL
    origin: OriginKey
    head: bytes
    """Request line and the headers that are always sent, each with its line end."""
    headers: RawHeaders
    """The headers in `head`."""
    waits: Waits


class Call:
    """One request."""

    __slots__ = ("body", "headers", "length", "prepared", "wire")

    def __init__(
        self,
        prepared: Prepared,
        headers: RawHeaders,
        wire: bytes,
        body: list[bytes | memoryview],
        length: int,
    ) -> None:
        """
        :param headers: besides those of `prepared`, without line breaks or NUL; none that frames the body.
        :param wire: the head of the request but for content-length and the empty line: `wire_of`.
        :param body: one piece after the other; content-length is theirs together.
        """
        self.prepared = prepared
        self.headers = headers
        self.wire = wire
        self.body = body
        self.length = length


def wire_of(prepared: Prepared, headers: RawHeaders) -> bytes:
    """The head of a request but for its content-length."""
    return prepared.head + b"".join([b"%b: %b\r\n" % pair for pair in headers])


class Answered(Protocol):
    """An answer whose head has come. Iterate it for the pieces of its body as sent; `aclose` it in any case.

    Iterating raises httpx.TransportError where the body ends early.
    """

    status: int
    headers: RawHeaders
    shape: Shape
    """Of `headers`."""
    resent: bool
    """The request was sent twice: a kept-alive connection had died before a byte of the answer came."""

    def take(self, most: int) -> bytes | None:
        """The whole body, if all of it is there and no more than `most` bytes; the answer is closed then."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


class Upstream(Protocol):
    async def send(self, call: Call) -> Answered:
        """Send a request; returns when the head of the answer is there.

        :raises httpx.TransportError: there is no answer.
        """
