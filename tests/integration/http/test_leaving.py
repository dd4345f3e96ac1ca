"""The client leaves at any moment, or does not read: the upstream is let go of, and nothing of the request stays."""

import asyncio
import contextlib
import gc
import itertools
import random
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from app.api.proxy.http import HttpProtocol
from app.api.proxy.turn import Turn
from app.common.driver import Driver
from app.domain.exchange import EndReason
from app.domain.provider import Timeouts
from app.gateway.pipeline import CLIENT_LEFT_STATUS
from app.providers.transport import Transport
from tests.support.caller import Caller, post
from tests.support.hotpath import HotPath, hot_path, provider, route, target, until
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head

EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
BODIES = {
    size: b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % (b"h" * size)
    for size in (10, 100_000, 300_000)
}
"""A short one, one that comes at once, one that comes in pieces."""


def scripted(usual: int, script: Sequence[Step], number: int) -> Sequence[Step]:
    """What an upstream does that answers so many requests as usual."""
    return [answer(b"{}")] if number < usual else script


def alive() -> dict[str, int]:
    """What is left of requests and their connections."""
    gc.collect()
    kinds = (Driver, Turn, HttpProtocol)
    found = [type(thing) for thing in gc.get_objects() if isinstance(thing, kinds)]
    return {kind.__name__: found.count(kind) for kind in kinds}


async def left_nothing(path: HotPath, records: int) -> None:
    """Every request has its record, and nothing else remains of it."""
    await until(lambda: path.pipeline.metrics.in_flight == 0)
    await path.pipeline.drain()
    await path.records.wait(records)
    assert len(path.records.all) == records
    await until(lambda: not any(alive().values()))


@pytest.mark.parametrize(
    "script",
    [[WAIT], [head(), WAIT], [head(), chunk(EVENT), WAIT]],
    ids=["before the answer", "before the first byte", "in the stream"],
)
async def test_the_upstream_is_let_go_of(script: Sequence[Step]) -> None:
    """With bodies of all sizes, over a connection that is new or has served a request before."""
    async with ScriptedUpstream() as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        for size, again in itertools.product(BODIES, (False, True)):
            path.records.all.clear()
            first = len(upstream.requests) + again
            upstream.script = partial(scripted, first, script)
            caller = await Caller.dial(path.url)
            if again:
                caller.send(post(path.key, BODIES[size]))
                await caller.reply()
            upstream.arrived.clear()
            caller.send(post(path.key, BODIES[size]))
            await upstream.arrived.wait()
            if script[1:2] == [chunk(EVENT)]:
                await caller.reader.readuntil(EVENT)
            waiting = [link for link in upstream.connections if link.left_at is None]
            caller.leave()
            await asyncio.wait_for(waiting[-1].peer_left.wait(), 2.0)
            await left_nothing(path, 1 + again)
            record = max(path.records.all, key=lambda record: record.request_time)
            assert (record.status, record.end_reason) == (CLIENT_LEFT_STATUS, EndReason.CLIENT_LEFT)


