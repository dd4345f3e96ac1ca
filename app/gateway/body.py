"""The request body of one exchange: read and counted, or, when the request is refused, passed over."""

from typing import Final

from app.common.errors import RequestTooLarge
from app.gateway.client import Client, ClientLeft
from app.gateway.guard import Cause, Interrupted

_PASSED_OVER: Final = 64 * 1024
"""A body declared no longer than this is left to the server, which throws it away."""


class RequestBody:
    """One body as it arrives."""

    __slots__ = ("_client", "_limit", "_more")

    def __init__(self, client: Client, limit: int) -> None:
        """:param limit: bytes accepted."""
        self._client = client
        self._limit = limit
        self._more = True

    async def read(self) -> bytes:
        """The whole body.

        :raises RequestTooLarge: over the limit; the rest is unread.
        :raises Interrupted: the client left before the end.
        """
        piece = await self._piece()
        size = len(piece)
        if self._more:
            pieces = [piece]
            while self._more and size <= self._limit:
                piece = await self._piece()
                pieces.append(piece)
                size += len(piece)
            piece = b"".join(pieces)
        if size > self._limit:
            raise too_large(self._limit)
        return piece

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
        try:
            piece, self._more = await self._client.read()
        except ClientLeft:
            raise Interrupted(Cause.CLIENT_LEFT) from None
        return piece


def too_large(limit: int) -> RequestTooLarge:
    """The error for a body of more than `limit` bytes."""
    return RequestTooLarge(f"The request body is larger than {limit} bytes.")
