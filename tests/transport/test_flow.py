"""Large bodies both ways, slow ends, cut bodies, and answers that come before the request is whole."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.support.sockets import CLOSE, RESET, WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.transport.kinds import differs
from tests.unit.providers.transport.support import close, fetch, pieces, post, raw_server, read

PIECE = b"0123456789abcdef" * 4096
PIECES = 512
KERNEL = 20_000_000
"""More bytes than the buffers of two sockets and of a transport hold together; the bodies have 32 MB."""


async def stalled(count: Callable[[], int], over: Callable[[], bool] = lambda: False) -> int:
    """The count when it has stood still for many turns of the event loop, or when it is `over`."""
    last, turns = -1, 0
    while turns < 60 and not over():
        now = count()
        last, turns = now, turns + 1 if now == last else 0
        await asyncio.sleep(0.001)  # the kernel, too, needs a moment to pass bytes on
    return last


@pytest.mark.parametrize("chunked", [True, False])
async def test_slow_reader_holds_back_the_upstream(seam: httpx.AsyncBaseTransport, chunked: bool) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        size = len(PIECE) * PIECES
        writer.write(head() if chunked else head(framing=("content-length", str(size))))
        for _ in range(PIECES):
            writer.write(chunk(PIECE) if chunked else PIECE)
            await writer.drain()
            sent += len(PIECE)
        writer.write(chunk(b"") if chunked else b"")
        await reader.read()

    async with raw_server(flood) as url:
        response = await seam.handle_async_request(post(url))
        assert 0 < await stalled(lambda: sent) < KERNEL
        size = 0
        async for piece in pieces(response):
            assert len(piece) < 1_000_000
            size += len(piece)
        assert size == len(PIECE) * PIECES
        await close(response)


@pytest.mark.parametrize("sized", [True, False])
async def test_slow_upstream_holds_back_the_source(seam: httpx.AsyncBaseTransport, sized: bool) -> None:
    taken = 0
    go = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(PIECES):
            taken += len(PIECE)
            yield PIECE

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        if sized:
            await reader.readexactly(len(PIECE) * PIECES)
        else:
            while (size := int(await reader.readuntil(b"\r\n"), 16)) != 0:
                await reader.readexactly(size + 2)
            await reader.readuntil(b"\r\n")
        writer.write(answer(b"ok"))
        await reader.read()

    async with raw_server(slow) as url:
        headers = {"content-length": str(len(PIECE) * PIECES)} if sized else {}
        request = httpx.Request("POST", url, content=source(), headers=headers)
        task = asyncio.create_task(fetch(seam, request))
        assert 0 < await stalled(lambda: taken) < KERNEL
        go.set()
        assert await asyncio.wait_for(task, 20) == (200, b"ok")
        assert taken == len(PIECE) * PIECES


@differs(aiohttp="warns that a body of more than 1 MiB locks the event loop")
async def test_whole_body_larger_than_all_buffers(seam: httpx.AsyncBaseTransport) -> None:
    content = PIECE * 256
    async with ScriptedUpstream([answer(content)]) as upstream:
        for _ in range(2):
            assert await fetch(seam, post(upstream.url, content)) == (200, content)
        assert [request.body == content for request in upstream.requests] == [True, True]
        assert len(upstream.connections) == 1


async def _early(seam: httpx.AsyncBaseTransport, status: int, end: Step) -> tuple[int, bytes] | None:
    """Send a long body to an upstream that reads the head alone and answers; None: the answer does not get through."""

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"early", status, ("connection", "close")))
        await writer.drain()
        if end is WAIT:
            await asyncio.Event().wait()
        writer.write_eof()
        while await reader.read(1_000_000):  # a server that closes at once resets the answer away
            pass

    taken = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(PIECES):
            taken += len(PIECE)
            yield PIECE

    async with raw_server(early) as url:
        length = {"content-length": str(len(PIECE) * PIECES)}
        request = httpx.Request("POST", url, content=source(), headers=length)
        task = asyncio.create_task(fetch(seam, request))
        await stalled(lambda: taken, task.done)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait([task])
        return None


@pytest.mark.parametrize("status", [200, 413])
async def test_answer_of_an_upstream_that_reads_on_without_using(
    seam: httpx.AsyncBaseTransport, status: int
) -> None:
    assert await _early(seam, status, CLOSE) == (status, b"early")


@differs(httpx="reads the answer only when the whole request is sent")
@pytest.mark.parametrize("status", [200, 413])
async def test_answer_of_an_upstream_that_does_not_read_on(
    seam: httpx.AsyncBaseTransport, status: int
) -> None:
    assert await _early(seam, status, WAIT) == (status, b"early")


@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize("head_of", [head(framing=("content-length", "100")), head()])
async def test_cut_body_raises_whatever_was_read_before(
    seam: httpx.AsyncBaseTransport, head_of: bytes, end: Step
) -> None:
    """The cut comes while nobody reads: it must be there for whoever reads later."""
    async with ScriptedUpstream([head_of + b"5\r\nabcde\r\n", end]) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        await stalled(lambda: len(upstream.tasks))
        with pytest.raises(httpx.TransportError):
            await read(response)


@differs(aiohttp="takes a reset for the end of a body that lasts until close")
async def test_reset_is_no_end_of_a_body_without_length(seam: httpx.AsyncBaseTransport) -> None:
    gate = asyncio.Event()
    async with ScriptedUpstream([head(framing=None), b"abcde", gate, RESET]) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        stream = pieces(response)
        assert await anext(stream) == b"abcde"
        gate.set()
        with pytest.raises(httpx.TransportError):
            await anext(stream)
        await close(response)


async def test_events_come_one_by_one(seam: httpx.AsyncBaseTransport) -> None:
    gates = [asyncio.Event() for _ in range(5)]
    script: list[Step] = [head()]
    for number, gate in enumerate(gates):
        script += [gate, chunk(b"data: %d\n\n" % number)]
    async with ScriptedUpstream([*script, chunk(b"")]) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        stream = pieces(response)
        for number, gate in enumerate(gates):
            gate.set()
            assert await anext(stream) == b"data: %d\n\n" % number
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await close(response)
