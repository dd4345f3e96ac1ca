"""The client's side of an exchange, as the pipeline sees it; any ASGI server's, by the adapter below.

Our own server protocol (`api/proxy/http.py`) implements the same without ASGI's messages.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.common.headers import RawHeaders
from app.gateway.head import Head

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Client:
    """One request and the way its answer goes. To be derived from: a protocol's attributes take ten times as long to
    get, where this is compiled."""

    __slots__ = ()

    method: str
    path: str
    query: bytes
    headers: RawHeaders
    """Names in lower case."""
    head: Head
    """What earlier requests with the same headers but for content-length have left."""
    address: str | None
    """Of the socket's other end."""
    left: bool
    """The connection is gone."""

    def whole(self) -> bytes | None:
        """The request body, if all of it is there and none was read."""
        raise NotImplementedError

    async def read(self) -> tuple[bytes, bool]:
        """The next piece of the request body, and whether more follows.

        :raises ClientLeft: before the end of the body.
        """
        raise NotImplementedError

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Send a whole answer; content-length is added. Does not raise when the client has left."""
        raise NotImplementedError

    async def begin(self, status: int, headers: RawHeaders) -> None:
        """Begin an answer whose pieces follow; in chunks, unless `headers` have its content-length."""
        raise NotImplementedError

    def write(self, piece: bytes) -> bool:
        """Send a piece; never waits.

        :returns: whether the next may follow at once. Else `drained` has to be awaited first.
        """
        raise NotImplementedError

    def unsent(self) -> int:
        """Bytes written that still wait to be taken by the client; 0 where that is not known."""
        raise NotImplementedError

    async def drained(self) -> None:
        """Wait until the client has taken enough of what was written."""
        raise NotImplementedError

    async def end(self) -> None:
        """All pieces were written. An answer that is begun and not ended is cut when the request is over."""
        raise NotImplementedError

    def watch(self, on_leave: Callable[[], None]) -> None:
        """Call back once when the client disconnects; the request body has been read."""
        raise NotImplementedError

    def unwatch(self) -> None:
        """Do not call back any more."""
        raise NotImplementedError


class ClientLeft(Exception):
    """The client closed the connection while its request was being read."""


class AsgiClient(Client):
    """That of any ASGI server."""

    def __init__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: RawHeaders = scope["headers"]
        self.head = Head()
        client = scope.get("client")
        self.address: str | None = client[0] if client else None
        self.left = False
        self._receive = receive
        self._send = send
        self._unsent: list[bytes] = []
        self._watching: asyncio.Task[None] | None = None

    def whole(self) -> bytes | None:
        return None

    async def read(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.left = True
            raise ClientLeft
        return message.get("body", b""), message.get("more_body", False)

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        await self.begin(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, headers: RawHeaders) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def write(self, piece: bytes) -> bool:
        self._unsent.append(piece)
        return False

    def unsent(self) -> int:
        return 0

    async def drained(self) -> None:
        while self._unsent:
            await self._send({"type": "http.response.body", "body": self._unsent.pop(0), "more_body": True})

    async def end(self) -> None:
        await self.drained()
        await self._send({"type": "http.response.body", "body": b""})

    def watch(self, on_leave: Callable[[], None]) -> None:
        self._watching = asyncio.create_task(self._watch(on_leave))

    async def _watch(self, on_leave: Callable[[], None]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left = True
        on_leave()

    def unwatch(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
