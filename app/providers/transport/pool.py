"""The connections to one origin: how many may be open, which are idle, who waits. `connection` is one of them."""

import asyncio
from collections import OrderedDict

import httpx
import msgspec

from app.common.clock import Clock
from app.providers.transport.connection import Connection


class OriginStats(msgspec.Struct, frozen=True):
    """Figures of one origin, for metrics. `open` counts idle connections and those being made, too."""

    origin: str
    open: int
    idle: int
    waiting: int


class Origin:
    """Scheme, host and port, and its connections.

    A slot is the right to have one connection. Whoever is told to connect holds one and either makes a connection,
    which then keeps it until `drop`, or gives it back with `free`. Slots and finished connections go to the one
    who waits longest, so nobody waits while a connection is idle or a slot is left.
    """

    __slots__ = ("_clock", "_limit", "_waiting", "host", "idle", "opened", "port", "scheme", "verify")

    def __init__(self, scheme: str, host: str, port: int, *, verify: bool, limit: int, clock: Clock) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.verify = verify
        self.opened = 0
        self.idle: dict[Connection, None] = {}
        """In the order of their last use, the latest last."""
        self._limit = limit
        self._waiting: OrderedDict[asyncio.Future[Connection | None], None] = OrderedDict()
        self._clock = clock

    def take(self) -> Connection | None:
        """The idle connection used last, if there is one."""
        return self.idle.popitem()[0] if self.idle else None

    async def admit(self, timeout: float | None, *, fresh: bool) -> Connection | None:
        """A connection, or None with a slot to make one. `fresh`: not one that was lying idle.

        :raises httpx.PoolTimeout: neither within `timeout` seconds.
        """
        while True:
            if not fresh and self.idle:
                return self.take()
            if fresh and self.opened >= self._limit and self.idle:
                next(iter(self.idle)).discard()
            if self.opened < self._limit:
                self.opened += 1
                return None
            given = await self._wait(timeout)
            if given is None or not given.gone:
                return given

    async def _wait(self, timeout: float | None) -> Connection | None:
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        timer = None
        if timeout is not None:
            timer = self._clock.call_later(timeout, lambda: self._expire(turn))
        try:
            return await turn
        except asyncio.CancelledError:
            # Cancelled in the very moment our turn came: pass it on.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                given = turn.result()
                if given is None:
                    self.free()
                else:
                    self.put(given)
            raise
        finally:
            self._waiting.pop(turn, None)
            if timer is not None:
                timer.cancel()

    def _expire(self, turn: asyncio.Future[Connection | None]) -> None:
        if not turn.done():
            self._waiting.pop(turn, None)
            turn.set_exception(httpx.PoolTimeout("No connection to the upstream became free in time"))

    def put(self, connection: Connection) -> None:
        """Take back a connection whose exchange has ended cleanly."""
        if connection.gone:
            return
        turn = self._next()
        if turn is not None:
            turn.set_result(connection)
        else:
            connection.idle_since = self._clock.monotonic()
            self.idle[connection] = None

    def drop(self, connection: Connection) -> None:
        """A connection has ended."""
        self.idle.pop(connection, None)
        self.free()

    def free(self) -> None:
        """Give a slot back."""
        turn = self._next()
        if turn is not None:
            turn.set_result(None)
        else:
            self.opened -= 1

    def _next(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                return turn
        return None

    def close_idle(self, before: float) -> None:
        """Close what has been idle since `before` (monotonic seconds) or longer."""
        while self.idle:
            oldest = next(iter(self.idle))
            if oldest.idle_since > before:
                return
            oldest.discard()

    def refuse(self, error: Exception) -> None:
        """Fail everybody who waits."""
        while (turn := self._next()) is not None:
            turn.set_exception(error)

    @property
    def stats(self) -> OriginStats:
        name = f"{self.scheme}://{self.host}:{self.port}"
        return OriginStats(name, self.opened, len(self.idle), len(self._waiting))
