"""A worker's side of the wire: questions to the other workers, what is kept for it, and the supervisor's words."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from logging import getLogger
from typing import Final, cast

import msgspec

from app.workers.frames import Frame, FrameReader, Kind, State, Topic, unpack_states
from app.workers.seat import Seat
from app.workers.shared import Shared

ANSWER_SECONDS: Final = 1.0
"""How long another worker may take for an answer."""

_log = getLogger(__name__)


Answerer = Callable[[bytes], Awaitable[bytes]]


class _Open(msgspec.Struct):
    """A question that is open."""

    answer: asyncio.Future[bytes]
    waiting: set[int]
    """Workers that have not answered. Until the supervisor says who was asked: all others."""


class Team(asyncio.Protocol):
    """One per worker, in its event loop. Where the supervisor dies, it is as if a stop had been asked for."""

    def __init__(self, seat: Seat, stop: Callable[[bool], None]) -> None:
        """:param stop: called with whether not to wait for open requests."""
        self.number = seat.number
        self.size = seat.plan.workers
        self.supervisor = seat.supervisor
        self.inherited = seat.inherited
        """What the worker before in this place had had kept."""
        self.shared = Shared(seat.plan.memory)
        self.leads = asyncio.Event()
        """Jobs that must run once are ours."""
        if seat.leads:
            self.leads.set()
        self._wire = seat.wire
        self._stop = stop
        self._reader = FrameReader()
        self._answerers: dict[int, Answerer] = {}
        self._marks = count(1)
        self._open: dict[int, _Open] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport | None = None
        self._has_left = False

    async def join(self) -> None:
        """Begin to listen to the supervisor, and to be asked."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self._wire)
        self._send(Frame(Kind.HERE))

    def leave(self) -> None:
        self._has_left = True
        if self._transport is not None:
            self._transport.close()

    def answer_with(self, topic: Topic, answerer: Answerer) -> None:
        """How to answer. A question without an answerer is answered at once: there is nothing to do yet."""
        self._answerers[topic] = answerer

    def up(self) -> None:
        self._send(Frame(Kind.UP))

    def keep(self, state: bytes) -> None:
        """Have it kept, instead of what was, for the other workers and for the one after us."""
        self._send(Frame(Kind.KEEP, content=state))

    async def ask(self, topic: Topic, question: bytes = b"", seconds: float = ANSWER_SECONDS) -> set[int]:
        """Ask all other workers.

        :returns: those that have not answered in time.
        """
        waiting = set(range(1, self.size + 1)) - {self.number}
        try:
            await self._exchange(Kind.ASK, bytes((topic,)) + question, seconds, waiting)
        except TimeoutError:
            return waiting
        return set()

    async def states(self) -> list[State]:
        """What each worker has had kept.

        :raises TimeoutError: the supervisor does not answer.
        """
        return unpack_states(await self._exchange(Kind.FETCH, b"", ANSWER_SECONDS, set()))

    async def _exchange(self, kind: Kind, content: bytes, seconds: float, waiting: set[int]) -> bytes:
        mark = next(self._marks) & 0xFFFFFFFF
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._open[mark] = _Open(answer, waiting)
        try:
            self._send(Frame(kind, 0, mark, content))
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            del self._open[mark]

    def _send(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame.encode())

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._hear(frame)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio gives it
        if not self._has_left:
            _log.error("the supervisor has ended; worker %d stops", self.number)
        self._stop(False)

    def _hear(self, frame: Frame) -> None:
        if frame.kind is Kind.QUESTION:
            task = asyncio.get_running_loop().create_task(self._answer(frame))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif frame.kind is Kind.ASKED:
            self._asked(frame.mark, frame.content)
        elif frame.kind is Kind.ANSWER:
            self._answered(frame.mark, frame.number)
        elif frame.kind is Kind.GONE:
            for mark in list(self._open):
                self._answered(mark, frame.number)
        elif frame.kind is Kind.STATES:
            self._settle(frame.mark, frame.content)
        elif frame.kind is Kind.LEAD:
            self.leads.set()
        elif frame.kind in (Kind.STOP, Kind.STOP_NOW):
            self._stop(frame.kind is Kind.STOP_NOW)

    async def _answer(self, frame: Frame) -> None:
        answerer = self._answerers.get(frame.content[0])
        answer = b"" if answerer is None else await answerer(frame.content[1:])
        self._send(Frame(Kind.ANSWER, frame.number, frame.mark, answer))

    def _asked(self, mark: int, numbers: bytes) -> None:
        found = self._open.get(mark)
        if found is not None:
            found.waiting &= {int.from_bytes(numbers[at : at + 2], "big") for at in range(0, len(numbers), 2)}
            if not found.waiting:
                self._settle(mark, b"")

    def _answered(self, mark: int, number: int) -> None:
        found = self._open.get(mark)
        if found is not None and number in found.waiting:
            found.waiting.discard(number)
            if not found.waiting:
                self._settle(mark, b"")

    def _settle(self, mark: int, content: bytes) -> None:
        found = self._open.get(mark)
        if found is not None and not found.answer.done():
            found.answer.set_result(content)
