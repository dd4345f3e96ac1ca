"""The client leaves: the upstream is closed within a second, no new attempt starts, and one record says 499."""

import asyncio
import os
import random
from collections.abc import Sequence

import msgspec
import pytest

from app.domain.exchange import EndReason
from app.domain.model import Retry
from app.domain.usage import UsageSource
from app.providers.transport import Transport
from tests.support.hotpath import HotPath, chat_body, hot_path, provider, route, target, until
from tests.support.sockets import WAIT, ScriptedUpstream, Step
from tests.support.sse import openai_stream

SLOW_RETRY = Retry(max_attempts=3, delay=60.0, max_delay=60.0, max_attempts_total=8)


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def stream_head() -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Caller:
    """A client on a bare socket, which can leave at any moment."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def call(cls, path: HotPath, stream: bool = False) -> "Caller":
        host, port = path.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = msgspec.json.encode(chat_body(stream=stream))
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer "
            + path.key.encode()
            + b"\r\ncontent-length: %d\r\n\r\n" % len(body)
            + body
        )
        return cls(reader, writer)

    def leave(self) -> None:
        self.writer.transport.abort()


EVENTS = openai_stream("Hello", " there").split(b"\n\n")

PLACES: list[tuple[str, Sequence[Step], bool, list[str | None]]] = [
    ("plain", [WAIT], False, ["client_left"]),
    ("stream", [stream_head(), chunk(EVENTS[0] + b"\n\n"), WAIT], True, ["client_left"]),
    ("stream_before_first_byte", [stream_head(), WAIT], True, ["client_left"]),
]


@pytest.mark.parametrize(("place", "script", "stream", "errors"), PLACES, ids=[p[0] for p in PLACES])
async def test_the_upstream_is_closed(
    place: str, script: Sequence[Step], stream: bool, errors: list[str | None]
) -> None:
    async with (
        ScriptedUpstream(script) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        caller = await Caller.call(path, stream)
        await upstream.arrived.wait()
        if place == "stream":
            await caller.reader.readuntil(b"\n\n\r\n")
        caller.leave()
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1.0)
        (record,) = await path.records.wait(1, 1.0)
        assert (record.status, record.end_reason) == (499, EndReason.CLIENT_LEFT)
        assert [a.error for a in record.attempts] == errors
        assert record.attempts[0].ended is not None
        assert len(upstream.requests) == 1
        assert path.pipeline.metrics.in_flight == 0
        if place == "stream":
            assert record.response_size > 0
            assert record.usage_source is UsageSource.PARTIAL
            assert record.usage is not None
            assert record.usage.output


async def test_no_attempt_follows_when_the_client_leaves_during_the_retry_wait() -> None:
    failing = [answer(b"{}", "500 Internal Server Error")]
    async with (
        ScriptedUpstream(failing) as upstream,
        hot_path(route([target(provider(upstream.url))], retry=SLOW_RETRY)) as path,
    ):
        caller = await Caller.call(path)
        await upstream.arrived.wait()
        await until(lambda: bool(path.pipeline.metrics.attempts))
        caller.leave()
        (record,) = await path.records.wait(1, 1.0)
        assert (record.status, record.end_reason) == (499, EndReason.CLIENT_LEFT)
        assert [(a.status, a.next) for a in record.attempts] == [(500, "retry after status 500")]
        assert len(upstream.requests) == 1


async def test_thousands_may_leave_at_any_moment() -> None:
    """5,000 clients leave, in every place; the pool works on and no descriptor is left behind."""
    rounds, at_once = 100, 50
    chooser = random.Random(5)
    whole = [answer(b'{"usage":{"prompt_tokens":1,"completion_tokens":1}}')]
    begun = [stream_head(), chunk(EVENTS[0] + b"\n\n"), WAIT]
    mixed = (whole, [WAIT], begun)
    transport = Transport()
    async with (
        ScriptedUpstream(whole) as upstream,
        hot_path(route([target(provider(upstream.url))]), transport=transport) as path,
    ):
        assert (await path.chat()).status_code == 200
        upstream.script = lambda number: mixed[number % 3]
        before = len(os.listdir("/proc/self/fd"))

        async def come_and_leave(after: float) -> None:
            caller = await Caller.call(path, stream=after > 0.004)
            await asyncio.sleep(after)
            caller.leave()

        for _ in range(rounds):
            await asyncio.gather(*(come_and_leave(chooser.random() * 0.008) for _ in range(at_once)))
        await until(lambda: not path.pipeline.metrics.in_flight, 10.0)
        upstream.script = lambda _: whole
        assert [r.status_code for r in await asyncio.gather(*(path.chat() for _ in range(20)))] == [200] * 20
        await path.client.aclose()
        figures = transport.stats()[0]
        assert (figures.open, figures.waiting) == (figures.idle, 0)
        assert figures.open <= at_once
        # those stay open, both their ends are ours; one was there before
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before + 2 * (figures.open - 1), 10.0)
        reached = [r for r in path.records.all if r.attempts]
        assert len({r.request_id for r in path.records.all}) == len(path.records.all)
        assert {r.status for r in reached} <= {200, 499}
        assert sum(r.status == 499 for r in reached) > 1000
