"""A request as bytes: its head in one piece, its framing decided here alone. `connection` next door sends it."""

from typing import Final

import httpx
import msgspec

from app.common.headers import RawHeaders
from app.providers.call import Call

_COPIED: Final = 32 * 1024  # bytes
_SMALL: Final = 8 * 1024
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
_NO_BODY: Final = frozenset(("GET", "HEAD", "DELETE", "OPTIONS"))


class Outgoing(msgspec.Struct):
    """A request ready to be sent."""

    pieces: list[bytes | memoryview]
    """The head, and the body but for what comes from `stream`."""
    stream: httpx.AsyncByteStream | httpx.SyncByteStream | None = None
    """If there is one, the request can't be sent a second time."""
    length: int | None = None
    """Bytes `stream` will yield; None: unknown, sent in chunks."""


def encode(request: httpx.Request) -> Outgoing:
    """Build the head of a request and find its body. Whatever can be wrong with a request is found here.

    `content-length` and `transfer-encoding` of the request are replaced by what is really sent, except that a
    `content-length` tells how long a streamed body will be. Other headers go out as they are, in their order.

    :raises httpx.LocalProtocolError: a line break or NUL in method, target or headers.
    """
    body: bytes | None = None
    stream: httpx.AsyncByteStream | httpx.SyncByteStream | None = None
    if isinstance(request.stream, httpx.ByteStream):
        body = b"".join(request.stream)
    else:
        stream = request.stream
    url = request.url
    parts = [request.method.encode("latin-1"), b" ", url.raw_path, b" HTTP/1.1\r\n"]
    lines = 2
    host = length = None
    for name, value in request.headers.raw:
        lower = name.lower()
        if lower in _FRAMING:
            if lower == b"content-length":
                length = value
            continue
        if lower == b"host":
            host = value
        parts += (name, b": ", value, b"\r\n")
        lines += 1
    if host is None:
        parts[4:4] = (b"Host: ", url.netloc, b"\r\n")
        lines += 1
    size = None
    if body is not None:
        if body or request.method not in _NO_BODY:
            parts.append(b"Content-Length: %d\r\n" % len(body))
            lines += 1
    elif length is not None and length.isdigit():
        size = int(length)
        parts.append(b"Content-Length: %d\r\n" % size)
        lines += 1
    else:
        parts.append(b"Transfer-Encoding: chunked\r\n")
        lines += 1
    parts.append(b"\r\n")
    head = b"".join(parts)
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise httpx.LocalProtocolError("A line break or NUL in the method, target or a header of the request")
    return Outgoing(_joined([head, body or b""]), stream, size)


def pieces_of(call: Call) -> list[bytes | memoryview]:
    """The same for a call, whose parts have been looked at before."""
    if not call.body:
        return [call.wire + b"\r\n"]
    return _joined([b"%bContent-Length: %d\r\n\r\n" % (call.wire, call.length), *call.body])


def head_of(method: bytes, target: bytes, headers: RawHeaders) -> bytes:
    """The beginning of a request: its line and some headers, each with its line end.

    :raises httpx.LocalProtocolError: a line break or NUL in it.
    """
    head = b"%b %b HTTP/1.1\r\n%b" % (method, target, b"".join([b"%b: %b\r\n" % pair for pair in headers]))
    lines = len(headers) + 1
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise httpx.LocalProtocolError("A line break or NUL in the target or a header of the request")
    return head


def _joined(pieces: list[bytes | memoryview]) -> list[bytes | memoryview]:
    """As few pieces as can be made without copying much."""
    if sum(map(len, pieces)) <= _COPIED:
        return [b"".join(pieces)]
    found: list[bytes | memoryview] = []
    small: list[bytes | memoryview] = []
    for piece in pieces:
        if len(piece) <= _SMALL:
            small.append(piece)
        else:
            found += [b"".join(small), piece]
            small = []
    found.append(b"".join(small))
    return [piece for piece in found if piece]
