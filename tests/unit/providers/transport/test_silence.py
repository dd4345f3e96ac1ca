"""Timeouts of an exchange and backpressure: how long we wait for an upstream, and how we make it wait for us."""

import asyncio

import httpx
import pytest

from app.providers.transport import Transport
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.unit.providers.transport.support import (
    ManualClock,
    close,
    fetch,
    get,
    pieces,
    post,
    raw_server,
    slots,
    until,
)


async def test_silence_before_the_answer() -> None:
    clock = ManualClock()
    async with ScriptedUpstream([WAIT]) as upstream, Transport(clock=clock) as transport:
        task = asyncio.create_task(fetch(transport, post(upstream.url, timeout={"read": 10})))
        await until(lambda: len(upstream.requests) == 1)
        clock.advance(9.9)
        assert slots(transport) == (1, 0, 0)
        clock.advance(0.2)
        with pytest.raises(httpx.ReadTimeout):
            await task
        assert slots(transport) == (0, 0, 0)


async def test_any_byte_ends_silence() -> None:
    clock = ManualClock()
    gates = [asyncio.Event() for _ in range(4)]
    parts = (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-",
        b"Encoding: chunked\r\n\r\n",
        b"1\r\n",
    )
    script: list[Step] = [step for pair in zip(gates, parts, strict=True) for step in pair]
    async with ScriptedUpstream([*script, WAIT]) as upstream, Transport(clock=clock) as transport:
        task = asyncio.create_task(fetch(transport, post(upstream.url, timeout={"read": 10})))
        await until(lambda: len(upstream.requests) == 1)
        for gate in gates:
            clock.advance(9)
            looks = clock.looks
            gate.set()
            await until(lambda: clock.looks > looks)  # noqa: B023  # it is awaited inside of the loop
            assert not task.done()
        clock.advance(9)
        assert slots(transport) == (1, 0, 0)
        clock.advance(2)
        with pytest.raises(httpx.ReadTimeout):
            await task


async def test_absence_of_the_reader_is_not_silence() -> None:
    clock = ManualClock()
    go_on = asyncio.Event()
    async with (
        ScriptedUpstream([head(), chunk(b"a"), go_on, chunk(b"b"), WAIT]) as upstream,
        Transport(clock=clock) as transport,
    ):
        response = await transport.handle_async_request(post(upstream.url, timeout={"read": 10}))
        stream = pieces(response)
        assert await anext(stream) == b"a"
        clock.advance(1000)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        clock.advance(9)
        go_on.set()
        assert await task == b"b"
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        clock.advance(10)
        with pytest.raises(httpx.ReadTimeout):
            await task
        assert slots(transport) == (0, 0, 0)


async def test_one_timer_serves_many_requests() -> None:
    clock = ManualClock()
    async with (
        ScriptedUpstream([answer(b"ok")]) as upstream,
        Transport(clock=clock, keepalive_idle=10_000) as transport,
    ):
        for _ in range(20):
            await fetch(transport, get(upstream.url, timeout={"read": 300}))
        assert len(clock.timers) == 2  # silence, and the sweep of idle connections
        await fetch(
            transport, get(upstream.url, timeout={"read": 1})
        )  # shorter than what the timer is set to
        assert clock.pending == 2
        clock.advance(400)
        assert slots(transport) == (1, 1, 0)  # an idle connection may be silent
        await fetch(transport, get(upstream.url, timeout={"read": 300}))
        assert clock.pending == 2
    assert clock.pending == 0


async def test_a_shorter_limit_on_a_reused_connection() -> None:
    clock = ManualClock()
    async with ScriptedUpstream([answer(b"ok")], [WAIT]) as upstream, Transport(clock=clock) as transport:
        await fetch(transport, get(upstream.url, timeout={"read": 300}))
        task = asyncio.create_task(fetch(transport, get(upstream.url, timeout={"read": 5})))
        await until(lambda: len(upstream.requests) == 2)
        clock.advance(5)
        with pytest.raises(httpx.ReadTimeout):
            await task


