"""A client on a bare socket: sends what bytes a test likes, cut where it likes, and leaves at any moment."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Self

import msgspec

from tests.support.hotpath import chat_body


class Reply(msgspec.Struct, frozen=True):
    """One answer as it came; names in lower case, in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def dial(cls, url: str, *, buffer: int | None = None) -> Self:
        """:param buffer: bytes the kernel takes in for a caller that does not read."""
        host, port = url.removeprefix("http://").split(":")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        return cls(*await asyncio.open_connection(sock=sock, limit=2**16 if buffer is None else buffer))

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def reply(self) -> Reply:
        """The next answer, of any status.

        :raises asyncio.IncompleteReadError: the connection was closed before its end.
        """
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
        status = int(first.split(" ")[1])
        framing = dict(headers)
        body = b""
        if framing.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += await self.reader.readexactly(size)
                assert await self.reader.readexactly(2) == b"\r\n"
            assert await self.reader.readexactly(2) == b"\r\n"
        elif status >= 200:
            body = await self.reader.readexactly(int(framing["content-length"]))
        return Reply(status, headers, body)

    async def is_closed(self) -> bool:
        """Waits until the other side has closed the connection; False where it says something more first."""
        try:
            is_closed = not await self.reader.read(1)
        except ConnectionError:
            is_closed = True
        if is_closed:
            self.leave()
        return is_closed

    def leave(self, *, how: str = "abort") -> None:
        """:param how: `abort`, `reset` (RST) or `close` (FIN after what was written)."""
        if how == "reset" and not self.writer.is_closing():
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "close":
            self.writer.close()
        else:
            self.writer.transport.abort()


def post(
    key: str,
    body: bytes | None = None,
    *,
    path: str = "/v1/chat/completions",
    headers: Iterable[str] = (),
    stream: bool = False,
) -> bytes:
    """A whole request.

    :param headers: lines besides `host`, `authorization` and `content-length`.
    """
    if body is None:
        body = msgspec.json.encode(chat_body(stream=stream))
    lines = [
        f"POST {path} HTTP/1.1",
        "host: gateway",
        f"authorization: Bearer {key}",
        *headers,
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
