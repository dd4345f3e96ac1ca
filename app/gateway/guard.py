"""A guard per exchange: it ends the waiting of a request when the client leaves or a time is up.

The guard cancels the request's own task and notes the cause, so waiting needs neither a task nor a timeout scope of its
own. Whoever catches the cancellation asks `take()` for the cause; None means that somebody else cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from app.common.clock import Clock, TimerHandle

Receive = Callable[[], Awaitable[Any]]

TICK = 0.25
"""Seconds between two looks at all guards: so late a time may be noticed to be up, or a client to have left."""
_NEVER = float("inf")


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
    """All guards of a process, looked at together: a timer and a watching task for each request would cost more than
    everything else that is done for it. A request that ends within a tick never has either."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._open: set[Guard] = set()
        self._timer: TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, total: float) -> "Guard":
        """A guard over the running task; to be closed.

        :param total: seconds from now until the whole exchange is interrupted.
        """
        loop = self._loop
        if loop is None:  # kept, since asking for it is a system call (it looks for forks)
            loop = self._loop = asyncio.get_running_loop()
        guard = Guard(self, loop, asyncio.current_task(loop), self.clock.monotonic() + total)
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
    """Watches one task. `arm` before a wait that must not last; the guard is checked once a tick."""

    __slots__ = (
        "_at",
        "_guards",
        "_limit_at",
        "_limit_why",
        "_loop",
        "_pending",
        "_receive",
        "_task",
        "_total_at",
        "_watch",
        "_why",
        "left",
    )

    def __init__(
        self,
        guards: Guards,
        loop: asyncio.AbstractEventLoop,
        task: "asyncio.Task[Any] | None",
        total_at: float,
    ) -> None:
        self._guards = guards
        self._loop = loop
        self._task = task
        self._at = self._limit_at = self._total_at = total_at
        self._why = self._limit_why = Cause.TOTAL
        self._pending: Cause | None = None
        self._receive: Receive | None = None
        self._watch: asyncio.Task[None] | None = None
        self.left = False
        """The client has gone: no new attempt may start."""

    def watch(self, receive: Receive) -> None:
        """Interrupt when the client disconnects; call once, after the request body has been read."""
        self._receive = receive

    def arm(self, why: Cause, seconds: float) -> None:
        """Interrupt with `why` unless armed again within `seconds`."""
        at = self._guards.clock.monotonic() + seconds
        if at < self._limit_at:
            self._at, self._why = at, why
        else:
            self.disarm()

    def disarm(self) -> None:
        """Only the total times count."""
        self._at, self._why = self._limit_at, self._limit_why

    def limit(self, seconds: float) -> None:
        """Interrupt with `ATTEMPT` after so long, whatever is armed meanwhile; takes the place of an earlier limit."""
        self._limit_at, self._limit_why = self._guards.clock.monotonic() + seconds, Cause.ATTEMPT
        if self._limit_at >= self._total_at:
            self._limit_at, self._limit_why = self._total_at, Cause.TOTAL
        self.disarm()

    def take(self) -> Cause | None:
        """The cause of the cancellation just caught; after this the task may wait again."""
        cause, self._pending = self._pending, None
        if cause is not None and self._task is not None:
            self._task.uncancel()
        return cause

    def check(self, now: float) -> None:
        """Called once a tick.

        :param now: monotonic seconds.
        """
        if self._watch is None and self._receive is not None:
            self._watch = self._loop.create_task(self._watch_client(self._receive))
        if now >= self._at:
            if self._why is Cause.TOTAL:
                self._total_at = _NEVER
            self._limit_at = self._at = self._total_at  # once is enough; the next attempt has its own limit
            self._interrupt(self._why)

    async def close(self) -> None:
        """End watching. Swallows an interrupt that came too late to matter."""
        self._guards.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        late = self._pending is not None
        self._task, task = None, self._task
        if late and task is not None:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                task.uncancel()

    def _interrupt(self, cause: Cause) -> None:
        if self._task is not None and self._pending is None:
            self._pending = cause
            self._task.cancel()

    async def _watch_client(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self._interrupt(Cause.CLIENT_LEFT)
