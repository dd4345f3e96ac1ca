"""Record: what becomes of an exchange once its answer is out: usage, metrics, log. No request waits for any of it."""

import asyncio
import logging
from typing import Final

from app.domain.exchange import EndReason, Exchange
from app.domain.usage import Usage, UsageSource
from app.gateway.metrics import OTHER, Metrics
from app.gateway.ports import LogSink
from app.gateway.tokens import count_request, count_text
from app.protocols.endpoints import Endpoint
from app.protocols.usage import UsageReader, output_text

_log: Final = logging.getLogger(__name__)

COUNT_BACKLOG: Final = 256
"""Exchanges whose tokens wait to be counted; further ones are logged without a count."""


class Recorder:
    """Finishes exchanges."""

    def __init__(self, sink: LogSink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics
        self._counting: set[asyncio.Task[None]] = set()

    def finish(
        self, endpoint: Endpoint, exchange: Exchange, body: bytes, reader: UsageReader | None, answer: bytes
    ) -> None:
        """Read the usage, or have it counted in the background, then count and log the exchange.

        :param body: the whole request body.
        :param reader: the stream's side decoder; None for a plain answer.
        :param answer: a plain answer that reported no usage.
        """
        if exchange.usage is None and reader is not None:
            exchange.usage = reader.usage
        if exchange.usage is not None:
            exchange.usage_source = (
                UsageSource.UPSTREAM if exchange.end_reason is EndReason.COMPLETE else UsageSource.PARTIAL
            )
            if exchange.usage.output is not None:
                self._put(endpoint, exchange)
                return
        worth_counting = exchange.status < 400 or (exchange.status == 499 and exchange.response_size > 0)
        if worth_counting and len(self._counting) < COUNT_BACKLOG:
            task = asyncio.create_task(self._count(endpoint, exchange, body, reader, answer))
            self._counting.add(task)
            task.add_done_callback(self._counting.discard)
        else:
            self._put(endpoint, exchange)

    def refused(self, endpoint: Endpoint, exchange: Exchange) -> None:
        """Count a request turned away before its key was known; anybody can make such requests, so no row is kept."""
        self._metrics.finished(endpoint.name, OTHER, exchange.status, None, exchange.total_time)

    async def drain(self) -> None:
        """Wait for the counts under way."""
        while self._counting:
            await asyncio.gather(*self._counting, return_exceptions=True)

    async def _count(
        self, endpoint: Endpoint, exchange: Exchange, body: bytes, reader: UsageReader | None, answer: bytes
    ) -> None:
        try:
            model = exchange.target_model or ""
            tokens, _estimated = await count_request(endpoint.name, body, model)
            text = output_text(endpoint.name, answer) if reader is None else reader.output_text()
            output = await count_text(text, model) if text else 0
            known = exchange.usage or Usage()
            exchange.usage = Usage(
                input=tokens if known.input is None else known.input,
                output=output,
                cached=known.cached,
                reasoning=known.reasoning,
            )
            whole = exchange.end_reason is EndReason.COMPLETE
            exchange.usage_source = UsageSource.COUNTED if whole else UsageSource.PARTIAL
        except Exception:
            _log.exception("tokens of request %s could not be counted", exchange.request_id)
        finally:
            self._put(endpoint, exchange)

    def _put(self, endpoint: Endpoint, exchange: Exchange) -> None:
        model = exchange.requested_model if exchange.target_id is not None or exchange.trace else None
        self._metrics.finished(
            endpoint.name,
            model or OTHER,
            exchange.status,
            exchange.first_byte_delay,
            exchange.total_time,
            exchange.usage,
        )
        self._sink.put(exchange)
