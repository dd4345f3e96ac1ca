"""The request body of one exchange: read and counted, or, when the request is refused, passed over."""

from app.common.errors import RequestTooLarge
from app.gateway.guard import Cause, Interrupted, Receive

_PASSED_OVER = 64 * 1024
"""A body declared no longer than this is left to the server, which throws it away."""


class RequestBody:
    """One body as it arrives."""

    def __init__(self, receive: Receive, limit: int) -> None:
        """:param limit: bytes accepted."""
        self._receive = receive
        self._limit = limit
        self._more = True

    async def read(self) -> bytes:
        """The whole body.

        :raises RequestTooLarge: over the limit; the rest is unread.
        :raises Interrupted: the client left before the end.
        """
        pieces: list[bytes] = []
        size = 0
        while self._more:
            piece = await self._piece()
            size += len(piece)
            if size > self._limit:
                raise RequestTooLarge(f"The request body is larger than {self._limit} bytes.")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def is_left(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """So much may still be coming that the connection has to be closed after our answer."""
        if not self._more:
            return False
        for name, value in headers:
            if name == b"content-length":
                return not (value.isdigit() and int(value) <= _PASSED_OVER)
            if name == b"transfer-encoding":
                return True
        return False

    async def pass_over(self) -> None:
        """Read and forget twice as much as would have been accepted, so that a client that sends first and reads later
        gets to read; closing at once would reset the connection under our answer (RFC 9112 part 9.6)."""
        size = 0
        while self._more and size <= 2 * self._limit:
            size += len(await self._piece())

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Interrupted(Cause.CLIENT_LEFT)
        self._more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece
