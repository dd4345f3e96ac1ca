"""A scripted upstream on a raw socket: says exactly the bytes a test gives it, notes what it heard and when.

For answers that no well-behaved server gives; `replay.py` next door has one with recorded traffic.

    broken = [head(), chunk(b"data: 1\\n\\n"), RESET]
    async with ScriptedUpstream([answer(b'{"ok":true}')], broken) as upstream:
        ...  # the first request gets a plain answer, each further one a stream that breaks
        assert upstream.requests[0].body == b"..."
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Self, cast

import msgspec


class Act(Enum):
    """What a script can do besides sending."""

    RESET = auto()
    CLOSE = auto()
    WAIT = auto()


RESET = Act.RESET
"""Break the connection with a TCP RST."""
CLOSE = Act.CLOSE
"""End the connection with a TCP FIN, whatever was promised."""
WAIT = Act.WAIT
"""Say nothing more until the peer leaves."""

Step = bytes | float | asyncio.Event | Act
"""Send bytes, wait so many seconds, wait for an event of the test, or an `Act`."""


class RawRequest(msgspec.Struct, frozen=True):
    """One request as it came: names in their original case and order. `connection` counts from 0."""

    connection: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    head: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, name in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Connection(asyncio.Protocol):
    """One accepted connection; times are those of the event loop's clock."""

    def __init__(self, upstream: "ScriptedUpstream") -> None:
        self.upstream = upstream
        self.number = len(upstream.connections)
        self.opened_at = asyncio.get_running_loop().time()
        self.peer_left = asyncio.Event()
        self.left_at: float | None = None
        """When the peer closed or reset the connection, or it was lost; None while it is open."""
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        upstream.connections.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.upstream.tasks.add(self._task)
        self._task.add_done_callback(self.upstream.tasks.discard)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._arrived.set()

    def eof_received(self) -> None:
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def _leave(self) -> None:
        if self.left_at is None:
            self.left_at = asyncio.get_running_loop().time()
            self.peer_left.set()
            self._arrived.set()

    async def _run(self) -> None:
        while (request := await self._request()) is not None:
            number = len(self.upstream.requests)
            self.upstream.requests.append(request)
            self.upstream.arrived.set()
            for step in self.upstream.script(number):
                if not await self._play(step):
                    return

    async def _play(self, step: Step) -> bool:
        if isinstance(step, bytes):
            if self.transport.is_closing():
                return False
            self.transport.write(step)
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif isinstance(step, float | int):
            await asyncio.sleep(step)
        elif step is WAIT:
            await self.peer_left.wait()
        else:
            if step is RESET:
                sock = self.transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.transport.abort()
            self.transport.close()
            return False
        return True

    async def _request(self) -> RawRequest | None:
        head = await self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        framing = {name.lower(): value for name, value in headers}
        if framing.get("transfer-encoding") == "chunked":
            body = await self._chunks()
        else:
            body = await self._exactly(int(framing.get("content-length", "0")))
        if body is None:
            return None
        return RawRequest(self.number, method, target, headers, body, head)

    async def _chunks(self) -> bytes | None:
        body = b""
        while (line := await self._until(b"\r\n")) is not None:
            size = int(line.split(b";")[0], 16)
            piece = await self._exactly(size + 2)
            if piece is None:
                return None
            if size == 0:
                return body
            body += piece[:-2]
        return None

    async def _until(self, mark: bytes) -> bytes | None:
        while (end := self._buffer.find(mark)) < 0:
            if not await self._more():
                return None
        return self._take(end + len(mark))

    async def _exactly(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not await self._more():
                return None
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _more(self) -> bool:
        if self.peer_left.is_set():
            return False
        self._arrived.clear()
        await self._arrived.wait()
        return True


class ScriptedUpstream:
    """Listens on a free loopback port. Request n plays script n, the last script all further ones.

    A script that ends without CLOSE or RESET leaves the connection open for the next request.
    """

    def __init__(self, *scripts: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.script: Callable[[int], Sequence[Step]] = lambda number: (
            scripts[min(number, len(scripts) - 1)] if scripts else ()
        )
        """What the request of a number (from 0) gets; a test may put another function here."""
        self.requests: list[RawRequest] = []
        self.connections: list[Connection] = []
        self.arrived = asyncio.Event()
        """Set whenever a whole request has come; a test that waits for the next one clears it first."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._tls = tls

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port` without a path (https with `tls`)."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for connection in self.connections:
            if hasattr(connection, "transport"):  # else its TLS handshake has failed
                connection.transport.abort()
        await self._server.wait_closed()


def head(
    status: int = 200,
    *headers: tuple[str, str],
    content_type: str = "text/event-stream",
    framing: tuple[str, str] | None = ("transfer-encoding", "chunked"),
) -> bytes:
    """Status line and headers of an answer; by default of a chunked event stream."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"content-type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in ((*headers, framing) if framing else headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(piece: bytes) -> bytes:
    """One HTTP chunk; `chunk(b"")` is the clean end of a chunked answer."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def answer(
    body: bytes, status: int = 200, *headers: tuple[str, str], content_type: str = "application/json"
) -> bytes:
    """A whole plain answer."""
    framing = ("content-length", str(len(body)))
    return head(status, *headers, content_type=content_type, framing=framing) + body


def refused_port() -> int:
    """A loopback port that refuses connections: it was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port
