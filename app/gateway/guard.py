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
        self._at = self._when = self._total_at
        self._why = Cause.TOTAL
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
        at = self._clock.monotonic() + seconds
        self._why = why
        if at > self._total_at:
            at, self._why = self._total_at, Cause.TOTAL
        self._at = at
        if self._timer is None or at < self._when - 0.01:
            if self._timer is not None:
                self._timer.cancel()
            self._when = at
            self._timer = self._clock.call_later(max(at - self._clock.monotonic(), 0.0), self._tick)

    def disarm(self) -> None:
        """Only the total time counts."""
        self._at, self._why = self._total_at, Cause.TOTAL

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
