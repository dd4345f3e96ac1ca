"""The clients of the soak test: each has one connection, asks for one thing after the other and checks what comes."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.bench.soak.mix import Kind

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
_CLOSE = re.compile(rb"(?i)\r\nconnection: *close")
STALL_SECONDS = 30.0
_SHOWN = 10
"""Answers that are shown of those that were not as they should be."""


class Stalled(Exception):
    """Nothing has been answered for a long time."""


class Tally:
    """What all callers saw."""

    def __init__(self, every: int, sample: Callable[[int], None]) -> None:
        """:param sample: called with the number of requests that are over, after each `every` of them."""
        self.sent = 0
        self.over = 0
        self.statuses: Counter[int] = Counter()
        """By status, without those whose client left before the end."""
        self.left = 0
        """Clients that went away before their answer was whole."""
        self.cut = 0
        """Answers that had no end, and were to have none."""
        self.wrong: list[str] = []
        self.callers: set[Caller] = set()
        """Those with an open connection."""
        self._every = every
        self._sample = sample

    def finish(self) -> None:
        self.over += 1
        if self.over % self._every == 0:
            self._sample(self.over)

    def fault(self, what: str, kind: Kind, got: bytes) -> None:
        """Note an answer that is not as it should be."""
        if len(self.wrong) < _SHOWN:
            self.wrong.append(f"{what} to {_name(kind)}: {got[:300]!r}")
        else:
            self.wrong.append("")


class Caller(asyncio.Protocol):
    """One connection, from its first request until it is lost or nothing is left to ask."""

    def __init__(self, kinds: Iterator[Kind], tally: Tally, random: Random) -> None:
        self._kinds = kinds
        self._tally = tally
        self._random = random
        self._kind: Kind | None = None
        self._got = b""
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[bool] = self._loop.create_future()
        """Whether there is more to ask, on another connection."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._tally.callers.add(self)
        self._next()

    def _next(self) -> None:
        kind = self._kind = next(self._kinds, None)
        if kind is None:
            self._transport.close()
            return
        self._tally.sent += 1
        self._transport.write(kind.wire)
        if kind.wait:
            self._timer = self._loop.call_later(self._random.random() * kind.wait, self._leave)

    def _leave(self) -> None:
        self._tally.left += 1
        self._tally.finish()
        self._kind = None
        self._transport.abort()
        self._end(more=True)

    def data_received(self, data: bytes) -> None:
        kind = self._kind
        if kind is None:
            return
        got = self._got = self._got + data if self._got else data
        head = got.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(got, 0, head)
        if length is not None:
            body = got[head + 4 :] if len(got) >= head + 4 + int(length[1]) else None
        else:
            body = _joined(got, head + 4) if got.endswith(b"0\r\n\r\n") else None
        if body is not None:
            self._finish(kind, int(got[9:12]), body)

    def _finish(self, kind: Kind, status: int, body: bytes) -> None:
        tally = self._tally
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tally.statuses[status] += 1
        if status != kind.status or kind.cut or (kind.body and body != kind.body):
            tally.fault("wrong answer", kind, self._got)
        closing = _CLOSE.search(self._got, 0, self._got.find(b"\r\n\r\n")) is not None
        self._got = b""
        tally.finish()
        if closing:
            self._kind = None
            self._transport.close()
            self._end(more=True)
        else:
            self._next()

    def waits_for(self) -> str:
        """What it has asked for and got so far, for people."""
        return f"{_name(self._kind)}: {self._got[:300]!r}" if self._kind else "nothing"

    def connection_lost(self, error: Exception | None) -> None:
        self._tally.callers.discard(self)
        kind, tally = self._kind, self._tally
        if kind is not None:
            self._kind = None
            if self._timer is not None:
                self._timer.cancel()
            if kind.cut and self._got.startswith(b"HTTP/1.1 200"):
                tally.statuses[200] += 1
                tally.cut += 1
            else:
                tally.fault("no whole answer", kind, self._got)
            tally.finish()
            self._end(more=True)
        self._end(more=False)

    def _end(self, *, more: bool) -> None:
        if not self.done.done():
            self.done.set_result(more)


def _name(kind: Kind) -> str:
    return kind.wire.partition(b"soak:")[2].partition(b'"')[0].decode()


def _joined(got: bytes, start: int) -> bytes | None:
    """The chunks of a body in one; None while the last one is missing."""
    pieces: list[bytes] = []
    while True:
        line = got.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(got[start:line], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(got[line + 2 : line + 2 + size])
        start = line + 4 + size


async def call(host: str, port: int, callers: int, kinds: Iterator[Kind], tally: Tally, seed: int) -> None:
    """Ask for all kinds, with so many callers at a time; returns when all is over and all connections are closed.

    :raises Stalled: no request was over within `STALL_SECONDS`; says which ones wait.
    """
    loop = asyncio.get_running_loop()

    async def one(number: int) -> None:
        random = Random(seed + number)
        more = True
        while more:
            _, caller = await loop.create_connection(lambda: Caller(kinds, tally, random), host, port)
            more = await caller.done

    asking = asyncio.gather(*(one(number) for number in range(callers)))
    while True:
        over = tally.over
        done, _ = await asyncio.wait({asking}, timeout=STALL_SECONDS)
        if done:
            await asking
            return
        if tally.over == over:
            asking.cancel()
            raise Stalled("; ".join(caller.waits_for() for caller in list(tally.callers)[:_SHOWN]))
