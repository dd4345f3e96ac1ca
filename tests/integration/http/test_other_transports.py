"""Any httpx transport serves our server protocol: what it asks asyncio for it finds, however requests are run."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import respx

from app.domain.exchange import EndReason
from tests.support.caller import Caller, post
from tests.support.hotpath import HotPath, chat_body, hot_path, provider, route, target, until
from tests.support.sockets import CLOSE, RESET, WAIT, Act, ScriptedUpstream, Step, answer, chunk, head

EVENTS = [b'data: {"choices":[]}\n\n', b"data: [DONE]\n\n"]
URL = "http://upstream.test"


class Body(httpx.AsyncByteStream):
    """Uses what needs a task, as real transports do."""

    def __init__(self, pieces: list[bytes], then: Callable[[], None] = lambda: None) -> None:
        self.pieces = pieces
        self.then = then
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            async with asyncio.timeout(5):
                await asyncio.sleep(0)
            yield piece
        self.then()

    async def aclose(self) -> None:
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        self.closed = True


def streamed(body: Body) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)


async def test_a_pretended_transport() -> None:
    async def handle(request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        assert await request.aread()
        assert request.headers["content-length"] == str(len(request.content))
        return httpx.Response(201, json={"model": request.url.path})

    transport = httpx.MockTransport(handle)
    async with hot_path(route([target(provider(URL))]), transport=transport) as path:
        for _ in range(3):
            reply = await path.chat()
            assert (reply.status_code, reply.json()) == (201, {"model": "/v1/chat/completions"})


async def test_a_pretended_stream() -> None:
    bodies: list[Body] = []

    def handle(request: httpx.Request) -> httpx.Response:
        bodies.append(Body(EVENTS))
        return streamed(bodies[-1])

    async with hot_path(route([target(provider(URL))]), transport=httpx.MockTransport(handle)) as path:
        for _ in range(3):
            assert (await path.chat(chat_body(stream=True))).content == b"".join(EVENTS)
        assert [body.closed for body in bodies] == [True] * 3
        assert [record.end_reason for record in await path.records.wait(3)] == [EndReason.COMPLETE] * 3


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (httpx.ConnectError("refused"), 502),
        (httpx.ConnectTimeout("slow"), 504),
        (httpx.ReadTimeout("slow"), 504),
        (httpx.ReadError("reset"), 502),
        (RuntimeError("a fault of its own"), 500),
    ],
)
async def test_errors(error: Exception, status: int) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error

    async with hot_path(route([target(provider(URL))]), transport=httpx.MockTransport(handle)) as path:
        assert (await path.chat()).status_code == status
        await until(lambda: path.pipeline.metrics.in_flight == 0)


async def test_a_stream_that_breaks() -> None:
    def fail() -> None:
        raise httpx.ReadError("reset")

    body = Body(EVENTS[:1], fail)
    transport = httpx.MockTransport(lambda request: streamed(body))
    async with hot_path(route([target(provider(URL))]), transport=transport) as path:
        with pytest.raises(httpx.RemoteProtocolError):
            await path.chat(chat_body(stream=True))
        (record,) = await path.records.wait(1)
        assert record.end_reason is EndReason.TRUNCATED
        assert body.closed


async def test_respx() -> None:
    router = respx.Router()
    router.post(f"{URL}/v1/chat/completions").mock(
        side_effect=[httpx.Response(503), httpx.ReadTimeout, httpx.Response(200, json={"ok": True})]
    )
    async with hot_path(
        route([target(provider(URL))]), transport=httpx.MockTransport(router.async_handler)
    ) as path:
        assert (await path.chat()).json() == {"ok": True}
        assert router.calls.call_count == 3


# httpx's own transport, to a real server.


async def left(path: HotPath) -> None:
    await until(lambda: path.pipeline.metrics.in_flight == 0)
    (record,) = await path.records.wait(1)
    assert record.end_reason is EndReason.CLIENT_LEFT


async def test_httpx_transport() -> None:
    async with (
        ScriptedUpstream() as upstream,
        hot_path(route([target(provider(upstream.url))]), transport=httpx.AsyncHTTPTransport()) as path,
    ):
        upstream.script = lambda number: (
            [head(), *map(chunk, [*EVENTS, b""])] if number % 2 else [answer(b'{"ok":true}')]
        )
        for _ in range(4):
            assert (await path.chat()).content == b'{"ok":true}'
            assert (await path.chat(chat_body(stream=True))).content == b"".join(EVENTS)
        assert len(upstream.connections) == 1


@pytest.mark.parametrize("begun", [False, True])
async def test_httpx_transport_when_the_client_leaves(begun: bool) -> None:
    script: list[Step] = [head(), chunk(EVENTS[0]), WAIT] if begun else [WAIT]
    async with (
        ScriptedUpstream(script) as upstream,
        hot_path(route([target(provider(upstream.url))]), transport=httpx.AsyncHTTPTransport()) as path,
    ):
        caller = await Caller.dial(path.url)
        caller.send(post(path.key, stream=True))
        await upstream.arrived.wait()
        if begun:
            await caller.reader.readuntil(EVENTS[0])
        caller.leave()
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 2.0)
        await left(path)


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_httpx_transport_when_the_upstream_breaks(end: Act) -> None:
    script: list[Step] = [head(), chunk(EVENTS[0]), end]
    async with (
        ScriptedUpstream(script) as upstream,
        hot_path(route([target(provider(upstream.url))]), transport=httpx.AsyncHTTPTransport()) as path,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await path.chat(chat_body(stream=True))
        (record,) = await path.records.wait(1)
        assert record.end_reason is EndReason.TRUNCATED
