"""One answer while it comes in: its head, its unread bytes, and the stream the caller reads. `connection` fills it."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import httpx

from app.common.shapes import Shape
from app.providers.call import Waits
from app.providers.transport.errors import ConnectionReset

if TYPE_CHECKING:
    from app.providers.transport.connection import Connection

_FRAMING: Final = (b"content-length", b"transfer-encoding")


class Answer:
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
        "headers",
        "interim",
        "keep_alive",
        "link",
        "no_body",
        "resent",
        "shape",
        "silent",
        "status",
        "turn",
        "waits",
    )

    def __init__(self, link: "Connection", waits: Waits, *, no_body: bool) -> None:
        self.link: Connection | None = link
        self.turn = link.turn
        """Where the reader waits."""
        self.waits = waits
        self.no_body = no_body
        self.status = 0
        """Of the final answer; 0 until its head is whole."""
        self.headers: list[tuple[bytes, bytes]] = []
        self.shape: Shape
        """Of the headers, with the status."""
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
        self.resent = False

    # The connection calls these.

    def fail(self, error: Exception) -> None:
        self.link = None
        self.error = error
        self.turn.wake()

    def lost(self, cause: Exception | None) -> None:
        """The connection has ended under us, with `cause` or in good order."""
        framed = any(name.lower() in _FRAMING for name, _ in self.headers)
        if self.status and not framed and cause is None:
            self.link = None
            self.complete = True
            self.turn.wake()
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

    # The reader calls these.

    async def wait(self) -> None:
        """Until something may have changed. Cancelling ends the connection."""
        link = self.link
        if link is None:
            return
        link.watch()
        try:
            await self.turn
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """End the connection unless the answer is whole."""
        link, self.link = self.link, None
        if link is not None:
            link.answer = None
            link.discard()

    def take(self, most: int) -> bytes | None:
        if not self.complete or self.buffered > most or self.error is not None:
            return None
        chunks = self.chunks
        self.chunks = []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self.chunks:
            if self.error is not None:
                raise self.error
            if self.complete:
                raise StopAsyncIteration
            link = self.link
            if link is not None:
                link.watch()
                try:  # as `wait` does it, without its coroutine
                    await self.turn
                except BaseException:
                    self.abandon()
                    raise
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
