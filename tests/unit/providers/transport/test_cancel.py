"""Cancelled anywhere: the slot is free, the connection closed, nothing left. A gateway's callers leave all day."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import httpx
import pytest

from app.common.clock import SystemClock
from app.providers.transport import Resolver, Transport
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.unit.providers.transport.support import (
    descriptors,
    fetch,
    get,
    pieces,
    post,
    raw_server,
    slots,
    until,
)


async def _cancelled(
    work: Coroutine[Any, Any, object], reached: Callable[[], bool], transport: Transport
) -> None:
    task = asyncio.ensure_future(work)
    await until(lambda: reached() or task.done())
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slots(transport) == (0, 0, 0)


async def test_while_the_name_is_looked_up() -> None:
    asked = asyncio.Event()

    async def never(host: str) -> Sequence[str]:
        asked.set()
        await asyncio.Event().wait()
        return []

    async with Transport(resolver=Resolver(SystemClock(), never)) as transport:
        await _cancelled(fetch(transport, get("http://name.test/")), asked.is_set, transport)


async def test_while_tcp_connects() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):  # fill the queue of connections nobody accepts; further ones hang
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(full.getsockname())
        before = descriptors()
        async with Transport() as transport:
            url = f"http://127.0.0.1:{full.getsockname()[1]}/"
            await _cancelled(fetch(transport, get(url)), lambda: descriptors() > before, transport)
            with pytest.raises(httpx.ConnectTimeout):
                await fetch(transport, get(url, timeout={"connect": 0.05}))
            await until(lambda: descriptors() <= before + 4)  # the event loop's own


async def test_while_tls_shakes_hands(transport: Transport) -> None:
    async with ScriptedUpstream() as upstream:
        url = upstream.url.replace("http", "https")
        await _cancelled(fetch(transport, get(url)), lambda: len(upstream.connections) == 1, transport)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


@pytest.mark.parametrize(
    "script", [[WAIT], [b"HTTP/1.1 200 OK\r\nX-Half", WAIT], [head(), WAIT], [head(), chunk(b"a"), WAIT]]
)
async def test_while_the_answer_comes(transport: Transport, script: list[Step]) -> None:
    async with ScriptedUpstream(script) as upstream:
        await _cancelled(fetch(transport, post(upstream.url)), lambda: len(upstream.requests) == 1, transport)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


async def test_while_a_reader_waits_in_the_body(transport: Transport) -> None:
    async with ScriptedUpstream([head(), chunk(b"a"), WAIT]) as upstream:
        stream = pieces(await transport.handle_async_request(get(upstream.url)))
        assert await anext(stream) == b"a"

        async def more() -> bytes:
            return await anext(stream)

        await _cancelled(more(), lambda: True, transport)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


@pytest.mark.parametrize("streamed", [True, False])
async def test_while_the_request_is_sent(transport: Transport, streamed: bool) -> None:
    started = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        while True:
            started.set()
            yield b"x" * 1_000_000

    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        await asyncio.Event().wait()

    async with raw_server(never_read) as url:
        content = body() if streamed else b"x" * 50_000_000
        request = httpx.Request("POST", url, content=content)
        await _cancelled(fetch(transport, request), started.is_set, transport)


async def test_while_the_source_of_the_body_pauses(transport: Transport) -> None:
    paused, closed = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            paused.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with ScriptedUpstream() as upstream:
        request = httpx.Request("POST", upstream.url, content=body())
        await _cancelled(fetch(transport, request), paused.is_set, transport)
        await asyncio.wait_for(closed.wait(), 1)


async def test_error_of_the_source_of_the_body(transport: Transport) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError("broken source")

    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        with pytest.raises(ValueError, match="broken source"):
            await fetch(transport, httpx.Request("POST", upstream.url, content=body()))
        assert slots(transport) == (0, 0, 0)


async def test_while_waiting_for_a_connection() -> None:
    async with ScriptedUpstream([WAIT]) as upstream, Transport(max_connections_per_origin=1) as transport:
        first = asyncio.create_task(fetch(transport, get(upstream.url)))
        others = [asyncio.create_task(fetch(transport, get(upstream.url))) for _ in range(3)]
        await until(lambda: slots(transport) == (1, 0, 3))
        for left, task in enumerate(others):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert slots(transport) == (1, 0, 2 - left)
        await _cancelled(asyncio.wait_for(first, 5), lambda: True, transport)
        assert len(upstream.requests) == 1


async def test_in_the_moment_the_turn_comes() -> None:
    """Whoever is cancelled with a slot or a connection already in hand passes it on."""
    gate = asyncio.Event()
    async with (
        ScriptedUpstream([gate, answer(b"ok")], [answer(b"ok")]) as upstream,
        Transport(max_connections_per_origin=1) as transport,
    ):
        first = asyncio.create_task(fetch(transport, get(upstream.url)))
        await until(lambda: len(upstream.requests) == 1)
        second, third = (asyncio.create_task(fetch(transport, get(upstream.url))) for _ in range(2))
        await until(lambda: slots(transport) == (1, 0, 2))
        gate.set()
        # the connection is handed over when the answer is whole, before `second` gets to run
        await until(lambda: slots(transport)[2] == 1)
        second.cancel()
        assert await asyncio.wait_for(third, 5) == (200, b"ok")
        assert await first == (200, b"ok")
        with contextlib.suppress(asyncio.CancelledError):
            await second
        assert slots(transport) == (1, 1, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_thousands_under_contention(seed: int) -> None:
    """The reproducer of httpcore#1093: there, every slot is lost after some hundred cancellations."""
    choice = random.Random(seed)
    body = chunk(b"x" * 100)
    scripts: list[list[bytes | float]] = [
        [answer(b"ok")],
        [0.001, answer(b"ok")],
        [head() + body, 0.0, body + chunk(b"")],
        [head() + body, 0.002, chunk(b"")],
        [answer(b"ok", 200, ("connection", "close"))],
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for step in choice.choice(scripts):
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif not writer.is_closing():
                    writer.write(step)

    async with raw_server(serve) as url, Transport(max_connections_per_origin=10) as transport:
        await fetch(transport, get(url))
        before = descriptors()
        for _ in range(40):
            tasks = [asyncio.create_task(fetch(transport, get(url))) for _ in range(50)]
            for task in choice.sample(tasks, len(tasks)):
                if choice.random() < 0.5:
                    await asyncio.sleep(0)
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            statuses = {r if isinstance(r, BaseException) else r[0] for r in results}
            assert all(s == 200 or isinstance(s, asyncio.CancelledError) for s in statuses)
        opened, idle, waiting = slots(transport)
        assert opened == idle
        assert waiting == 0
        for _ in range(20):
            assert (await asyncio.wait_for(fetch(transport, get(url)), 5))[0] == 200
        await until(lambda: descriptors() <= before + 2 * slots(transport)[0])
    await until(lambda: descriptors() < before)
