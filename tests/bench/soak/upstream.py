"""The upstream of the soak test: answers, delays and breaks as the marker in a request says."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from typing import Any

from tests.bench.soak.mix import PROTOCOLS, events, plain

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_MARKER = re.compile(rb'"soak:([0-9a-z-]+):([a-z]+):([a-z]+)"')
_RESET = struct.pack("ii", 1, 0)
_GARBAGE = b"\x15\x03\x01\x00\x02\x02\x46 this is no HTTP \r\n\r\n\x00\xff\r\n"
_LAST = b"0\r\n\r\n"
PAUSES = {b"quick": 0.002, b"slow": 0.005, b"long": 0.2}
"""Seconds between two parts of a stream; a plain answer that is not quick comes after three of them."""
HANG = 0.05


def _whole(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def _parts(protocol: str) -> list[bytes]:
    """A stream in four writes: the head with the first event, two lots of events, and the end."""
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events(protocol)]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return [head + chunks[0], b"".join(chunks[1:4]), b"".join(chunks[4:-1]), chunks[-1] + _LAST]


_PLAIN = {protocol: _whole(b"200 OK", plain(protocol)) for protocol in PROTOCOLS}
_STREAM = {protocol: _parts(protocol) for protocol in PROTOCOLS}
_ERROR = _whole(b"500 Internal Server Error", b'{"error": {"message": "broken", "type": "server_error"}}')


class Upstream(asyncio.Protocol):
    """One connection of the gateway. A new request is answered once the last one has been."""

    open = 0
    """Connections of all."""
    requests = 0

    def __init__(self, later: Callable[..., Any]) -> None:
        self._later = later
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        Upstream.open += 1

    def connection_lost(self, error: Exception | None) -> None:
        Upstream.open -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, end) if end >= 0 else None
        if length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        request, self._buffer = self._buffer, b""
        mark = _MARKER.search(request, end)
        assert mark, "the gateway has changed the body"
        Upstream.requests += 1
        protocol = "anthropic" if request.startswith(b"POST /v1/messages") else "openai"
        fault, form, pace = mark.groups()
        self._answer(protocol, fault, pace, stream=form == b"stream")

    def _answer(self, protocol: str, fault: bytes, pace: bytes, *, stream: bool) -> None:
        write = self.transport.write
        if fault == b"none":
            if stream:
                self._go_on(_STREAM[protocol], 0, PAUSES[pace])
            elif pace != b"quick":
                self._later(PAUSES[pace] * 3, self._write, _PLAIN[protocol])
            else:
                write(_PLAIN[protocol])
        elif fault == b"500":
            write(_ERROR)
        elif fault == b"reset":
            self._reset()
        elif fault == b"reset-in":
            write(_STREAM[protocol][0] if stream else _PLAIN[protocol][:-20])
            self._later(PAUSES[pace], self._reset)
        elif fault == b"hang":
            self._later(HANG, self.transport.close)
        else:
            write(_GARBAGE)

    def _go_on(self, parts: list[bytes], number: int, pause: float) -> None:
        self._write(parts[number])
        if number + 1 < len(parts) and not self.transport.is_closing():
            self._later(pause, self._go_on, parts, number + 1, pause)

    def _write(self, part: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(part)

    def _reset(self) -> None:
        if not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()


async def serve() -> asyncio.Server:
    """Begin to listen on a free port."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Upstream(loop.call_later), "127.0.0.1", 0, backlog=1024)
