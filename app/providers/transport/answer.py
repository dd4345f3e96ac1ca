"""One answer while it comes in: the parser's callbacks, the unread bytes, and the stream the caller reads."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
import msgspec

from app.providers.transport.errors import ConnectionReset, ProtocolError, TooLarge

if TYPE_CHECKING:
    from app.providers.transport.connection import Connection

_MAX_INTERIM = 20
_VERSIONS = ("1.1", "1.0")
_FRAMING = (b"content-length", b"transfer-encoding")


class Waits(msgspec.Struct, frozen=True):
    """Seconds of patience, as httpx names them; None is without end."""

    connect: float | None = None
    read: float | None = None
    write: float | None = None
    pool: float | None = None
    first_byte: float | None = None
    """From the request sent to the whole head of the answer, however it drips; None: only `read` counts."""


class Answer(httpx.AsyncByteStream):
    """What one request brings back. Iterate it for the body as sent, never decompressed; `aclose()` in any case.

    Iterating raises what `errors` lists when the body ends early: a body is never given a clean end it did not have.
    The connection goes back to its pool as soon as the last byte has arrived; `aclose()` before that ends it.
    """

    __slots__ = (
        "buffered",
        "chunks",
        "complete",
        "ended",
        "error",
        "extra",
        "head_limit",
        "headers",
        "interim",
        "keep_alive",
        "link",
        "no_body",
        "silent",
        "status",
        "waiter",
        "waits",
    )

    def __init__(self, link: "Connection", waits: Waits, *, no_body: bool, head_limit: int) -> None:
        self.link: Connection | None = link
        self.waits = waits
        self.no_body = no_body
        self.head_limit = head_limit
        self.status = 0
        """Of the final answer; 0 until its head is whole."""
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.buffered = 0
        self.silent = 0
        """Bytes received since the last byte of a body: of heads, chunk sizes, trailers."""
        self.interim = 0
        self.complete = False
        self.ended = False
        """The parser, too, saw the answer end, so it is where the next one may begin."""
        self.keep_alive = False
        self.extra = False
        """More came than the answer, so what follows on this connection can't be trusted."""
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None

    # The parser calls these, in the middle of `Connection.data_received`.

    def on_message_begin(self) -> None:
        if self.complete:
            self.extra = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # else it is a trailer, or belongs to what we did not ask for
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self.complete or self.link is None or self.link.parser is None:
            return
        parser = self.link.parser
        status = parser.get_status_code()
        if status < 200:
            self._skip(status)
            return
        if parser.get_http_version() not in _VERSIONS:
            raise ProtocolError("The upstream does not speak HTTP/1.1")
        if self.silent > self.head_limit and sum(len(n) + len(v) for n, v in self.headers) > self.head_limit:
            raise TooLarge("The head of the upstream's answer is too large")
        codings = [value for name, value in self.headers if len(name) == 17 and name.lower() == _FRAMING[1]]
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked"):
            raise ProtocolError("The upstream used a transfer coding other than chunked")
        self.status = status
        self.silent = 0
        self.keep_alive = parser.should_keep_alive()
        if self.no_body:
            self.complete = True

    def _skip(self, status: int) -> None:
        self.interim += 1
        if status < 100 or status == 101 or self.interim > _MAX_INTERIM:
            raise ProtocolError(f"The upstream answered with status {status}, which was not asked for")
        self.headers = []

    def on_body(self, piece: bytes) -> None:
        if self.complete:
            self.extra = True
            return
        self.silent = 0
        self.buffered += len(piece)
        self.chunks.append(piece)

    def on_message_complete(self) -> None:
        if self.status:
            self.complete = self.ended = True

    # The connection calls these.

    def fail(self, error: Exception) -> None:
        self.link = None
        self.error = error
        self.wake()

    def lost(self, cause: Exception | None) -> None:
        """The connection has ended under us, with `cause` or in good order."""
        framed = any(name.lower() in _FRAMING for name, _ in self.headers)
        if self.status and not framed and cause is None:
            self.link = None
            self.complete = True
            self.wake()
        else:
            where = "in the middle of its answer" if self.status else "without an answer"
            self.fail(ConnectionReset(f"The upstream closed the connection {where}", in_body=self.status > 0))

    @property
    def reusable(self) -> bool:
        """The next answer may follow on the same connection."""
        return self.keep_alive and self.ended and not self.extra

    @property
    def refused(self) -> bool:
        """There is no point in sending the rest of the request."""
        return self.complete or self.status >= 400 or self.error is not None

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    # The reader calls these.

    async def wait(self) -> None:
        """Until something may have changed. Cancelling ends the connection."""
        link = self.link
        if link is None:
            return
        self.waiter = waiter = link.loop.create_future()
        link.watch()
        try:
            await waiter
        except BaseException:
            self.abandon()
            raise
        finally:
            self.waiter = None

    def abandon(self) -> None:
        """End the connection unless the answer is whole."""
        link, self.link = self.link, None
        if link is not None:
            link.answer = link.parser = None
            link.discard()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self.chunks:
            if self.error is not None:
                raise self.error
            if self.complete:
                raise StopAsyncIteration
            await self.wait()
        chunks = self.chunks
        piece = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self.chunks = []
        self.buffered = 0
        if self.link is not None and self.link.paused:
            self.link.resume()
        return piece

    async def aclose(self) -> None:
        self.abandon()
        if self.chunks or not self.complete:
            self.chunks = []
            self.error = self.error or httpx.StreamClosed()
