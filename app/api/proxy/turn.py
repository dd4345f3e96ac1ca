"""One request to a proxied endpoint and its answer on one of our connections: the pipeline's `Client`."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.common.driver import Driver, Wait
from app.common.headers import RawHeaders
from app.gateway.client import Client, ClientLeft
from app.gateway.head import Head
from app.gateway.pipeline import Pipeline
from app.protocols.endpoints import Endpoint

if TYPE_CHECKING:
    from app.api.proxy.http import HttpProtocol

_log: Final = logging.getLogger(__name__)
LUMP: Final = 16 * 1024
"""Bytes of a piece that is written at once, so that the transport can say that it is enough: the event loop reads a
socket up to 32 times before it does anything else, 8 MiB where the upstream is fast."""
_COPIED: Final = 32 * 1024
"""Bytes of an answer that are joined to its head rather than written by themselves."""
_CLOSE: Final = (b"connection", b"close")


class Turn(Client):
    """The pipeline's client, and what uvicorn asks of the request before a pipelined one."""

    __slots__ = (
        "_chunked",
        "_endpoint",
        "_expects",
        "_flow",
        "_is_read",
        "_on_leave",
        "_outbox",
        "_pipeline",
        "_protocol",
        "_transport",
        "_unsent_head",
        "address",
        "buffered",
        "head",
        "headers",
        "keep_alive",
        "left",
        "method",
        "more",
        "path",
        "pieces",
        "query",
        "response_complete",
        "wait",
    )

    def __init__(
        self,
        protocol: "HttpProtocol",
        pipeline: Pipeline,
        endpoint: Endpoint,
        query: bytes,
        headers: RawHeaders,
        head: Head,
        body: bytes | None,
        *,
        keep_alive: bool,
    ) -> None:
        """:param body: None: it comes in pieces."""
        self.method = "POST"
        self.path = endpoint.path
        self.query = query
        self.headers = headers
        self.head = head
        client = protocol.client
        self.address = client[0] if client else None
        self.left = False
        self.keep_alive = keep_alive
        self.response_complete = False
        self.pieces: list[bytes] = [] if body is None else [body]
        """Of the request body, as they come."""
        self.buffered = 0
        self.more = body is None
        self.wait = Wait()
        """For the body, or for room to write."""
        self._protocol = protocol
        self._outbox = protocol.outbox
        self._transport = protocol.transport
        self._flow = protocol.flow
        self._pipeline = pipeline
        self._endpoint = endpoint
        self._expects = body is None and protocol.expect_100_continue
        self._is_read = False
        self._on_leave: Callable[[], None] | None = None
        self._chunked = True
        self._unsent_head = b""
        """Of an answer that is begun: it leaves with the first piece."""

    # The protocol calls these.

    def start(self) -> None:
        driver = Driver(self._protocol.loop, self._pipeline.handle(self._endpoint, self), self._ended)
        self._protocol.begun(driver)
        driver.step()

    def lost(self) -> None:
        """The client has closed the connection."""
        self.left = True
        self.wait.wake()
        if self._on_leave is not None:
            self._on_leave()

    def _ended(self, driver: Driver, error: BaseException | None) -> None:
        protocol = self._protocol
        protocol.tasks.discard(cast(Any, driver))
        if error is not None:
            _log.error(
                "a request ended with an error", exc_info=error if isinstance(error, Exception) else None
            )
        if not self.response_complete and not self.left:
            protocol.cut()

    # The pipeline calls these.

    def whole(self) -> bytes | None:
        if self.more or self._is_read:
            return None
        pieces = self.pieces
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read(self) -> tuple[bytes, bool]:
        while not self.pieces and self.more:
            if self.left:
                raise ClientLeft
            if self._expects:
                self._expects = False
                self._outbox.write(self._transport, b"HTTP/1.1 100 Continue\r\n\r\n")
            if self._flow.read_paused:
                self._flow.resume_reading()
            await self.wait
        self._is_read = True
        pieces = self.pieces
        self.pieces = []
        self.buffered = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), self.more

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        if self.left:
            return
        head = self._head(status, headers, b"content-length: %d\r\n\r\n" % len(body))
        outbox, transport = self._outbox, self._transport
        if len(body) < _COPIED:
            outbox.write(transport, head + body)
        else:
            outbox.write(transport, head)
            outbox.write(transport, body)
        self.response_complete = True
        self._protocol.answered()
        outbox.hurry()

    async def begin(self, status: int, headers: RawHeaders) -> None:
        self._chunked = all(name != b"content-length" for name, _ in headers)
        end = b"transfer-encoding: chunked\r\n\r\n" if self._chunked else b"\r\n"
        self._unsent_head = self._head(status, headers, end)

    def write(self, piece: bytes) -> bool:
        if self.left or not piece:
            return True
        outbox, transport = self._outbox, self._transport
        data = b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece
        if self._unsent_head:
            data, self._unsent_head = self._unsent_head + data, b""
            outbox.send(transport, data)
        else:
            outbox.write(transport, data)
        if len(piece) >= LUMP:
            outbox.flush()
        return not self._flow.write_paused

    def unsent(self) -> int:
        return self._transport.get_write_buffer_size()

    async def drained(self) -> None:
        while self._flow.write_paused and not self.left:
            await self.wait

    async def end(self) -> None:
        if self.left:
            return
        rest = self._unsent_head + (b"0\r\n\r\n" if self._chunked else b"")
        if rest:
            self._outbox.write(self._transport, rest)
        self.response_complete = True
        self._protocol.answered()
        self._outbox.hurry()

    def watch(self, on_leave: Callable[[], None]) -> None:
        if self.left:
            on_leave()
        else:
            self._on_leave = on_leave

    def unwatch(self) -> None:
        self._on_leave = None

    def _head(self, status: int, headers: RawHeaders, end: bytes) -> bytes:
        self._expects = False
        lines = [b": ".join(pair) for pair in self._protocol.server_state.default_headers]
        lines += [b": ".join(pair) for pair in headers]
        if _CLOSE in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close")
        lines.append(end)
        return STATUS_LINE[status] + b"\r\n".join(lines)
