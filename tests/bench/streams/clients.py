"""The clients: thousands that wait for events, some that hardly read, and one that asks short questions."""

import asyncio
import contextlib
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

RAMP = 100
"""Streams that wait for their first event at the same time."""
FIRST_EVENT_SECONDS = 60.0
SLOW_BYTES = 4 * 1024
"""Read in each second by a slow reader. At a quarter of it nothing would be seen to move for up to a minute: a system
tells the other of room in steps of one segment, which is 64 kB on a loopback."""
_RECEIVE_BUFFER = 4096
"""Of the sockets of slow readers: what the kernel takes for them is not the gateway's affair."""


def request(kind: str, model: str, key: str, *, stream: bool) -> bytes:
    """A chat completion request as it goes over the wire; the upstream looks for `kind`."""
    message = {"role": "user", "content": "Say something. " * 20}
    body = json.dumps({"model": model, "user": kind, "stream": stream, "messages": [message]}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class IdleStream(asyncio.Protocol):
    """One stream: asks, and counts what comes."""

    def __init__(self, wanted: bytes) -> None:
        self._wanted = wanted
        self._seen = b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.events = 0
        self.lost = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._wanted)

    def data_received(self, data: bytes) -> None:
        if self.begun.done():
            self.events += data.count(b"data: ")
            return
        self._seen += data
        if b"data: " in self._seen:
            self.events = 1
            self._finish(None if self._seen.startswith(b"HTTP/1.1 200") else self._seen[:200])
        elif b"\r\n\r\n" in self._seen and not self._seen.startswith(b"HTTP/1.1 200"):
            self._finish(self._seen[:200])

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._finish(b"connection lost")

    def _finish(self, problem: bytes | None) -> None:
        self._seen = b""
        if self.begun.done():
            return
        if problem is None:
            self.begun.set_result(None)
        else:
            self.begun.set_exception(ConnectionError(problem.decode("latin-1")))


async def open_streams(url: str, count: int, wanted: bytes) -> list[IdleStream]:
    """Open streams, `RAMP` at a time; returns when each has had its first event.

    :raises ConnectionError, TimeoutError: one of them has not.
    """
    loop = asyncio.get_running_loop()
    host, port = _address(url)
    turns = iter(range(count))
    streams: list[IdleStream] = []

    async def some() -> None:
        for _ in turns:
            _, stream = await loop.create_connection(lambda: IdleStream(wanted), host, port)
            streams.append(stream)
            try:
                async with asyncio.timeout(FIRST_EVENT_SECONDS):
                    await stream.begun
            except TimeoutError:
                raise TimeoutError(
                    f"a stream had no first event within {FIRST_EVENT_SECONDS:.0f} s"
                ) from None

    await asyncio.gather(*(some() for _ in range(min(RAMP, count))))
    return streams


class Asker:
    """Asks a short question now and then, on one connection, and notes how long each answer took."""

    def __init__(self, url: str, wanted: bytes, pause: float = 0.1) -> None:
        self._host, self._port = _address(url)
        self._wanted = wanted
        self._pause = pause
        self._task: asyncio.Task[None] | None = None
        self.seconds: list[float] = []
        self.failed = 0
        self._answered = asyncio.Event()

    async def __aenter__(self) -> "Asker":
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def asked(self, count: int) -> None:
        """Wait until so many have been answered."""
        while len(self.seconds) < count:
            self._answered.clear()
            await self._answered.wait()

    async def _ask(self) -> None:
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(30):
                    await self._once()
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self.failed += 1
            self.seconds.append(time.monotonic() - began)
            self._answered.set()
            await asyncio.sleep(self._pause)

    async def _once(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._wanted)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(head.decode("latin-1"))
            await reader.readuntil(b"}}")
        finally:
            writer.close()


class SlowReaders:
    """Clients of long answers, on plain sockets that nobody reads unless told to."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._sockets: list[socket.socket] = []
        self._task: asyncio.Task[None] | None = None
        self.received = 0

    async def open(self, url: str, wanted: bytes, *, reading: bool) -> None:
        """Send all requests; with `reading`, go on taking `SLOW_BYTES` a second from each."""
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            sock.setblocking(False)
            await loop.sock_connect(sock, _address(url))
            await loop.sock_sendall(sock, wanted)
            self._sockets.append(sock)
        if reading:
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            await asyncio.sleep(1)
            for sock in self._sockets:
                with contextlib.suppress(BlockingIOError):
                    self.received += len(sock.recv(SLOW_BYTES))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port
