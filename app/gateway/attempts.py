"""Attempts: try the ordered targets until one answers, retrying and failing over before the first byte leaves.

What follows a failure is decided in `retry`, next door; how a whole answer goes to the client in `relay`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import httpx
import msgspec

from app.common.clock import Clock
from app.common.errors import UpstreamError, UpstreamProtocol, UpstreamTimeout, UpstreamUnreachable
from app.common.headers import RawHeaders
from app.common.shapes import Shape, is_event_stream
from app.domain.attempt import Attempt
from app.domain.exchange import Exchange
from app.domain.model import Model, Retry, Target
from app.gateway.guard import Cause, Guard, Interrupted
from app.gateway.retry import Next, Step, after, parse_retry_after
from app.providers.call import Answered, Call, Upstream
from app.providers.failures import failure_class

_Place = tuple[Retry, int, int, bool]
"""Where an attempt stands: attempts on its target and over all targets, itself included; whether a target is left."""


class Answer:
    """An upstream's answer that goes to the client, whole."""

    def __init__(
        self, target: Target, attempt: Attempt, status: int, headers: RawHeaders, shape: Shape, body: bytes
    ) -> None:
        self.target = target
        self.attempt = attempt
        self.status = status
        self.headers = headers
        self.shape = shape
        self.body = body


class Begun(Answer):
    """An answer of which only the first bytes are in `body`; `rest` is still to come and must be closed."""

    def __init__(
        self,
        target: Target,
        attempt: Attempt,
        status: int,
        headers: RawHeaders,
        shape: Shape,
        body: bytes,
        *,
        is_stream: bool,
        rest: Answered,
    ) -> None:
        """:param is_stream: server-sent events; else a plain answer that is too long to be held back."""
        super().__init__(target, attempt, status, headers, shape, body)
        self.is_stream = is_stream
        self.rest = rest


class Failure(msgspec.Struct):
    """An attempt that gave nothing to pass on."""

    cause: str
    """Error class, or `status` and its number."""
    next: Next


class Request(Protocol):
    """What the attempts have to know of the exchange they are made for."""

    guard: Guard
    started: float
    """Monotonic time at which the request arrived; the times of attempts count from it."""
    exchange: Exchange
    """Its `attempts` take note of each."""

    def build(self, target: Target) -> Call:
        """The upstream request for a target."""


