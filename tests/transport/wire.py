"""An upstream in memory, one per event loop: exactly these bytes in exactly these pieces, one piece in each turn.

No socket is used: connections are made by the event loop's own `create_connection`, whose other end is the test's.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum, auto
from typing import Any, cast

import msgspec

from tests.support.sockets import answer
from tests.transport.loops import Loop


class End(StrEnum):
    """What comes after the last piece."""

    CLOSE = auto()
    RESET = auto()
    STAY = auto()


class Script(msgspec.Struct):
    """What requests to `/hostile` get. All others get their own target as a whole and valid answer."""

    pieces: Sequence[bytes] = ()
    end: End = End.CLOSE
    begun: int = 0
    played: int = 0
    """How often the script has been played to its end."""


class Wire(asyncio.Transport):
    """The client's end of one connection."""

    def __init__(self, loop: "WireLoop", protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._request = b""
        self._closing = False
        self._held: list[Callable[[], None]] | None = None
        loop.open += 1

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing
        self._request += data
        if self._request.endswith(b"\r\n\r\n"):
            target = self._request.split(b" ")[1]
            self._request = b""
            script = self._loop.script
            if target != b"/hostile":
                self._then(lambda: self._receive([answer(target)], lambda: None))
            else:
                script.begun += 1
                self._then(lambda: self._receive(script.pieces, lambda: self._finish(script)))

    def _receive(self, pieces: Sequence[bytes], after: Callable[[], None]) -> None:
        if self._closing or not pieces:
            after()
            return
        self._protocol.data_received(pieces[0])
        self._then(lambda: self._receive(pieces[1:], after))

    def _finish(self, script: Script) -> None:
        script.played += 1
        if self._closing or script.end is End.STAY:
            return
        if script.end is End.CLOSE:
            self._protocol.eof_received()
        self._close(ConnectionResetError("reset") if script.end is End.RESET else None)

    def _then(self, step: Callable[[], None]) -> None:
        if self._held is not None:
            self._held.append(step)
        else:
            self._loop.call_soon(step)

    def pause_reading(self) -> None:
        self._held = []

    def resume_reading(self) -> None:
        held, self._held = self._held or [], None
        for step in held:
            self._loop.call_soon(step)

    def _close(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.open -= 1
            self._loop.call_soon(self._protocol.connection_lost, error)

    def close(self) -> None:
        self._close(None)

    def abort(self) -> None:
        self._close(None)

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return 0


class WireLoop(Loop):
    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.open = 0
        """Connections that nobody has closed."""

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        protocol = cast(asyncio.Protocol, protocol_factory())
        wire = Wire(self, protocol)
        protocol.connection_made(wire)
        await asyncio.sleep(0)
        return wire, protocol
