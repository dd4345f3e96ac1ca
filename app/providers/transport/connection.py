"""One connection to an upstream: sends, parses what comes, holds back a fast sender, notices silence.

`answer` next door holds what comes in, `pool` decides who uses the connection next.
"""

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast

import httptools
import httpx

from app.common.clock import Clock, TimerHandle
from app.common.driver import Wait
from app.common.outbox import outbox_of
from app.common.shapes import shape_of
from app.providers.transport.answer import Answer
from app.providers.transport.errors import ConnectionReset, ProtocolError, SendFailed, TooLarge
from app.providers.transport.request import Outgoing
from app.providers.transport.streamed import streamed

if TYPE_CHECKING:
    from app.providers.transport.pool import Origin

_MAX_INTERIM: Final = 20
_VERSIONS: Final = ("1.1", "1.0")


class Connection:
    """Made by the event loop; belongs to an origin from `origin` being set until it is `gone`.

    An `asyncio.Protocol`, though not by descent: what is compiled has no ancestors elsewhere.
    """

    __slots__ = (
        "_active",
        "_clock",
        "_due",
        "_head_limit",
        "_high_water",
        "_living",
        "_outbox",
        "_parser",
        "_sending",
        "_sent_at",
        "_timer",
        "_transport",
        "_unsent",
        "answer",
        "gone",
        "idle_since",
        "loop",
        "lost",
        "origin",
        "paused",
        "turn",
        "used",
    )

    def __init__(
        self,
        clock: Clock,
        living: set["Connection"],
        *,
        high_water: int,
        head_limit: int,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self.loop.create_future()
        """Done when the socket is closed."""
        self.origin: Origin | None = None
        self.answer: Answer | None = None
        self.turn = Wait()
        """Where the reader of the answer waits."""
        self.used = False
        """An answer has come over it before."""
        self.gone = False
        self.paused = False
        self.idle_since = 0.0
        self._clock = clock
        self._living = living
        self._outbox = outbox_of(self.loop)
        self._high_water = high_water
        self._head_limit = head_limit
        self._parser = httptools.HttpResponseParser(self)
        self._sending = False
        self._sent_at = 0
        """The turn of the outbox in which the request was put there: in the same turn no answer to it can come."""
        self._unsent: int | None = None  # bytes in the write buffer when last looked at; None: it is low
        self._active = 0.0
        self._due = 0.0
        self._timer: TimerHandle | None = None

    # The event loop calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._living.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)
        self._living.discard(self)
        self._parser = cast(
            httptools.HttpResponseParser, None
        )  # it holds us, too: nothing else is left to free both
        if not self.lost.done():
            self.lost.set_result(None)

    def never_made(self) -> None:
        """Connecting failed or was given up: uvloop then closes the socket and calls no `connection_lost`."""
        self.gone = True
        self.connection_lost(None)

    def eof_received(self) -> None:
        self._ended(None)

    def pause_writing(self) -> None:
        self._unsent = self._transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self._unsent = None
        self.turn.wake()

    def data_received(self, data: bytes) -> None:
        answer = self.answer
        if answer is None or self._sent_at == self._outbox.turn:
            self._unasked()
            return
        in_head = not answer.status
        answer.silent += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            answer.extra = True
            if not answer.complete:
                self.fail(_protocol_error(error))
                return
        if answer.complete:
            self._finish(answer)
        elif answer.silent > self._head_limit:
            what = "framing without end" if answer.status else "a head that is too large"
            self.fail(TooLarge(f"The upstream sent {what}"))
            return
        elif answer.buffered > self._high_water and not self.paused:
            self.paused = True
            self._transport.pause_reading()
        if answer.chunks or answer.complete or (in_head and answer.status):
            self.turn.wake()
        elif not in_head or answer.waits.first_byte is None:
            self._active = self._clock.monotonic()

    def _unasked(self) -> None:
        """Bytes that nobody asked for, and that would be taken for the next answer."""
        if self.answer is None:
            self.discard()
        else:
            self.fail(ConnectionReset("The upstream sent something before it was asked", in_body=False))

    # The parser calls these, in the middle of `data_received`.

    def on_message_begin(self) -> None:
        answer = self.answer
        if answer is not None and answer.complete:
            answer.extra = True

    def on_header(self, name: bytes, value: bytes) -> None:
        answer = self.answer
        if (
            answer is not None and not answer.status
        ):  # else it is a trailer, or belongs to what we did not ask for
            answer.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        answer = self.answer
        if answer is None or answer.complete:
            return
        parser = self._parser
        status = parser.get_status_code()
        if status < 200:
            answer.interim += 1
            if status < 100 or status == 101 or answer.interim > _MAX_INTERIM:
                raise ProtocolError(f"The upstream answered with status {status}, which was not asked for")
            answer.headers = []
            return
        if parser.get_http_version() not in _VERSIONS:
            raise ProtocolError("The upstream does not speak HTTP/1.1")
        headers = answer.headers
        if answer.silent > self._head_limit and sum(len(n) + len(v) for n, v in headers) > self._head_limit:
            raise TooLarge("The head of the upstream's answer is too large")
        shape = answer.shape = shape_of(headers)
        coding = shape.transfer_encoding
        if coding and (len(coding) > 1 or headers[coding[0]][1].lower() != b"chunked"):
            raise ProtocolError("The upstream used a transfer coding other than chunked")
        answer.status = status
        answer.silent = 0
        answer.keep_alive = parser.should_keep_alive()
        if answer.no_body:
            answer.complete = True

    def on_body(self, piece: bytes) -> None:
        answer = self.answer
        if answer is None:
            return
        if answer.complete:
            answer.extra = True
            return
        answer.silent = 0
        answer.buffered += len(piece)
        answer.chunks.append(piece)

    def on_message_complete(self) -> None:
        answer = self.answer
        if answer is not None and answer.status:
            answer.complete = answer.ended = True

    # Answers and origins call these.

    def start(self, answer: Answer, pieces: list[bytes | memoryview]) -> None:
        """Send a request, all but a streamed body, whose answer goes to `answer`."""
        self.answer = answer
        outbox = self._outbox
        self._sent_at = outbox.turn
        if len(pieces) == 1:
            outbox.send(self._transport, pieces[0])
            return
        for piece in pieces:
            outbox.write(self._transport, piece)

    async def send(self, answer: Answer, outgoing: Outgoing) -> None:
        """Send a streamed body, unless the upstream refuses it before its end."""
        self._sending = True
        try:
            async with aclosing(streamed(outgoing)) as stream:
                async for piece in stream:
                    if answer.refused:
                        return  # the rest is not wanted, and `_sending` keeps the connection from being reused
                    self._outbox.write(self._transport, piece)
                    self._outbox.flush()  # its buffer tells when to pause
                    while self._unsent is not None and not answer.refused:
                        await answer.wait()
            self._sending = False
        except BaseException:
            answer.abandon()
            raise

    def watch(self) -> None:
        """The answer is being waited for: see to it that silence is noticed. One timer serves many waits."""
        answer = self.answer
        if answer is None:
            return
        now = self._active = self._clock.monotonic()  # if there was silence until now, it was ours
        limit = self._limit(answer)
        if limit is not None and (self._timer is None or self._due > now + limit):
            self._set_timer(now, limit)

    def resume(self) -> None:
        self.paused = False
        self._transport.resume_reading()

    def discard(self) -> None:
        """Close at once, whatever is going on. The slot is free when this returns."""
        if self.gone:
            return
        self.gone = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()
        if self.origin is not None:
            self.origin.drop(self)

    def fail(self, error: Exception) -> None:
        """Close, and give the answer under way, if any, this error."""
        answer, self.answer = self.answer, None
        self.discard()
        if answer is not None:
            answer.fail(error)

    def _finish(self, answer: Answer) -> None:
        self.answer = answer.link = None
        self.used = True
        sent = not self._sending and not self._transport.get_write_buffer_size()
        if sent and answer.reusable and self.origin is not None:
            self.origin.put(self)
        else:
            self.discard()

    def _ended(self, exc: Exception | None) -> None:
        answer, self.answer = self.answer, None
        unsent = self._sending or self._unsent is not None
        self.discard()
        if answer is None:
            return
        if unsent and not answer.status:
            answer.fail(SendFailed("The upstream closed the connection while the request was being sent"))
        else:
            answer.lost(exc)

    # The silence timer.

    def _limit(self, answer: Answer) -> float | None:
        if self._unsent is not None:
            return answer.waits.write
        if answer.status or answer.waits.first_byte is None:
            return answer.waits.read
        return answer.waits.first_byte

    def _set_timer(self, now: float, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = now + delay
        self._timer = self._clock.call_later(delay, self._check)

    def _check(self) -> None:
        self._timer = None
        answer = self.answer
        if answer is None or not self.turn.waiting:
            return  # nobody waits; who does next sets the timer again
        now = self._clock.monotonic()
        if self._unsent is not None:
            unsent = self._transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent = unsent
                self._active = now
        limit = self._limit(answer)
        if limit is None:
            return
        left = self._active + limit - now
        if left > 0:
            self._set_timer(now, left)
        elif self._unsent is not None:
            self.fail(httpx.WriteTimeout("The upstream stopped taking the request"))
        elif answer.status:
            self.fail(httpx.ReadTimeout("The upstream fell silent in the middle of its answer"))
        else:
            self.fail(httpx.ReadTimeout("The upstream did not answer in time"))


def _protocol_error(error: Exception) -> Exception:
    cause = error.__context__
    if isinstance(cause, ProtocolError):
        return cause
    return ProtocolError(f"The upstream's answer is not valid HTTP/1.1: {error}")
