"""A guard per exchange: it ends the waiting of a request when the client leaves or a time is up.

The guard cancels what runs the request, a task or a driver, and notes the cause, so waiting needs neither a task nor a
timeout scope of its own. Whoever catches the cancellation asks `take()` for the cause; None means that somebody else
cancelled.
"""

import asyncio
from enum import StrEnum
from typing import Any, Final

from app.common import driver
from app.common.clock import Clock, TimerHandle
from app.common.driver import Driver
from app.gateway.client import Client

TICK: Final = 0.25
"""Seconds between two looks at all guards: so late a time may be noticed to be up, or a client to have left."""
_NEVER: Final = float("inf")


class Cause(StrEnum):
    """Times of the upstream (connect, first byte, silence) are the transport's to watch."""

    CLIENT_LEFT = "client_left"
    CLIENT_STALLED = "client_stalled"
    """The client neither sends its request nor reads its answer."""
    ATTEMPT = "timeout_attempt"
    """The total time of the provider that is being tried is up."""
    TOTAL = "timeout_total"


class Interrupted(Exception):
    """The guard ended a wait."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


class Guards:
    """All guards of a process, looked at together: a timer and a watch over the client for each request would cost
    more than everything else that is done for it. A request that ends within a tick never has either."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._open: set[Guard] = set()
        self._timer: TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, total: float, now: float | None = None) -> "Guard":
        """A guard over the running task or driver; to be closed.

        :param total: seconds from now until the whole exchange is interrupted.
        :param now: monotonic seconds, for those who have just looked.
        """
        loop = self._loop
        if loop is None:  # kept, since asking for it is a system call (it looks for forks)
            loop = self._loop = asyncio.get_running_loop()
        runner = driver.current() or asyncio.current_task(loop)
        guard = Guard(self, runner, (self.clock.monotonic() if now is None else now) + total)
        self._open.add(guard)
        if self._timer is None:
            self._timer = self.clock.call_later(TICK, self._tick)
        return guard

    def discard(self, guard: "Guard") -> None:
        self._open.discard(guard)

    def _tick(self) -> None:
        now = self.clock.monotonic()
        for guard in tuple(self._open):
            guard.check(now)
        self._timer = self.clock.call_later(TICK, self._tick) if self._open else None


class Guard:
    """Watches one exchange. `arm` before a wait that must not last; the guard is checked once a tick."""

    __slots__ = (
        "_at",
        "_client",
        "_guards",
        "_is_watching",
        "_limit_at",
        "_limit_why",
        "_pending",
        "_runner",
        "_seconds",
        "_total_at",
        "_unsent",
        "_why",
        "left",
    )

    def __init__(self, guards: Guards, runner: "asyncio.Task[Any] | Driver | None", total_at: float) -> None:
        self._guards = guards
        self._runner = runner
        self._at = self._limit_at = self._total_at = total_at
        self._why = self._limit_why = Cause.TOTAL
        self._pending: Cause | None = None
        self._client: Client | None = None
        self._is_watching = False
        self._seconds = 0.0
        self._unsent = 0
        self.left = False
        """The client has gone: no new attempt may start."""

    def watch(self, client: Client) -> None:
        """Interrupt when the client disconnects; call once, after the request body has been read."""
        self._client = client

    def arm(self, why: Cause, seconds: float) -> None:
        """Interrupt with `why` unless armed again within `seconds`."""
        at = self._guards.clock.monotonic() + seconds
        if at < self._limit_at:
            self._at, self._why, self._seconds = at, why, seconds
            self._unsent = self._client.unsent() if self._client is not None else 0
        else:
            self.disarm()

    def disarm(self) -> None:
        """Only the total times count."""
        self._at, self._why = self._limit_at, self._limit_why

    def limit(self, seconds: float, now: float | None = None) -> None:
        """Interrupt with `ATTEMPT` after so long, whatever is armed meanwhile; takes the place of an earlier limit."""
        now = self._guards.clock.monotonic() if now is None else now
        self._limit_at, self._limit_why = now + seconds, Cause.ATTEMPT
        if self._limit_at >= self._total_at:
            self._limit_at, self._limit_why = self._total_at, Cause.TOTAL
        self._at, self._why = self._limit_at, self._limit_why

    def take(self) -> Cause | None:
        """The cause of the cancellation just caught; after this the exchange may wait again."""
        cause, self._pending = self._pending, None
        if cause is not None and self._runner is not None:
            self._runner.uncancel()
        return cause

    def check(self, now: float) -> None:
        """Called once a tick.

        :param now: monotonic seconds.
        """
        if self._client is not None and not self._is_watching:
            self._is_watching = True
            self._client.watch(self._client_left)
        if now >= self._at:
            if self._why is Cause.CLIENT_STALLED and self._client is not None:
                unsent = self._client.unsent()
                if unsent < self._unsent:  # it reads, however slowly
                    self._unsent = unsent
                    self._at = min(now + self._seconds, self._limit_at)
                    if self._at == self._limit_at:
                        self._why = self._limit_why
                    return
            if self._why is Cause.TOTAL:
                self._total_at = _NEVER
            self._limit_at = self._at = self._total_at  # once is enough; the next attempt has its own limit
            self._interrupt(self._why)

    def end(self) -> bool:
        """End watching.

        :returns: whether an interrupt is under way that came too late to matter: `swallow` has to be awaited.
        """
        self._guards.discard(self)
        if self._client is not None and self._is_watching:
            self._client.unwatch()
        if self._pending is None:
            self._runner = None
        return self._pending is not None

    async def swallow(self) -> None:
        """Wait for a late interrupt, so that it strikes nobody else."""
        runner = self._runner
        self._runner = None
        if runner is not None:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                runner.uncancel()

    def _interrupt(self, cause: Cause) -> None:
        if self._runner is not None and self._pending is None:
            self._pending = cause
            self._runner.cancel()

    def _client_left(self) -> None:
        self.left = True
        self._interrupt(Cause.CLIENT_LEFT)
