"""The server protocol: uvicorn's, with the proxied endpoints taken out of ASGI's way.

A `POST` to a proxied endpoint is served by `turn.py` next door, without ASGI's messages, tasks and events. Everything
else, pipelined requests and HTTP/1.0 among it, goes uvicorn's way and reaches the same pipeline as ASGI.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.api.proxy.known_head import KnownHead
from app.api.proxy.turn import Turn
from app.common.driver import Driver
from app.common.outbox import outbox_of
from app.gateway.head import Head
from app.gateway.pipeline import Pipeline
from app.protocols.endpoints import ENDPOINTS

_MOST_AHEAD = 16
_MOST_BYTES_AHEAD = 1024 * 1024
"""Requests that a client may send before it has the answer to the first, and their bodies together."""
_MOST_SILENT = 1024 * 1024
"""Bytes without an end of a head or trailer: the parser keeps them all. Heads that end are looked at in admission."""

_ENDPOINTS = {path.encode("ascii"): endpoint for path, endpoint in ENDPOINTS.items()}


class HttpProtocol(HttpToolsProtocol):
    """One connection of a client.

    A connection without a request is closed after uvicorn's keep-alive time, a little late: `Idle` looks at all of
    them together.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        pipeline: Callable[[], Pipeline | None],
    ) -> None:
        """:param pipeline: the pipeline, once there is one."""
        super().__init__(config, server_state, app_state, _loop)
        self.outbox = outbox_of(self.loop)
        self.turn: Turn | None = None
        """The request that is being served here, unless it went uvicorn's way."""
        self._pipeline = pipeline
        self._new: Turn | None = None
        """A turn that is to be started."""
        self._between = True
        """The parser is between two messages."""
        self._silent = 0
        """Bytes since the last that was of use: of a head, or of trailers."""
        self._known: KnownHead | None = None
        """The head of the last request."""
        self._idle = idle_of(self.loop, self.timeout_keep_alive)

    # The event loop calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._idle.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.since.pop(self, None)
        turn, self.turn = self.turn, None
        if isinstance(self.cycle, Turn):
            self.cycle = None  # type: ignore[assignment]  # uvicorn's own first value; it would set an event of it
        if turn is not None:
            turn.lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        between = self._between
        if between and self._known is not None and self.turn is None and self._is_free():
            turn = self._known.turn(self, data)
            if turn is not None:
                self._unset_keepalive_if_required()
                self._idle.since.pop(self, None)
                self.turn = self.cycle = turn  # type: ignore[assignment]  # it has what uvicorn asks of one
                turn.start()
                return
        self._known = None
        self._silent += len(data)
        super().data_received(data)
        if self._silent > _MOST_SILENT and not self.transport.is_closing():
            self.send_400_response("Request header fields without end.")
        turn, known = self._new, self._known
        if turn is not None:
            self._new = None
            if known is not None and not (between and known.learn(data)):
                self._known = None
            turn.start()
        if self.turn is not None:
            self._pause_or_resume(self.turn)

    def _pause_or_resume(self, turn: Turn) -> None:
        """Who does not read does not see the client leave: read on, unless too much is unused."""
        if turn.more:
            if turn.buffered > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
        elif self.flow.read_paused:
            ahead = [len(cycle.body) for cycle, _ in self.pipeline]
            if len(ahead) <= _MOST_AHEAD and sum(ahead) <= _MOST_BYTES_AHEAD:
                self.flow.resume_reading()

    def _is_free(self) -> bool:
        """No request is being served."""
        return self.cycle is None or self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        self.outbox.flush()
        super().send_400_response(msg)

    def shutdown(self) -> None:
        self.outbox.flush()
        super().shutdown()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.turn is not None:
            self.turn.wait.wake()

    # The parser calls these, in the middle of `data_received`.

    def on_message_begin(self) -> None:
        self._between = False
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        self._silent = 0
        self._idle.since.pop(self, None)
        path, _, query = self.url.partition(b"?")
        endpoint = _ENDPOINTS.get(path)
        parser = self.parser
        if (
            endpoint is not None
            and self.turn is None
            and self._is_free()
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and (pipeline := self._pipeline()) is not None
        ):
            keep_alive, head = parser.should_keep_alive(), Head()
            turn = Turn(self, pipeline, endpoint, query, self.headers, head, None, keep_alive=keep_alive)
            self.turn = self.cycle = self._new = turn  # type: ignore[assignment]  # as above
            self._known = KnownHead(pipeline, endpoint, query, self.headers, head, keep_alive=keep_alive)
            self.headers = []  # trailers are no headers (RFC 9110 part 6.5.1)
            return
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()
        if not parser.should_upgrade():
            self.headers = []  # as above; who upgrades looks for it there

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        turn = self.turn
        if turn is None or not turn.more:
            super().on_body(body)
        else:
            turn.pieces.append(body)
            turn.buffered += len(body)
            turn.wait.wake()

    def on_message_complete(self) -> None:
        self._between = True
        self._silent = 0
        turn = self.turn
        if turn is None or not turn.more:
            super().on_message_complete()
        else:
            turn.more = False
            turn.wait.wake()

    # A turn calls these.

    def begun(self, driver: Driver) -> None:
        """A stopping server waits for it."""
        self.tasks.add(cast(Any, driver))

    def answered(self) -> None:
        """The turn's answer was written whole."""
        turn, self.turn = self.turn, None
        if turn is None:
            return
        self.server_state.total_requests += 1
        if not turn.keep_alive:
            self.outbox.flush()
            self.transport.close()  # at once, so that nothing more is taken for a request
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self._idle.add(self)

    def cut(self) -> None:
        """The turn has ended without a whole answer."""
        self.turn = None
        self.outbox.close(self.transport)


class Idle:
    """Connections between two requests, in the order in which they became so."""

    def __init__(self, seconds: float) -> None:
        self.since: dict[HttpProtocol, float] = {}
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: HttpProtocol) -> None:
        loop = connection.loop
        self.since[connection] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / 10, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        before = loop.time() - self._seconds
        while self.since:
            oldest, since = next(iter(self.since.items()))
            if since > before:
                break
            del self.since[oldest]
            oldest.timeout_keep_alive_handler()
        self._timer = loop.call_later(self._seconds / 10, self._look, loop) if self.since else None


_idle: "WeakKeyDictionary[asyncio.AbstractEventLoop, Idle]" = WeakKeyDictionary()


def idle_of(loop: asyncio.AbstractEventLoop, seconds: float) -> Idle:
    """The one of an event loop."""
    idle = _idle.get(loop)
    if idle is None:
        idle = _idle[loop] = Idle(seconds)
    return idle


def http_protocol(pipeline: Callable[[], Pipeline | None]) -> type[asyncio.Protocol]:
    """What uvicorn's setting `http` takes.

    :param pipeline: the pipeline, once there is one.
    """
    return cast(type[asyncio.Protocol], partial(HttpProtocol, pipeline=pipeline))
