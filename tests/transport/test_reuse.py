"""Connections: kept, found dead, limited, waited for in turn, and timeouts at each step."""

import asyncio
import contextlib
import socket

import httpx
import pytest

from tests.support.sockets import CLOSE, RESET, WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.transport.kinds import Make, differs
from tests.unit.providers.transport.support import close, fetch, get, post, raw_server, read, until


async def test_many_at_once_keep_many(seam: httpx.AsyncBaseTransport) -> None:
    gate = asyncio.Event()
    async with ScriptedUpstream([gate, answer(b"ok")]) as upstream:
        for _ in range(3):
            gate.clear()
            tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(10)]
            await until(lambda: upstream.requests[-10:] != [] and len(upstream.requests) % 10 == 0)
            gate.set()
            assert await asyncio.gather(*tasks) == [(200, b"ok")] * 10
        assert len(upstream.connections) == 10


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_connection_that_died_while_idle_is_not_used(seam: httpx.AsyncBaseTransport, end: Step) -> None:
    async with ScriptedUpstream([answer(b"1"), end], [answer(b"2")]) as upstream:
        assert await fetch(seam, post(upstream.url)) == (200, b"1")
        await until(lambda: not upstream.tasks)
        await asyncio.sleep(0.01)  # the kernel's moment to tell the client
        assert await fetch(seam, post(upstream.url)) == (200, b"2")
        assert [request.connection for request in upstream.requests] == [0, 1]


_RESEND = "resends idempotent requests only; the caller of a POST gets an error"


@differs(httpx="never sends again; the caller gets an error", aiohttp=_RESEND)
@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_connection_that_dies_when_it_is_used_again(seam: httpx.AsyncBaseTransport, end: Step) -> None:
    """The upstream closes for idleness while the request is on its way."""
    async with ScriptedUpstream([answer(b"1")], [end], [answer(b"2")]) as upstream:
        assert await fetch(seam, post(upstream.url)) == (200, b"1")
        assert await fetch(seam, post(upstream.url)) == (200, b"2")
        assert [request.connection for request in upstream.requests] == [0, 0, 1]


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_request_on_a_fresh_connection_is_sent_once(seam: httpx.AsyncBaseTransport, end: Step) -> None:
    async with ScriptedUpstream([end]) as upstream:
        with pytest.raises(httpx.TransportError):
            await fetch(seam, post(upstream.url))
        assert len(upstream.requests) == 1


async def test_request_is_sent_twice_at_most(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([answer(b"1")], [CLOSE]) as upstream:
        await fetch(seam, post(upstream.url))
        with pytest.raises(httpx.TransportError):
            await fetch(seam, post(upstream.url))
        assert len(upstream.requests) <= 3


async def test_request_is_not_sent_again_after_a_byte_of_the_answer(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([answer(b"1")], [b"HTTP/1.1 2", CLOSE]) as upstream:
        await fetch(seam, post(upstream.url))
        with pytest.raises(httpx.TransportError):
            await fetch(seam, post(upstream.url))
        assert len(upstream.requests) == 2


@differs(httpx="hands connections to whom it likes")
async def test_limit_and_turns(make: Make) -> None:
    """No more connections than allowed, and whoever came first is served first, but for the two who connect."""
    seam = make(limit=2)
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        requests = [post(f"{upstream.url}/{number:02}") for number in range(50)]
        answers = await asyncio.gather(*[fetch(seam, request) for request in requests])
        assert answers == [(200, b"ok")] * 50
        assert len(upstream.connections) == 2
        order = [int(request.target[1:]) for request in upstream.requests]
        waited = [number for number in order if number >= 2]
        assert all(abs(place - number) <= 2 for place, number in enumerate(waited, 2))


@pytest.mark.parametrize("end", [CLOSE, RESET, b"garbage\r\n\r\n"])
async def test_slot_of_a_failed_request_is_free(make: Make, end: Step) -> None:
    seam = make(limit=1)
    async with ScriptedUpstream(*[[end, CLOSE]] * 3, [answer(b"ok")]) as upstream:
        tasks = [asyncio.create_task(fetch(seam, post(upstream.url))) for _ in range(4)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[3] == (200, b"ok")
        assert all(isinstance(result, Exception) for result in results[:3])


async def test_slot_of_an_unread_answer_is_free_when_it_is_closed(make: Make) -> None:
    seam = make(limit=1)
    async with ScriptedUpstream([head(), chunk(b"a"), WAIT], [answer(b"ok")]) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        task = asyncio.create_task(fetch(seam, post(upstream.url)))
        await asyncio.sleep(0)
        await close(response)
        assert await asyncio.wait_for(task, 5) == (200, b"ok")
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 5)


@differs(aiohttp="does not say which timeout it was")
async def test_pool_timeout(make: Make) -> None:
    seam = make(limit=1)
    async with ScriptedUpstream([WAIT]) as upstream:
        first = asyncio.create_task(fetch(seam, post(upstream.url)))
        await until(lambda: len(upstream.requests) == 1)
        try:
            with pytest.raises(httpx.PoolTimeout):
                await fetch(seam, post(upstream.url, timeout={"pool": 0.02}))
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        assert len(upstream.requests) == 1


async def test_connect_timeout(seam: httpx.AsyncBaseTransport) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):  # fill the queue of connections nobody accepts; further ones hang
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        with pytest.raises(httpx.TimeoutException):
            await fetch(seam, get(url, timeout={"connect": 0.05}))


@pytest.mark.parametrize(
    "script", [[WAIT], [b"HTTP/1.1 200 O", WAIT], [head(), chunk(b"a"), b"5\r\nab", WAIT]]
)
async def test_read_timeout_closes_the_connection(make: Make, script: list[Step]) -> None:
    seam = make(limit=1)
    async with ScriptedUpstream(script, [answer(b"ok")]) as upstream:
        with pytest.raises(httpx.ReadTimeout):
            await fetch(seam, post(upstream.url, timeout={"read": 0.03}))
        assert await asyncio.wait_for(fetch(seam, post(upstream.url)), 5) == (200, b"ok")
        assert upstream.requests[1].connection == 1


@differs(aiohttp="a request that the upstream does not take has no time limit but the answer's")
async def test_write_timeout(seam: httpx.AsyncBaseTransport) -> None:
    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(never_read) as url:
        with pytest.raises(httpx.WriteTimeout):
            await fetch(seam, post(url, b"x" * 50_000_000, timeout={"write": 0.05, "read": 0.5}))


async def test_closed_transport_leaves_nothing(make: Make) -> None:
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        seam = make()
        await fetch(seam, post(upstream.url))
        response = await seam.handle_async_request(post(upstream.url))
        await read(response)
        await seam.aclose()
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 5)
