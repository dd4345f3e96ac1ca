"""The story of one client request: admit, read, route, attempt, relay, record. Read this file first.

Both sides are arguments: the client (`client.py`; plain ASGI, too) and the upstream (`providers/call.py`; any httpx
transport, too).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import httpx

from app.common.clock import Clock, SystemClock
from app.common.errors import Draining, GatewayError, InternalError, MethodNotAllowed, Overloaded
from app.common.headers import upstream_headers
from app.common.ids import request_id
from app.common.sanitizer import headers_without, without
from app.common.shapes import client_headers, content_coding
from app.config import Settings
from app.domain.attempt import Attempt
from app.domain.exchange import EndReason, Exchange
from app.domain.model import Target
from app.gateway.admission import admit, authenticate, client_ip, digest, parse_networks, read_headers
from app.gateway.attempts import Answer, Attempts, Begun
from app.gateway.body import RequestBody, too_large
from app.gateway.client import AsgiClient, Client, Receive, Send
from app.gateway.guard import Cause, Guard, Guards, Interrupted
from app.gateway.limits import RequestLimits
from app.gateway.metrics import Metrics
from app.gateway.ports import LogSink, SnapshotSource
from app.gateway.record import Recorder
from app.gateway.relay import Stored, relay_stream
from app.gateway.replies import added_headers, send_error
from app.gateway.routing import Planner, find_route, refusal
from app.gateway.strategy import Strategies
from app.gateway.tokens import count_request
from app.gateway.unpack import Unpacker
from app.gateway.upstream import UpstreamRequests
from app.protocols.endpoints import Endpoint
from app.protocols.envelope import Envelope, peek
from app.protocols.usage import UsageReader, read_usage
from app.providers.call import Call, Upstream
from app.providers.foreign import ForeignUpstream
from app.providers.transport import Transport
from app.rules.context import Facts
from app.rules.recorded import record, tell_headers

_log: Final = logging.getLogger(__name__)

CLIENT_LEFT_STATUS: Final = 499
"""As nginx logs it: the client closed the connection before its answer was whole."""

BODY_SECONDS: Final = 120.0
"""Time a client has for sending its body."""

UNREAD_SECONDS: Final = 5.0
"""Time a client has to stop sending the body of a request that was refused."""

_UNKNOWN: Final = Envelope("", False, (0, 0))
"""Of a body that is not read yet."""


class Pipeline:
    """Serves proxy requests. One per process; holds no state of a single request."""

    def __init__(
        self,
        source: SnapshotSource,
        sink: LogSink,
        transport: httpx.AsyncBaseTransport,
        settings: Settings,
        metrics: Metrics,
        clock: Clock | None = None,
        *,
        limits: RequestLimits | None = None,
        is_draining: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        :param limits: of the API keys; others than this process's own where several share them.
        :param is_draining: a stop was asked for: requests under way go on, new ones get 503.
        """
        self.source = source
        self.metrics = metrics
        self._is_draining = is_draining
        self._planner = Planner()
        self._max_body = settings.max_body_bytes
        self._max_in_flight = settings.max_concurrent_requests
        self._total_timeout = settings.total_timeout
        self._keeps_facts = settings.log_facts
        self._clock = clock or SystemClock()
        upstream: Upstream = transport if isinstance(transport, Transport) else ForeignUpstream(transport)
        self._attempts = Attempts(upstream, self._clock, self.observe, settings.max_answer_bytes)
        self._guards = Guards(self._clock)
        self._recorder = Recorder(sink, metrics)
        self._requests = UpstreamRequests()
        self._strategies = Strategies(self._clock.monotonic)
        self._limits = limits or RequestLimits()
        self._trusted = parse_networks(settings.trusted_proxies)
        self._keep = 0 if settings.log_payloads == "off" else settings.log_payload_max_bytes

    async def serve(self, endpoint: Endpoint, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server, whatever happens, and leave its record."""
        await self.handle(endpoint, AsgiClient(scope, receive, send))

    async def handle(self, endpoint: Endpoint, client: Client) -> None:
        """Answer one request, whatever happens, and leave its record."""
        clock = self._clock
        started = clock.monotonic()
        exchange = Exchange(request_id(), clock.time(), endpoint.protocol, client.method, client.path)
        guard = self._guards.open(self._total_timeout, started)
        story = _Story(self, endpoint, exchange, started, client, guard, Stored(self._keep))
        self.metrics.in_flight += 1
        ours: GatewayError | None = None
        theirs: BaseException | None = None
        try:
            try:
                await story.run()
            except Interrupted as interrupted:
                story.left(interrupted.cause)
            except asyncio.CancelledError as cancelled:
                cause = guard.take()
                if cause is not None:
                    story.left(cause)
                else:
                    theirs = cancelled
            except GatewayError as error:
                ours = error
            except Exception:
                _log.exception("request %s failed", exchange.request_id)
                ours = InternalError("An internal error. The gateway's log has more under this request id.")
            # nothing is awaited while an exception is handled: `app/compiled.py`
            if ours is not None:
                await story.refuse(ours)
            elif theirs is not None and await story.cut():
                theirs = None
        except BaseException as other:
            theirs = other
        self.metrics.in_flight -= 1
        if guard.end():
            await guard.swallow()
        exchange.total_time = clock.monotonic() - started
        exchange.response_body = without(b"".join(story.stored.pieces), story.credential)
        if story.facts is not None and self._keeps_facts:
            head = client.head
            if head.told is None:
                head.told = tell_headers(story.facts)
            exchange.facts = record(story.facts, head.told)
        if exchange.api_key_id is not None:
            self._recorder.finish(endpoint, exchange, story.body, story.reader, story.answer)
        else:
            self._recorder.refused(endpoint, exchange)
        if theirs is not None:
            try:
                raise theirs
            finally:
                theirs = None  # it holds this frame

    async def drain(self) -> None:
        """Wait until the tokens of all finished exchanges are counted and their records handed on."""
        await self._recorder.drain()

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt that failed, or began to answer."""
        self.metrics.attempted(attempt.provider, attempt.status, attempt.error)
        status = attempt.status or 0
        if attempt.error == Cause.CLIENT_LEFT:
            return
        if attempt.error is not None or status >= 500 or status == 429:
            self._strategies.observe(attempt.target_id, None)
        elif status < 400 and attempt.first_byte is not None:
            self._strategies.observe(attempt.target_id, attempt.first_byte - attempt.started)


class _Story:
    """One request on its way; its parts in the order in which they happen."""

    __slots__ = (
        "answer",
        "body",
        "client",
        "credential",
        "endpoint",
        "envelope",
        "exchange",
        "facts",
        "guard",
        "pipeline",
        "reader",
        "started",
        "stored",
        "unread",
    )

    def __init__(
        self,
        pipeline: Pipeline,
        endpoint: Endpoint,
        exchange: Exchange,
        started: float,
        client: Client,
        guard: Guard,
        stored: Stored,
    ) -> None:
        self.pipeline = pipeline
        self.endpoint = endpoint
        self.exchange = exchange
        self.started = started
        self.client = client
        self.guard = guard
        self.stored = stored
        self.unread: RequestBody | None = None
        """The request body, once reading it has begun."""
        self.body = b""
        self.envelope = _UNKNOWN
        """Of the body, once it is whole."""
        self.facts: Facts | None = None
        """Once rules are asked."""
        self.reader: UsageReader | None = None
        self.answer = b""
        """A plain answer without usage, whose tokens have to be counted."""
        self.credential: str | None = None
        """What the upstream that answers was sent, and may repeat."""

    async def run(self) -> None:
        pipeline, exchange, client = self.pipeline, self.exchange, self.client
        source, guard = pipeline.source, self.guard
        snapshot = source.current
        exchange.revision = snapshot.revision
        if client.method != "POST":
            raise MethodNotAllowed("POST")
        if pipeline._is_draining():
            raise Draining("The gateway is shutting down. Try again.", retry_after=1.0)
        if pipeline.metrics.in_flight > pipeline._max_in_flight:
            raise Overloaded("Too many requests in flight. Try again.", retry_after=1.0)
        headers, head = client.headers, client.head
        if not head.key:
            presented = read_headers(headers, pipeline._max_body)
            head.digest = digest(source, presented.key)
            head.key = presented.key
            head.passed = upstream_headers(headers, presented.key)
        key = authenticate(source, snapshot, head.digest, exchange.request_time)
        exchange.api_key_id, exchange.api_key_name = key.id, key.name
        address = exchange.client_ip = client_ip(client.address, headers, pipeline._trusted)
        exchange.request_headers = headers

        body = client.whole()
        if body is None:
            guard.arm(Cause.CLIENT_STALLED, BODY_SECONDS)
            self.unread = RequestBody(client, pipeline._max_body)
            body = await self.unread.read()
            guard.disarm()
        elif len(body) > pipeline._max_body:
            raise too_large(pipeline._max_body)
        self.body = body
        exchange.request_size = len(body)
        exchange.request_body = body[: pipeline._keep]
        guard.watch(client)

        envelope = self.envelope = peek(body)
        model = exchange.requested_model = envelope.model
        exchange.is_stream = envelope.stream
        admit(key, model, pipeline._limits, self.started)
        route = find_route(snapshot, model)
        endpoint = self.endpoint
        facts = self.facts = Facts(
            body,
            headers,
            endpoint.name,
            model,
            envelope.stream,
            key,
            address,
            exchange.request_time,
            envelope.members,
        )
        if route.rules.needs_tokens:
            facts.input_tokens, _ = await count_request(endpoint.name, body, model)
        chosen = pipeline._planner.plan(route, facts, endpoint.protocol)
        exchange.trace = chosen.trace
        if not chosen.candidates:
            raise refusal(route, chosen, endpoint.protocol)

        order = pipeline._strategies.order(route.model, chosen.candidates)
        await self.pass_on(await pipeline._attempts.run(self, route.model, order))

    def build(self, target: Target) -> Call:
        """The upstream request for a target."""
        client, envelope = self.client, self.envelope
        return self.pipeline._requests.build(
            target, self.endpoint, client.query, client.head, self.body, envelope
        )

    async def pass_on(self, answer: Answer) -> None:
        """Send the upstream's answer to the client."""
        exchange, target = self.exchange, answer.target
        exchange.status = answer.status
        exchange.target_id, exchange.target_model = target.id, target.target_model
        exchange.provider_id, exchange.provider = target.provider.id, target.provider.name
        exchange.first_byte_delay = answer.attempt.first_byte
        credential = self.credential = target.provider.credential
        headers = headers_without(client_headers(answer.headers, answer.shape), credential)
        headers += added_headers(exchange)
        exchange.response_headers = headers
        coding = content_coding(answer.headers, answer.shape)
        unpacker = Unpacker(coding) if coding else None
        if not isinstance(answer, Begun):
            if answer.status >= 400:  # some say which key they refuse, and it is not the client's
                answer.body = without(answer.body, credential)
            exchange.response_size = len(answer.body)
            left = self.client.left
            if not left:
                await self.client.answer(answer.status, headers, answer.body)
            plain = answer.body if unpacker is None else unpacker.feed(answer.body)  # nobody waits for this
            self.stored.add(plain)
            if answer.status < 400:
                exchange.usage = read_usage(self.endpoint.name, plain)
                self.answer = plain if exchange.usage is None else b""
            if left:
                raise Interrupted(Cause.CLIENT_LEFT)
            return
        if answer.is_stream:
            self.reader = UsageReader(self.endpoint.name)
        await relay_stream(
            self.client,
            self.guard,
            self.pipeline._clock,
            self.endpoint,
            exchange,
            answer,
            headers,
            self.reader,
            unpacker,
            self.stored,
            self.started,
        )

    async def refuse(self, error: GatewayError) -> None:
        """Answer with an error of our own, in the dialect of the route."""
        exchange = self.exchange
        exchange.status, exchange.error_code, exchange.end_reason = error.status, error.code, EndReason.ERROR
        unread = self.unread
        if unread is None and self.client.whole() is None:
            unread = RequestBody(self.client, self.pipeline._max_body)
        if unread is not None and not unread.is_left(self.client.headers):
            unread = None
        if unread is not None:
            self.guard.arm(Cause.CLIENT_STALLED, UNREAD_SECONDS)
        try:
            await send_error(self.client, self.endpoint, exchange, error, self.stored, unread)
        except asyncio.CancelledError:
            if self.guard.take() is None:
                raise
        except Interrupted:
            return  # the client has our answer, or does not want it

    async def cut(self) -> bool:
        """Somebody else ended the request. At shutdown the client is told, unless its answer has begun: then the
        server drops the connection.

        :returns: whether it was the shutdown.
        """
        exchange, is_draining = self.exchange, self.pipeline._is_draining()
        exchange.end_reason, exchange.error_code = EndReason.ERROR, "cancelled"
        if is_draining and not exchange.status:
            await self.refuse(Draining("The gateway is shutting down. Try again.", retry_after=1.0))
        return is_draining

    def left(self, cause: Cause) -> None:
        """The client has gone: nothing is sent, what was counted is kept."""
        self.exchange.status = CLIENT_LEFT_STATUS
        self.exchange.end_reason, self.exchange.error_code = EndReason.CLIENT_LEFT, str(cause)
