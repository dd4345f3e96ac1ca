"""The body of a request that comes from a stream, in the framing that `request` next door has announced.

A module of its own because an asynchronous generator can't be compiled (`app/compiled.py`).
"""

from collections.abc import AsyncGenerator, AsyncIterator

import httpx

from app.providers.transport.request import Outgoing


async def streamed(outgoing: Outgoing) -> AsyncGenerator[bytes, None]:
    """The framed pieces of a streamed body, as they come.

    :raises httpx.LocalProtocolError: the stream is longer or shorter than its `content-length`.
    """
    left = outgoing.length
    async for piece in _each(outgoing.stream):
        if not piece:
            continue
        if left is None:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
            continue
        left -= len(piece)
        if left < 0:
            raise httpx.LocalProtocolError("The request body is longer than its content-length")
        yield piece
    if left is None:
        yield b"0\r\n\r\n"
    elif left:
        raise httpx.LocalProtocolError("The request body is shorter than its content-length")


async def _each(stream: httpx.AsyncByteStream | httpx.SyncByteStream | None) -> AsyncIterator[bytes]:
    if isinstance(stream, httpx.AsyncByteStream):
        async for piece in stream:
            yield piece
    elif stream is not None:
        for piece in stream:
            yield piece
