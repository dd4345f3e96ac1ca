"""Runs a coroutine without an asyncio task, for work that comes by the thousand a second.

A task costs several turns of the event loop: one to start, one each time what it waits for is there. A driver starts
its coroutine at once and goes on with it in the very moment somebody calls `Wait.wake`. Everything else that a
coroutine may wait for (futures, tasks, `sleep`) works as in a task, but for what asks asyncio for the current task:
`asyncio.timeout` and anyio, for example, have to be run in a task of their own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final


class _Running:
    """In an object rather than in a global name: that is looked up in a dict each time, where this is compiled."""

    __slots__ = ("driver",)

    def __init__(self) -> None:
        self.driver: Driver | None = None


_running: Final = _Running()


def current() -> "Driver | None":
    """The driver whose coroutine is running; None in a task or a callback."""
    return _running.driver


class Driver:
    """Drives one coroutine; cancelled like a task, with the same count of requests to cancel.

    All methods belong to the event loop's thread.
    """

    __slots__ = ("_blocked_on", "_cancels", "_coroutine", "_loop", "_must_cancel", "_on_end", "_wait", "done")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, None],
        on_end: Callable[["Driver", BaseException | None], None],
    ) -> None:
        """:param on_end: called once, with what the coroutine raised; must not raise."""
        self._loop = loop
        self._coroutine = coroutine
        self._on_end = on_end
        self._blocked_on: asyncio.Future[Any] | None = None
        self._wait: Wait | None = None
        self._cancels = 0
        self._must_cancel = False
        self.done = False

    def step(self, error: BaseException | None = None) -> None:
        """Go on, until the coroutine waits again or ends."""
        if self.done:
            return
        if self._must_cancel:
            self._must_cancel = False
            if not isinstance(error, asyncio.CancelledError):
                error = asyncio.CancelledError()
        before = _running.driver
        _running.driver = self
        try:
            found = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except StopIteration:
            self.done = True
            self._on_end(self, None)
        except BaseException as raised:
            self.done = True
            self._on_end(self, raised)
            if not isinstance(raised, Exception | asyncio.CancelledError):
                raise  # the program is to end
        else:
            if found is None:  # `sleep(0)`
                self._loop.call_soon(self._go_on)
            elif found.__class__ is Wait:
                self._wait = found
            else:
                # as a task does: the future has seen that it was awaited
                found._asyncio_future_blocking = False
                self._blocked_on = found
                found.add_done_callback(self._unblocked)
            if self._must_cancel:  # it was cancelled while it ran
                self._interrupt()
        finally:
            _running.driver = before

    def cancel(self, msg: object = None) -> None:  # noqa: ARG002  # a task's; uvicorn says why it cancels
        """Raise CancelledError where the coroutine waits, in the loop's next turn."""
        if self.done:
            return
        self._cancels += 1
        self._must_cancel = True
        if _running.driver is not self:
            self._interrupt()

    def cancelling(self) -> int:
        return self._cancels

    def uncancel(self) -> int:
        """One request to cancel has been dealt with."""
        self._cancels = max(self._cancels - 1, 0)
        if not self._cancels:
            self._must_cancel = False
        return self._cancels

    def _interrupt(self) -> None:
        if self._blocked_on is not None:
            if self._blocked_on.cancel():
                self._must_cancel = False  # the future raises it
        elif self._wait is not None:
            wait, self._wait = self._wait, None
            wait.driver = None
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self.step()

    def _unblocked(self, future: asyncio.Future[Any]) -> None:
        self._blocked_on = None
        try:
            future.result()
        except BaseException as error:
            self.step(error)
        else:
            self.step()


class Wait:
    """A place where one coroutine at a time waits until somebody calls `wake`. May be used again and again."""

    __slots__ = ("driver", "future")

    def __init__(self) -> None:
        self.driver: Driver | None = None
        self.future: asyncio.Future[None] | None = None

    @property
    def waiting(self) -> bool:
        return self.driver is not None or self.future is not None

    def __await__(self) -> Generator[Any, None, None]:
        # both at once: else the compiler takes `self.driver` for one that is no None, even after the `yield`
        self.driver = driver = _running.driver
        if driver is None:
            self.future = future = asyncio.get_running_loop().create_future()
            try:
                yield from future
            finally:
                if self.future is future:  # else somebody else waits already
                    self.future = None
        else:
            try:
                yield self
            finally:
                if self.driver is driver:  # else somebody else waits already
                    self.driver = None

    def wake(self) -> None:
        """Let the one who waits go on: a driven coroutine before this returns, a task in the loop's next turn."""
        driver = self.driver
        if driver is not None:
            self.driver = driver._wait = None
            driver.step()
            return
        future = self.future
        if future is not None:
            self.future = None
            if not future.done():
                future.set_result(None)