class Attempts:
    """Makes the attempts for exchanges, one process's all.

    :param observe: told of each attempt that ended or began to answer.
    :param max_answer: bytes of a plain answer held back at the most.
    """

    def __init__(
        self, upstream: Upstream, clock: Clock, observe: Callable[[Attempt], None], max_answer: int
    ) -> None:
        self._upstream = upstream
        self._clock = clock
        self._observe = observe
        self._max_answer = max_answer

    async def run(self, request: Request, model: Model, order: Sequence[Target]) -> Answer:
        """The first answer worth passing on, or the last error as it came.

        :raises UpstreamError: the last attempt got no answer.
        :raises Interrupted: the client left.
        """
        left = len(order)
        log, guard = request.exchange.attempts, request.guard
        for target in order:
            left -= 1
            tried = 0
            while True:
                if guard.left:
                    raise Interrupted(Cause.CLIENT_LEFT)
                tried += 1
                provider = target.provider
                now = self._clock.monotonic() - request.started
                attempt = Attempt(target.id, provider.id, provider.name, target.target_model, now)
                log.append(attempt)
                outcome = await self._try(request, target, attempt, (model.retry, tried, len(log), left > 0))
                if isinstance(outcome, Answer):
                    return outcome
                if outcome.next.step is Step.STOP:
                    raise upstream_error(outcome.cause)
                attempt.next = f"{outcome.next.step} after {outcome.cause}"
                if outcome.next.step is Step.FAILOVER:
                    break
                await self._wait(guard, outcome.next.delay)
        raise AssertionError("the last target never fails over")

    async def _wait(self, guard: Guard, seconds: float) -> None:
        if not seconds:
            return
        try:
            await self._clock.sleep(seconds)
        except asyncio.CancelledError:
            cause = guard.take()
            if cause is None:
                raise
            if cause is Cause.TOTAL:
                raise upstream_error(cause) from None
            raise Interrupted(cause) from None

    async def _try(
        self, request: Request, target: Target, attempt: Attempt, place: _Place
    ) -> Answer | Failure:
        """One upstream request, up to the whole body or the first bytes of a stream."""
        guard, started, monotonic = request.guard, request.started, self._clock.monotonic
        answered: Answered | None = None
        outcome: Answer | Failure | None = None
        theirs: BaseException | None = None
        try:
            guard.limit(target.provider.timeouts.total, started + attempt.started)
            answered = await self._upstream.send(request.build(target))
            status = attempt.status = answered.status
            if answered.resent:
                _note_resent(request.exchange.attempts)
            if status >= 300:
                outcome = self._failure_of(attempt, answered, place)
            if outcome is None:
                headers, shape = answered.headers, answered.shape
                whole = status >= 400 or not is_event_stream(headers, shape)
                body = answered.take(self._max_answer) if whole else None
                if body is not None:
                    answered = None  # it is closed
                    attempt.first_byte = monotonic() - started
                    outcome = Answer(target, attempt, status, headers, shape, body)
                else:
                    outcome = await self._read(target, attempt, answered, started)
        except httpx.TransportError as error:
            attempt.error = failure_class(error, begun=attempt.first_byte is not None)
            outcome = Failure(attempt.error, _after(place, error=attempt.error))
        except asyncio.CancelledError as cancelled:
            cause = guard.take()
            attempt.error = str(cause) if cause is not None else "cancelled"
            if cause is None:
                theirs = cancelled
            elif cause is Cause.CLIENT_LEFT:
                theirs = Interrupted(cause)
            else:
                outcome = Failure(attempt.error, _after(place, error=attempt.error))
        except BaseException as other:
            theirs = other
        # nothing is awaited while an exception is handled: `app/compiled.py`
        if outcome.__class__ is not Begun:
            attempt.ended = monotonic() - started
            if answered is not None:
                await answered.aclose()
        self._observe(attempt)
        if outcome is not None:
            return outcome
        try:
            raise theirs or AssertionError("neither an outcome nor an error")
        finally:
            theirs = None  # it holds this frame

    def _failure_of(self, attempt: Attempt, answered: Answered, place: _Place) -> Failure | None:
        """An answer that is no success; None where it goes to the client."""
        status = answered.status
        if status < 400:
            # following it would take the credential to a host nobody configured (RFC 9110 part 15.4)
            attempt.error = "redirect"
            return Failure("redirect", _after(place, error="redirect"))
        wait = parse_retry_after(answered.headers, self._clock.time())
        follows = _after(place, status=status, retry_after=wait)
        return None if follows.step is Step.STOP else Failure(f"status {status}", follows)

    async def _read(self, target: Target, attempt: Attempt, answered: Answered, started: float) -> Answer:
        """Hold a plain answer until it is whole, so that a cut one can be retried; begin a stream at its first byte."""
        status, headers, shape = answered.status, answered.headers, answered.shape
        is_stream = status < 400 and is_event_stream(headers, shape)
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                chunk = await answered.__anext__()
                if not chunks:
                    attempt.first_byte = self._clock.monotonic() - started
                chunks.append(chunk)
                size += len(chunk)
                if is_stream or size > self._max_answer:
                    first = chunk if len(chunks) == 1 else b"".join(chunks)
                    return Begun(
                        target, attempt, status, headers, shape, first, is_stream=is_stream, rest=answered
                    )
        except StopAsyncIteration:
            if not chunks:
                attempt.first_byte = self._clock.monotonic() - started
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return Answer(target, attempt, status, headers, shape, body)


def _after(
    place: _Place, *, status: int | None = None, error: str | None = None, retry_after: float | None = None
) -> Next:
    retry, tried, total, more = place
    return after(
        retry, status=status, error=error, retry_after=retry_after, tried=tried, total=total, more=more
    )


def _note_resent(log: list[Attempt]) -> None:
    """The transport met a kept-alive connection that the upstream had closed, and sent the request once more."""
    attempt = log[-1]
    dead = msgspec.structs.replace(attempt, status=None, error="reset", ended=attempt.started)
    dead.next = "retry after reset of an idle connection"
    log.insert(-1, dead)


def upstream_error(cause: str) -> UpstreamError:
    """Our own error where no upstream answered; says the kind of failure, never an address."""
    if cause.startswith("timeout"):
        phase = cause.removeprefix("timeout_").replace("_", " ")
        return UpstreamTimeout(f"The provider did not answer in time ({phase}).")
    if cause in ("connect", "dns", "tls", "blocked_address"):
        return UpstreamUnreachable(f"The provider could not be reached ({cause.replace('_', ' ')}).")
    return UpstreamProtocol(f"The provider's answer was broken off or can't be passed on ({cause}).")
