"""Calls over any httpx transport: a proxy's, a pretended one. Slower than ours: httpx's own messages are made."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar, cast

import httpx

from app.common import driver
from app.common.headers import RawHeaders
from app.common.shapes import shape_of
from app.providers.call import Call

_T = TypeVar("_T")


class ForeignUpstream:
    """Implements `call.Upstream`."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, call: Call) -> "ForeignAnswer":
        prepared, waits = call.prepared, call.prepared.waits
        request = httpx.Request(
            prepared.method,
            prepared.url,
            headers=[*prepared.headers, *call.headers, (b"content-length", b"%d" % call.length)],
            content=b"".join(call.body),
            extensions={
                "timeout": {
                    "connect": waits.connect,
                    "pool": waits.pool,
                    "first_byte": waits.first_byte,
                    "read": waits.read,
                    "write": waits.write,
                },
                "verify_tls": prepared.origin[3],
            },
        )
        return ForeignAnswer(await _in_task(self._transport.handle_async_request(request)))


class ForeignAnswer:
    """Implements `call.Answered`."""

    resent = False

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: RawHeaders = response.headers.raw
        self.shape = shape_of(self.headers)
        self._stream = cast(httpx.AsyncByteStream, response.stream)
        self._pieces = aiter(self._stream)

    def take(self, most: int) -> bytes | None:  # noqa: ARG002  # as in `Answered`; httpx does not say what is there
        return None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await _in_task(anext(self._pieces))

    async def aclose(self) -> None:
        await _in_task(self._stream.aclose())


async def _in_task(work: Awaitable[_T]) -> _T:
    """Libraries ask asyncio for the current task, and a driven request has none."""
    if driver.current() is None:
        return await work

    async def run() -> _T | StopAsyncIteration:
        try:
            return await work
        except StopAsyncIteration as end:  # no future can hold one
            return end

    found = await asyncio.get_running_loop().create_task(run())
    if isinstance(found, StopAsyncIteration):
        raise found
    return found
