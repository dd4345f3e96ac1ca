"""What the transport's tests share: requests, whole answers, a clock that moves when told, slots in use."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from app.providers.transport import Transport


def post(url: str, body: bytes = b"{}", /, **extensions: Any) -> httpx.Request:
    return httpx.Request("POST", url, content=body, extensions=extensions)


def get(url: str, **extensions: Any) -> httpx.Request:
    return httpx.Request("GET", url, extensions=extensions)


def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The raw body as it comes."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)


async def close(response: httpx.Response) -> None:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    await response.stream.aclose()


async def read(response: httpx.Response) -> bytes:
    """The whole raw body; closes the response."""
    try:
        return b"".join([piece async for piece in pieces(response)])
    finally:
        await close(response)


async def fetch(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> tuple[int, bytes]:
    response = await transport.handle_async_request(request)
    return response.status_code, await read(response)


def slots(transport: Transport) -> tuple[int, int, int]:
    """Open and idle connections, and waiting requests, over all origins."""
    stats = transport.stats()
    return sum(s.open for s in stats), sum(s.idle for s in stats), sum(s.waiting for s in stats)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Let the event loop run until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for is not the test's to announce
            await asyncio.sleep(0)


@asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """The URL of a server whose connections are served by `serve` and closed at its end."""
    running: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)  # until the client leaves, or the test is over
        writer.close()
        try:
            await writer.wait_closed()
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        running.discard(task)

    server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
    async with server:
        scheme = "https" if tls else "http"
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running)


class Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Time that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looks = 0
        """How often somebody asked for the time: so a test learns of an event that shows in no other way."""
        self.timers: list[Timer] = []

    def monotonic(self) -> float:
        self.looks += 1
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("the transport never sleeps")

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now + seconds, callback)
        self.timers.append(timer)
        return timer

    @property
    def pending(self) -> int:
        return sum(not timer.cancelled for timer in self.timers)

    def advance(self, seconds: float) -> None:
        """Let time pass; timers fire in their order, each at its own time."""
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end and not timer.cancelled]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            timer.callback()
        self.now = end
