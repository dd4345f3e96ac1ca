"""An upstream that keeps thousands of streams open, in a process of its own: `python -m tests.bench.streams.upstream`.

`POST /v1/...` is answered by what its body holds: `"idle"` gets a stream with an event every `EVENT_SECONDS`, `"flood"`
one of `FLOOD_BYTES` as fast as they are taken, anything else a short answer. `GET /figures` tells what is open.
"""

import asyncio
import gc
import json
import sys
from typing import Any

import uvloop

EVENT_SECONDS = 10.0
FLOOD_BYTES = 8 * 1024 * 1024
_SLICES = 100
"""Events are sent in so many slices of all streams, so that they don't all fall into one moment."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_WHOLE = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
).encode()


def _event(text: str) -> bytes:
    """A chunk of the stream with one event."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    data = json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]})
    event = b"data: " + data.encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


_EVENT = _event("word ")
_LUMP = _event("flood " * 2700)
"""About 16 KiB."""
_DONE = b"data: [DONE]\n\n"
_END = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_DONE), _DONE)


class Connection(asyncio.Protocol):
    """One connection of the gateway."""

    idle: "set[Connection]" = set()  # noqa: RUF012  # all connections of the process share it
    open = 0

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._writable = True

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        Connection.open += 1

    def connection_lost(self, error: Exception | None) -> None:
        Connection.open -= 1
        Connection.idle.discard(self)
        self._left = 0

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if len(body) >= length:
            self._buffer = b""
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /figures"):
            figures = {"connections": Connection.open - 1, "streams": len(Connection.idle)}
            self._whole(json.dumps(figures).encode())
        elif b'"idle"' in body:
            self.transport.write(_HEAD + _EVENT)
            Connection.idle.add(self)
        elif b'"flood"' in body:
            self._left = FLOOD_BYTES
            self.transport.write(_HEAD + _EVENT)
            self._flood()
        else:
            self._whole(_WHOLE)

    def _whole(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(head % len(body) + body)

    def _flood(self) -> None:
        while self._writable and self._left > 0:
            self._left -= len(_LUMP)
            self.transport.write(_LUMP)
            if self._left <= 0:
                self.transport.write(_END)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._flood()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.disable()  # makes no cycles, and a look through so many objects would hold up the streams
    while True:
        open_now = tuple(Connection.idle)
        for number in range(_SLICES):
            await asyncio.sleep(EVENT_SECONDS / _SLICES)
            for connection in open_now[number::_SLICES]:
                if connection in Connection.idle:
                    connection.transport.write(_EVENT)


if __name__ == "__main__":
    uvloop.run(_serve())