async def test_upstream_that_stops_reading() -> None:
    clock = ManualClock()
    wanted, done = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def read_when_told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await wanted.acquire()
            await reader.readexactly(16_000_000)  # more than the kernel's buffers hold
            done.release()

    async with raw_server(read_when_told) as url, Transport(clock=clock) as transport:
        body = b"x" * 80_000_000
        task = asyncio.create_task(fetch(transport, post(url, body, timeout={"read": 5, "write": 10})))
        for _ in range(3):
            wanted.release()
            await done.acquire()
            clock.advance(9)
            assert not task.done()
        await until(lambda: clock.advance(9) or task.done())
        with pytest.raises(httpx.WriteTimeout):
            await task
        assert slots(transport) == (0, 0, 0)


async def test_fast_upstream_waits_for_a_slow_reader() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head())
        while True:
            writer.write(chunk(b"x" * 65_536))
            await writer.drain()
            sent += 65_536

    async with raw_server(flood) as url, Transport(high_water=128 * 1024) as transport:
        response = await transport.handle_async_request(get(url))
        stream = pieces(response)
        stalled_at = -1
        while stalled_at != sent:
            stalled_at = sent
            await asyncio.sleep(0.05)
        assert sent < 20_000_000  # what the kernel's buffers of two sockets may hold
        read = 0
        while read < 100_000_000:
            piece = await anext(stream)
            read += len(piece)
            assert len(piece) <= 128 * 1024 + 256 * 1024  # the limit, and what one read may bring beyond it
        await close(response)
        assert slots(transport) == (0, 0, 0)


async def test_pieces_of_one_read_are_joined(transport: Transport) -> None:
    script = [head() + b"".join(chunk(b"data: %d\n\n" % number) for number in range(50)) + chunk(b"")]
    async with ScriptedUpstream(script) as upstream:
        stream = pieces(await transport.handle_async_request(get(upstream.url)))
        assert [piece async for piece in stream] == [
            b"".join(b"data: %d\n\n" % number for number in range(50))
        ]


async def test_pieces_are_not_held_back(transport: Transport) -> None:
    gate = asyncio.Event()
    async with ScriptedUpstream([head(), chunk(b"first"), gate, chunk(b"last"), chunk(b"")]) as upstream:
        stream = pieces(await transport.handle_async_request(get(upstream.url)))
        assert await anext(stream) == b"first"
        gate.set()
        assert await anext(stream) == b"last"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_the_first_byte_has_a_limit_of_its_own() -> None:
    clock = ManualClock()
    waits = {"first_byte": 5, "read": 50}
    async with ScriptedUpstream([WAIT]) as upstream, Transport(clock=clock) as transport:
        task = asyncio.create_task(fetch(transport, post(upstream.url, timeout=waits)))
        await until(lambda: len(upstream.requests) == 1)
        clock.advance(6)
        with pytest.raises(httpx.ReadTimeout):
            await task


async def test_a_head_that_drips_does_not_extend_the_first_byte_limit() -> None:
    clock = ManualClock()
    drip = asyncio.Event()
    script: list[Step] = [drip, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", WAIT]
    async with ScriptedUpstream(script) as upstream, Transport(clock=clock) as transport:
        waits = {"first_byte": 5, "read": 50}
        task = asyncio.create_task(fetch(transport, post(upstream.url, timeout=waits)))
        await until(lambda: len(upstream.requests) == 1)
        clock.advance(4)
        drip.set()
        for _ in range(20):  # turns of the event loop in which it arrives
            await asyncio.sleep(0)
        assert not task.done()
        clock.advance(1)
        with pytest.raises(httpx.ReadTimeout):
            await task


async def test_the_first_byte_limit_is_over_with_the_head() -> None:
    clock = ManualClock()
    waits = {"first_byte": 5, "read": 50}
    async with ScriptedUpstream([head(), WAIT]) as upstream, Transport(clock=clock) as transport:
        response = await transport.handle_async_request(post(upstream.url, timeout=waits))
        piece = asyncio.ensure_future(anext(pieces(response)))
        await asyncio.sleep(0)
        clock.advance(40)
        await asyncio.sleep(0)
        assert not piece.done()
        clock.advance(11)
        with pytest.raises(httpx.ReadTimeout):
            await piece
        await close(response)
