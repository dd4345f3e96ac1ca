"""The bare pass-through: an ASGI application under uvicorn that sends each request on and gives back what comes.

It checks nothing, reads nothing, stores nothing: about the least that an HTTP hop costs in Python. What the gateway
costs beyond it is the gateway's own work. `python -m tests.bench.macro.forwarder UPSTREAM_PORT` prints its port.
"""

import asyncio
import socket
import sys
from collections import deque
from typing import Any

import httptools
import uvicorn

_NOT_PASSED_ON = {b"host", b"connection", b"keep-alive", b"transfer-encoding"}
_HELD_PIECES = 16
"""Pieces of an answer that wait for the client before the upstream's connection is read no further."""


class Upstream(asyncio.Protocol):
    """A kept-alive connection, used by one request at a time."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.wakes: asyncio.Future[None] | None = None
        self.alive = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self._wake()

    def send(self, head_and_body: bytes) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: deque[bytes] = deque()
        self.begun = self.ended = False
        self.transport.write(head_and_body)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)
        if len(self.pieces) > _HELD_PIECES:
            self.transport.pause_reading()
        self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() not in _NOT_PASSED_ON:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.begun = True

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.ended = True

    async def more(self) -> None:
        """Wait until something has come."""
        if not self.alive:
            raise ConnectionResetError("the upstream left")
        self.transport.resume_reading()
        self.wakes = asyncio.get_running_loop().create_future()
        await self.wakes

    def _wake(self) -> None:
        if self.wakes is not None and not self.wakes.done():
            self.wakes.set_result(None)


class Forwarder:
    """The ASGI application."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Upstream] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        lines = [b"POST %b HTTP/1.1\r\nhost: 127.0.0.1:%d" % (scope["raw_path"], self._port)]
        lines += [b"%b: %b" % pair for pair in scope["headers"] if pair[0] not in _NOT_PASSED_ON]
        upstream = self._free.pop() if self._free else await self._dial()
        upstream.send(b"\r\n".join((*lines, b"", body)))
        while not upstream.begun:
            await upstream.more()
        status = upstream.parser.get_status_code()
        await send({"type": "http.response.start", "status": status, "headers": upstream.headers})
        while not upstream.ended or upstream.pieces:
            if not upstream.pieces:
                await upstream.more()
                continue
            piece = upstream.pieces.popleft()
            last = upstream.ended and not upstream.pieces
            await send({"type": "http.response.body", "body": piece, "more_body": not last})
            if last:
                break
        else:
            await send({"type": "http.response.body", "body": b""})
        if upstream.alive:
            self._free.append(upstream)

    async def _dial(self) -> Upstream:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Upstream, "127.0.0.1", self._port))[1]


def main() -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201  # whoever started it waits for the port
    application = Forwarder(int(sys.argv[1]))
    options: dict[str, Any] = {"log_level": "warning", "access_log": False, "lifespan": "off", "ws": "none"}
    config = uvicorn.Config(application, loop="uvloop", http="httptools", **options)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
