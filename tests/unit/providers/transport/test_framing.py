"""What an upstream may not do: broken or ambiguous framing, floods, upgrades, answers nobody asked for."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.providers.transport import ProtocolError, TooLarge, Transport
from tests.support.sockets import WAIT, ScriptedUpstream, Step, answer, chunk, head
from tests.unit.providers.transport.support import close, fetch, get, pieces, post, read, slots, until

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"\r\n2\r\nok\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00",
        b"<html>hello</html>\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        OK + b"Content-Length: 2, 2\r\n\r\nok",
        OK + b"Content-Length: -2\r\n\r\nok",
        OK + b"Content-Length: +2\r\n\r\nok",
        OK + b"Content-Length: 2x\r\n\r\nok",
        OK + b"Content-Length: 99999999999999999999\r\n\r\nok",
        OK + CHUNKED + b"Content-Length: 2\r\n" + CHUNKS,
        OK + b"Content-Length: 2\r\n" + CHUNKED + CHUNKS,
        OK + CHUNKED + CHUNKED + CHUNKS,
        OK + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
        OK + b"Transfer-Encoding: chunked, gzip\r\n" + CHUNKS,
        OK + b"Transfer-Encoding: xchunked\r\n" + CHUNKS,
        OK + b"Transfer-Encoding: identity\r\n\r\nok",
        OK + b"X-A: b\r\n folded\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X-A: b\0c\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X-A: b\rc\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X A: b\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X-A : b\r\nContent-Length: 2\r\n\r\nok",
        OK + b"no colon\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + answer(b"ok"),
    ],
)
async def test_garbage_before_the_body(transport: Transport, raw: bytes) -> None:
    async with ScriptedUpstream([raw, WAIT]) as upstream:
        with pytest.raises(ProtocolError) as caught:
            await fetch(transport, post(upstream.url))
        assert caught.value.failure == "protocol"
        assert slots(transport) == (0, 0, 0)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


@pytest.mark.parametrize("bad", [b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"2\r\nokXX", b"\r\n\r\n"])
async def test_garbage_in_the_body(transport: Transport, bad: bytes) -> None:
    async with ScriptedUpstream([head() + chunk(b"good") + bad, WAIT]) as upstream:
        stream = pieces(await transport.handle_async_request(post(upstream.url)))
        assert (await anext(stream)).startswith(b"good")
        for _ in range(2):
            with pytest.raises(ProtocolError):
                await anext(stream)
        assert slots(transport) == (0, 0, 0)


@pytest.mark.parametrize(
    "flood",
    [
        OK + b"X-Big: " + b"x" * 20_000,
        OK + b"X: y\r\n" * 4000,
        OK + b"X-Big: " + b"x" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 20_000,
        b"HTTP/1.1 100 " + b"x" * 10_000 + b"\r\n\r\nHTTP/1.1 100 " + b"x" * 10_000,
        b"\r\n" * 10_000,
    ],
)
@pytest.mark.parametrize("split", [True, False])
async def test_head_over_the_limit(flood: bytes, split: bool) -> None:
    step = 1000 if split else len(flood)
    script: list[Step] = [flood[at : at + step] for at in range(0, len(flood), step)]
    async with ScriptedUpstream([*script, WAIT]) as upstream, Transport(max_header_bytes=16_384) as transport:
        with pytest.raises(TooLarge) as caught:
            await fetch(transport, post(upstream.url))
        assert caught.value.failure == "too_large"
        assert slots(transport) == (0, 0, 0)


async def test_head_under_the_limit_with_a_large_body_behind() -> None:
    raw = answer(b"b" * 100_000, 200, ("x-big", "x" * 10_000))
    async with ScriptedUpstream([raw]) as upstream, Transport(max_header_bytes=16_384) as transport:
        assert await fetch(transport, post(upstream.url)) == (200, b"b" * 100_000)


@pytest.mark.parametrize(
    "flood", [b"1;" + b"x" * 50_000, b"0\r\nX: " + b"x" * 50_000, b"0\r\n" + b"X: y\r\n" * 10_000]
)
async def test_framing_without_a_body_is_limited(flood: bytes) -> None:
    begun = asyncio.Event()
    script: list[Step] = [head(), chunk(b"good"), begun, flood, WAIT]
    async with ScriptedUpstream(script) as upstream, Transport(max_header_bytes=16_384) as transport:
        stream = pieces(await transport.handle_async_request(post(upstream.url)))
        assert await anext(stream) == b"good"
        begun.set()
        with pytest.raises(TooLarge):
            await anext(stream)
        assert slots(transport) == (0, 0, 0)


@pytest.mark.parametrize(
    "script",
    [
        [answer(b"ok") + b"HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\nContent-Length: 4\r\n\r\nevil"],
        [answer(b"ok") + b"H"],
        [answer(b"ok") + b"\x00garbage"],
        [head() + chunk(b"ok") + chunk(b"") + b"0\r\n\r\n"],
        [b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"],
        [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"],
    ],
)
async def test_more_than_the_answer(transport: Transport, script: list[Step]) -> None:
    async with ScriptedUpstream(script, [answer(b"fine")]) as upstream:
        response = await transport.handle_async_request(get(upstream.url))
        assert "x-smuggled" not in response.headers
        assert await read(response) in (b"ok", b"")
        assert slots(transport) == (0, 0, 0)
        assert await fetch(transport, get(upstream.url)) == (200, b"fine")
        assert upstream.requests[1].connection == 1


async def test_body_after_head_is_not_the_next_answer(transport: Transport) -> None:
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    first = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(evil) + evil
    async with ScriptedUpstream([first], [answer(b"fine")]) as upstream:
        assert await fetch(transport, httpx.Request("HEAD", upstream.url)) == (200, b"")
        assert await fetch(transport, get(upstream.url)) == (200, b"fine")


async def test_connection_is_not_reused_after_head_where_a_body_may_still_come(transport: Transport) -> None:
    async with ScriptedUpstream([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"]) as upstream:
        await fetch(transport, httpx.Request("HEAD", upstream.url))
        assert slots(transport) == (0, 0, 0)


async def test_unasked_bytes_on_an_idle_connection(transport: Transport) -> None:
    late = asyncio.Event()
    async with ScriptedUpstream([answer(b"ok"), late, answer(b"evil")], [answer(b"fine")]) as upstream:
        await fetch(transport, get(upstream.url))
        assert slots(transport) == (1, 1, 0)
        late.set()
        await until(lambda: slots(transport) == (0, 0, 0))
        assert await fetch(transport, get(upstream.url)) == (200, b"fine")


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("place", ["method", "name", "value"])
async def test_request_is_not_split(transport: Transport, place: str, bad: str) -> None:
    method = bad if place == "method" else "POST"
    headers = [(bad if place == "name" else "x-name", bad if place == "value" else "value")]
    request = httpx.Request(method, "http://127.0.0.1:1/", headers=headers)
    with pytest.raises(httpx.LocalProtocolError):
        await transport.handle_async_request(request)
    assert slots(transport) == (0, 0, 0)


async def test_framing_of_the_request_is_our_own(transport: Transport) -> None:
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        headers = [("content-length", "1"), ("transfer-encoding", "chunked"), ("Content-Length", "2")]
        request = httpx.Request("POST", upstream.url, content=b"the body")
        request.headers = httpx.Headers([("host", "h"), *headers])
        assert await fetch(transport, request) == (200, b"ok")
        assert upstream.requests[0].body == b"the body"
        framing = [pair for pair in upstream.requests[0].headers if pair[0].lower() != "host"]
        assert framing == [("Content-Length", "8")]


@pytest.mark.parametrize("length", [3, 20])
async def test_streamed_body_of_another_length_than_promised(transport: Transport, length: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"ten bytes!"

    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        request = httpx.Request("POST", upstream.url, content=body(), headers={"content-length": str(length)})
        with pytest.raises(httpx.LocalProtocolError):
            await transport.handle_async_request(request)
        assert slots(transport) == (0, 0, 0)
        await until(lambda: bool(upstream.connections) and upstream.connections[0].peer_left.is_set())
        assert upstream.requests == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "ws://127.0.0.1/", "/nowhere"])
async def test_other_schemes(transport: Transport, url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await transport.handle_async_request(get(url))
    assert transport.stats() == []


async def test_closed_stream_yields_nothing_more(transport: Transport) -> None:
    async with ScriptedUpstream([answer(b"whole")], [head(), chunk(b"part"), WAIT]) as upstream:
        for _ in range(2):
            response = await transport.handle_async_request(get(upstream.url))
            await close(response)
            await close(response)
            with pytest.raises(httpx.StreamClosed):
                await anext(pieces(response))
