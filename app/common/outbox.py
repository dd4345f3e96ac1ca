"""What is written in one turn of the event loop, sent together at its end.

A send to a process that sleeps also wakes it, which costs several times the send itself (measured on Linux over
loopback: 17 us instead of 3). Of sends that follow each other closely only the first one has to.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary, ref

_log: Final = logging.getLogger(__name__)

CLOSE: Final = 0.0002
"""Seconds between two sends that are too close to each other for the second to be sent alone."""


class Outbox:
    """One per event loop (`outbox_of`). Bytes for one transport leave in the order in which they were written here.

    Whoever writes to a transport here must not write to it directly in the same turn.
    """

    __slots__ = ("_hurried", "_loop", "_now", "_scheduled", "_sent", "_waiting", "turn")

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = time.monotonic) -> None:
        """:param now: monotonic seconds."""
        self._loop = ref(loop)
        self._waiting: list[tuple[asyncio.Transport, bytes | memoryview | None]] = []
        self._scheduled = False
        self._hurried = False
        self._now = now
        self._sent = 0.0
        """When `send` was called last."""
        self.turn = 0
        """Counts the times that everything was sent: a write made at turn `n` is still here while this is `n`."""

    def write(self, transport: asyncio.Transport, data: bytes | memoryview) -> None:
        """Send later in this turn."""
        if not self._scheduled:
            self._schedule()
        self._waiting.append((transport, data))

    def send(self, transport: asyncio.Transport, data: bytes | memoryview) -> None:
        """Send at once if nothing was sent so lately, else at the end of this turn: for what somebody waits for.

        What comes by the hundred, such as a stream's events, costs less CPU through `write`.
        """
        now = self._now()
        alone, self._sent = now - self._sent > CLOSE, now
        if not alone or self._waiting:
            self.write(transport, data)
            return
        self.turn += 1
        try:
            transport.write(data)
        except Exception as error:
            _complain(error)

    def close(self, transport: asyncio.Transport) -> None:
        """Close the transport once all that was written before has been handed to it."""
        if not self._scheduled:
            self._schedule()
        self._waiting.append((transport, None))

    def _schedule(self) -> None:
        loop = self._loop()
        if loop is not None:
            self._scheduled = True
            loop.call_soon(self._end_turn)

    def hurry(self) -> None:
        """Send now what waits, for somebody who has more to do before the turn ends. Once a turn at the most: many do,
        when there is much to send."""
        if not self._hurried:
            self._hurried = True
            self.flush()

    def _end_turn(self) -> None:
        self._scheduled = self._hurried = False
        if self._waiting:
            self.flush()

    def flush(self) -> None:
        """Send now."""
        waiting, self._waiting = self._waiting, []
        self.turn += 1
        for transport, data in waiting:
            try:
                if data is None:
                    transport.close()
                else:
                    transport.write(data)
            except Exception as error:
                _complain(error)


def _complain(error: Exception) -> None:
    """It was closed meanwhile; whoever reads from it is told by the loop."""
    _log.debug("a write to a connection that is closed (%s)", error)


_outboxes: "Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox]]" = WeakKeyDictionary()


def outbox_of(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The outbox of a running loop."""
    outbox = _outboxes.get(loop)
    if outbox is None:
        outbox = _outboxes[loop] = Outbox(loop)
    return outbox
