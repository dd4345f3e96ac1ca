"""Attempts: try the ordered targets until one answers, retrying and failing over before the first byte leaves.

What follows a failure is decided in `retry`, next door; how a whole answer goes to the client in `relay`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import httpx
import msgspec

from app.common.clock import Clock
from app.common.errors import UpstreamError, UpstreamProtocol, UpstreamTimeout, UpstreamUnreachable
from app.domain.exchange import Attempt
from app.domain.model import Model, Target
from app.gateway.guard import Cause, Guard, Interrupted
from app.gateway.retry import Next, Step, after, parse_retry_after
from app.providers.failures import failure_class
from app.providers.messages import raw_headers

RawHeaders = list[tuple[bytes, bytes]]


class Answer(msgspec.Struct):
    """An upstream's answer that goes to the client, whole."""

    target: Target
    attempt: Attempt
    status: int
    headers: RawHeaders
    body: bytes


class Begun(Answer, kw_only=True):
    """An answer of which only the first bytes are in `body`; `rest` is still to come and `close` must be called."""

    is_stream: bool
    """Server-sent events; else a plain answer that is too long to be held back."""
    rest: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


class Failure(msgspec.Struct):
    """An attempt that gave nothing to pass on."""

    cause: str
    """Error class, or `status` and its number."""
    next: Next


class Attempts:
    """All attempts for one exchange, noted in `log`.

    :param started: monotonic time at which the request arrived; the times of attempts count from it.
    :param build: makes the upstream request for a target.
    :param observe: told of each attempt that ended or began to answer.
    :param max_answer: bytes of a plain answer held back at the most.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        clock: Clock,
        guard: Guard,
        started: float,
        log: list[Attempt],
        build: Callable[[Target], httpx.Request],
        observe: Callable[[Attempt], None],
        max_answer: int,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._guard = guard
        self._started = started
        self._log = log
        self._build = build
        self._observe = observe
        self._max_answer = max_answer
        self._tried = 0
        self._more = False

    async def run(self, model: Model, order: Sequence[Target]) -> Answer:
        """The first answer worth passing on, or the last error as it came.

        :raises UpstreamError: the last attempt got no answer.
        :raises Interrupted: the client left.
        """
        last = len(order) - 1
        for position, target in enumerate(order):
            self._more = position < last
            self._tried = 0
            while True:
                if self._guard.left:
                    raise Interrupted(Cause.CLIENT_LEFT)
                self._tried += 1
                attempt = Attempt(
                    target.id, target.provider.id, target.provider.name, target.target_model, self._now()
                )
                self._log.append(attempt)
                outcome = await self._try(model, target, attempt)
                if isinstance(outcome, Answer):
                    return outcome
                if outcome.next.step is Step.STOP:
                    raise upstream_error(outcome.cause)
                attempt.next = f"{outcome.next.step} after {outcome.cause}"
                if outcome.next.step is Step.FAILOVER:
                    break
                await self._wait(outcome.next.delay)
        raise AssertionError("the last target never fails over")

    def _now(self) -> float:
        return self._clock.monotonic() - self._started

    def _after(
        self,
        model: Model,
        *,
        status: int | None = None,
        error: str | None = None,
        retry_after: float | None = None,
    ) -> Next:
        return after(
            model.retry,
            status=status,
            error=error,
            retry_after=retry_after,
            tried=self._tried,
            total=len(self._log),
            more=self._more,
        )

    async def _wait(self, seconds: float) -> None:
        if not seconds:
            return
        try:
            await self._clock.sleep(seconds)
        except asyncio.CancelledError:
            cause = self._guard.take()
            if cause is None:
                raise
            if cause is Cause.TOTAL:
                raise upstream_error(cause) from None
            raise Interrupted(cause) from None

    async def _try(self, model: Model, target: Target, attempt: Attempt) -> Answer | Failure:
        """One upstream request, up to the whole body or the first bytes of a stream."""
        response: httpx.Response | None = None
        answer: Answer | None = None
        try:
            self._guard.limit(target.provider.timeouts.total)
            response = await self._transport.handle_async_request(self._build(target))
            status = attempt.status = response.status_code
            if "resent" in response.extensions:
                self._note_resent(attempt)
            if 300 <= status < 400:
                # following it would take the credential to a host nobody configured (RFC 9110 part 15.4)
                attempt.error = "redirect"
                return Failure("redirect", self._after(model, error="redirect"))
            if status >= 400:
                wait = parse_retry_after(raw_headers(response), self._clock.time())
                step = self._after(model, status=status, retry_after=wait)
                if step.step is not Step.STOP:
                    return Failure(f"status {status}", step)
            answer = await self._read(target, attempt, response)
            return answer
        except httpx.TransportError as error:
            attempt.error = failure_class(error, begun=attempt.first_byte is not None)
            return Failure(attempt.error, self._after(model, error=attempt.error))
        except asyncio.CancelledError:
            cause = self._guard.take()
            attempt.error = str(cause) if cause is not None else "cancelled"
            if cause is None:
                raise
            if cause is Cause.CLIENT_LEFT:
                raise Interrupted(cause) from None
            return Failure(attempt.error, self._after(model, error=attempt.error))
        finally:
            if not isinstance(answer, Begun):
                attempt.ended = self._now()
                if response is not None:
                    stream: Any = response.stream
                    await stream.aclose()
            self._observe(attempt)

    def _note_resent(self, attempt: Attempt) -> None:
        """The transport met a kept-alive connection that the upstream had closed, and sent the request once more."""
        dead = msgspec.structs.replace(attempt, status=None, error="reset", ended=attempt.started)
        dead.next = "retry after reset of an idle connection"
        self._log.insert(-1, dead)

    async def _read(self, target: Target, attempt: Attempt, response: httpx.Response) -> Answer:
        """Hold a plain answer until it is whole, so that a cut one can be retried; begin a stream at its first byte."""
        stream: Any = response.stream
        rest = aiter(stream)
        status, headers = response.status_code, raw_headers(response)
        is_stream = status < 400 and is_event_stream(headers)
        chunks: list[bytes] = []
        size = 0
        async for chunk in rest:
            if attempt.first_byte is None:
                attempt.first_byte = self._now()
            chunks.append(chunk)
            size += len(chunk)
            if is_stream or size > self._max_answer:
                first = b"".join(chunks)
                return Begun(
                    target,
                    attempt,
                    status,
                    headers,
                    first,
                    is_stream=is_stream,
                    rest=rest,
                    close=stream.aclose,
                )
        if attempt.first_byte is None:
            attempt.first_byte = self._now()
        return Answer(target, attempt, status, headers, chunks[0] if len(chunks) == 1 else b"".join(chunks))


def is_event_stream(headers: RawHeaders) -> bool:
    """The answer is server-sent events."""
    for name, value in headers:
        if len(name) == 12 and name.lower() == b"content-type":
            return value.lower().startswith(b"text/event-stream")
    return False


def upstream_error(cause: str) -> UpstreamError:
    """Our own error where no upstream answered; says the kind of failure, never an address."""
    if cause.startswith("timeout"):
        phase = cause.removeprefix("timeout_").replace("_", " ")
        return UpstreamTimeout(f"The provider did not answer in time ({phase}).")
    if cause in ("connect", "dns", "tls", "blocked_address"):
        return UpstreamUnreachable(f"The provider could not be reached ({cause.replace('_', ' ')}).")
    return UpstreamProtocol(f"The provider's answer was broken off or can't be passed on ({cause}).")
