"""One guard per exchange: it ends the waiting of a request when the client leaves or a time is up.

The guard cancels the request's own task and notes the cause, so waiting needs neither a task nor a timeout scope of its
own. Whoever catches the cancellation asks `take()` for the cause; None means that somebody else cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from app.common.clock import Clock, TimerHandle

Receive = Callable[[], Awaitable[Any]]


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


class Guard:
    """Watches one task. `arm` before each wait; a timer that fires early just moves itself to the armed time."""

    __slots__ = (
        "_at",
        "_clock",
        "_limit_at",
        "_limit_why",
        "_pending",
        "_task",
        "_timer",
        "_total_at",
        "_watch",
        "_when",
        "_why",
        "left",
    )

    def __init__(self, clock: Clock, total: float) -> None:
        """:param total: seconds from now until the whole exchange is interrupted."""
        self._clock = clock
        self._task = asyncio.current_task()
        self._total_at = clock.monotonic() + total
        self._at = self._when = self._limit_at = self._total_at
        self._why = self._limit_why = Cause.TOTAL
        self._pending: Cause | None = None
        self._timer: TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self.left = False
        """The client has gone: no new attempt may start."""

    def watch(self, receive: Receive) -> None:
        """Interrupt when the client disconnects; call once, after the request body has been read."""
        self._watch = asyncio.create_task(self._watch_client(receive))

    def arm(self, why: Cause, seconds: float) -> None:
        """Interrupt with `why` unless armed again within `seconds`."""
        now = self._clock.monotonic()
        self._at, self._why = now + seconds, why
        if self._at > self._limit_at:
            self.disarm()
        self._schedule(now)

    def disarm(self) -> None:
        """Only the total times count."""
        self._at, self._why = self._limit_at, self._limit_why

    def limit(self, seconds: float) -> None:
        """Interrupt with `ATTEMPT` after so long, whatever is armed meanwhile; takes the place of an earlier limit."""
        now = self._clock.monotonic()
        self._limit_at, self._limit_why = now + seconds, Cause.ATTEMPT
        if self._limit_at >= self._total_at:
            self._limit_at, self._limit_why = self._total_at, Cause.TOTAL
        self.disarm()
        self._schedule(now)

    def take(self) -> Cause | None:
        """The cause of the cancellation just caught; after this the task may wait again."""
        cause, self._pending = self._pending, None
        if cause is not None and self._task is not None:
            self._task.uncancel()
        return cause

    async def close(self) -> None:
        """End watching. Swallows an interrupt that came too late to matter."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        late = self._pending is not None
        self._task, task = None, self._task
        if late and task is not None:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                task.uncancel()

    def _schedule(self, now: float) -> None:
        if self._timer is None or self._at < self._when - 0.01:
            if self._timer is not None:
                self._timer.cancel()
            self._when = self._at
            self._timer = self._clock.call_later(max(self._at - now, 0.0), self._tick)

    def _interrupt(self, cause: Cause) -> None:
        if self._task is not None and self._pending is None:
            self._pending = cause
            self._task.cancel()

    def _tick(self) -> None:
        remaining = self._at - self._clock.monotonic()
        if remaining > 0.001:
            self._when = self._at
            self._timer = self._clock.call_later(remaining, self._tick)
        else:
            self._timer = None
            self._interrupt(self._why)

    async def _watch_client(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self._interrupt(Cause.CLIENT_LEFT)