@pytest.mark.parametrize(
    "sent",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[: whole.index(b"\r\n\r\n") + 4],
        lambda whole: whole.replace(b"content-length: ", b"expect: 100-continue\r\ncontent-length: 9"),
    ],
    ids=["in the body", "before the body", "asked for the body"],
)
async def test_leaving_before_the_body_has_come(sent: Callable[[bytes], bytes]) -> None:
    async with ScriptedUpstream() as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        caller.send(sent(post(path.key)))
        await until(lambda: path.pipeline.metrics.in_flight == 1)
        caller.leave()
        await left_nothing(path, 1)
        (record,) = path.records.all
        assert (record.status, record.error_code) == (CLIENT_LEFT_STATUS, "client_left")
        assert not upstream.requests


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_nobody_waited_for_is_recorded_so(stream: bool) -> None:
    """The guard looks a few times a second; the upstream may be done before."""
    go_on = asyncio.Event()
    rest: list[Step] = [chunk(EVENT + b"data: [DONE]\n\n"), chunk(b"")] if stream else [answer(b"{}")]
    begin: list[Step] = [head(), chunk(EVENT)] if stream else []
    async with (
        ScriptedUpstream([*begin, go_on, *rest]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        caller = await Caller.dial(path.url)
        caller.send(post(path.key, stream=stream))
        await upstream.arrived.wait()
        if stream:
            await caller.reader.readuntil(EVENT)
        protocols = [thing for thing in gc.get_objects() if isinstance(thing, HttpProtocol)]
        caller.leave()
        await until(lambda: all(protocol.parser is None for protocol in protocols))
        protocols.clear()
        go_on.set()
        await left_nothing(path, 1)
        (record,) = path.records.all
        assert (record.status, record.end_reason) == (CLIENT_LEFT_STATUS, EndReason.CLIENT_LEFT)


async def test_at_any_moment() -> None:
    """Hundreds of callers that leave after some bytes sent, some bytes read, some turns of the event loop."""
    rng = random.Random(5)
    transport = Transport(max_connections_per_origin=50)

    def script(number: int) -> Sequence[Step]:
        kind = number % 5
        if kind == 0:
            return [answer(b'{"ok":true}')]
        if kind == 1:
            return [WAIT]
        return [head(), *[chunk(EVENT)] * kind, *([WAIT] if kind == 2 else [chunk(b"")])]

    async def call(path: HotPath) -> None:
        caller = await Caller.dial(path.url)
        sent = post(path.key, BODIES[rng.choice([10, 10, 10, 100_000, 300_000])])
        if rng.random() < 0.3:
            sent += sent
        if rng.random() < 0.4:
            sent = sent[: rng.randrange(len(sent))]
        cut = rng.randrange(len(sent) + 1)
        caller.send(sent[:cut], sent[cut:])
        for _ in range(rng.randrange(8)):
            await asyncio.sleep(0)
        if rng.random() < 0.5:
            with contextlib.suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(caller.reader.read(rng.randrange(1, 300)), 0.05)
        caller.leave(how=rng.choice(["abort", "reset", "close"]))

    async with (
        ScriptedUpstream() as upstream,
        hot_path(route([target(provider(upstream.url))]), transport=transport) as path,
    ):
        upstream.script = script
        for _ in range(20):
            await asyncio.gather(*(call(path) for _ in range(25)))
        await until(lambda: path.pipeline.metrics.in_flight == 0)
        await path.pipeline.drain()
        await until(lambda: not any(alive().values()))
        await until(lambda: all(stats.open == stats.idle for stats in transport.stats()))
        assert all(stats.waiting == 0 for stats in transport.stats())
        upstream.script = lambda number: [answer(b"{}")]
        assert (await path.chat()).status_code == 200


def memory_of(path: HotPath) -> int:
    """Bytes that wait for callers in the process, of all connections."""
    return sum(
        thing.transport.get_write_buffer_size()
        for thing in gc.get_objects()
        if isinstance(thing, HttpProtocol)
    )


async def test_a_caller_that_does_not_read_holds_the_upstream_back_and_is_cut() -> None:
    piece = b"data: " + b"x" * 60_000 + b"\n\n"
    endless: list[Step] = [head(), *[chunk(piece)] * 1000]
    slow = Timeouts(connect=2.0, first_byte=30.0, idle=1.0, total=60.0)
    async with (
        ScriptedUpstream(endless) as upstream,
        hot_path(route([target(provider(upstream.url, timeouts=slow))])) as path,
    ):
        caller = await Caller.dial(path.url, buffer=4096)
        caller.send(post(path.key, stream=True))
        await upstream.arrived.wait()
        sender = upstream.connections[0].transport
        await until(lambda: sender.get_write_buffer_size() > 0)
        assert memory_of(path) < 2_000_000
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 5.0)
        (record,) = await path.records.wait(1)
        assert record.error_code == "client_stalled"
        assert record.response_size < 20_000_000
        caller.leave()
        await left_nothing(path, 1)


async def test_a_caller_that_reads_slowly_gets_everything() -> None:
    piece = b"data: " + b"x" * 60_000 + b"\n\n"
    script: list[Step] = [head(), *[chunk(piece)] * 40, chunk(b"data: [DONE]\n\n"), chunk(b"")]
    async with (
        ScriptedUpstream(script) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        caller = await Caller.dial(path.url, buffer=4096)
        for _ in range(2):
            caller.send(post(path.key, stream=True))
            reply = await caller.reply()
            assert reply.body == piece * 40 + b"data: [DONE]\n\n"
        caller.leave()
        await left_nothing(path, 2)
