"""Requests and answers: what plugs into the seam sends the one and brings back the other unchanged."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.sockets import (
    CLOSE,
    RESET,
    WAIT,
    ScriptedUpstream,
    Step,
    answer,
    chunk,
    head,
    refused_port,
)
from tests.transport.kinds import differs
from tests.transport.loops import Names
from tests.unit.providers.transport.support import close, fetch, get, pieces, post, read


@differs(aiohttp="adds accept, accept-encoding and user-agent, and a content-type")
async def test_request_goes_out_as_it_is(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        headers = [("X-Odd-Case", "1"), ("accept", "*/*"), ("x-odd-case", "2"), ("X-Empty", "")]
        request = httpx.Request(
            "POST", upstream.url + "/v1/chat?a=b%20c&d", content=b"hello", headers=headers
        )
        assert await fetch(seam, request) == (200, b"ok")
        seen = upstream.requests[0]
        assert (seen.method, seen.target, seen.body) == ("POST", "/v1/chat?a=b%20c&d", b"hello")
        assert [pair for pair in seen.headers if pair[0].lower() not in ("host", "content-length")] == headers
        assert seen.header("host") == upstream.url.removeprefix("http://")
        assert seen.header("content-length") == "5"


@differs(aiohttp="adds accept, accept-encoding and user-agent, and a content-type")
async def test_no_header_is_added(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        await fetch(seam, get(upstream.url))
        assert [name.lower() for name, _ in upstream.requests[0].headers] == ["host"]


async def test_answer_keeps_order_and_case_of_headers(seam: httpx.AsyncBaseTransport) -> None:
    raw = (
        b"HTTP/1.1 201 Fine By Me\r\nX-One: 1\r\nset-cookie: a\r\nSet-Cookie: b\r\nX-Pad:  x \t\r\n"
        b"X-Latin: \xe9\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok"
    )
    async with ScriptedUpstream([raw]) as upstream:
        response = await seam.handle_async_request(get(upstream.url))
        assert response.status_code == 201
        assert response.headers.raw == [
            (b"X-One", b"1"),
            (b"set-cookie", b"a"),
            (b"Set-Cookie", b"b"),
            (b"X-Pad", b"x"),
            (b"X-Latin", b"\xe9"),
            (b"X-Empty", b""),
            (b"Content-Length", b"2"),
        ]
        assert await read(response) == b"ok"


@pytest.mark.parametrize(
    ("script", "body"),
    [
        ([answer(b"")], b""),
        ([answer(b"x" * 300_000)], b"x" * 300_000),
        ([head(), chunk(b"ab"), chunk(b"c" * 70_000), chunk(b"")], b"ab" + b"c" * 70_000),
        ([head(), b"2;ext=1\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n"], b"ab"),
        ([head(framing=None), b"until ", b"the end", CLOSE], b"until the end"),
        ([b"HTTP/1.0 200 OK\r\n\r\nold", CLOSE], b"old"),
        ([b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
        ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"], b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n", answer(b"ok")], b"ok"),
        ([answer(b"\x1f\x8b not decoded", 200, ("content-encoding", "gzip"))], b"\x1f\x8b not decoded"),
    ],
)
async def test_bodies(seam: httpx.AsyncBaseTransport, script: list[Step], body: bytes) -> None:
    async with ScriptedUpstream(script) as upstream:
        assert (await fetch(seam, post(upstream.url)))[1] == body
        assert (await fetch(seam, post(upstream.url)))[1] == body


async def test_headers_of_interim_answers_are_dropped(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"ok")]) as upstream:
        response = await seam.handle_async_request(get(upstream.url))
        assert response.status_code == 200
        assert "link" not in response.headers
        assert await read(response) == b"ok"


async def test_head_has_no_body(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream([b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"]) as upstream:
        for _ in range(2):
            assert await fetch(seam, httpx.Request("HEAD", upstream.url)) == (200, b"")


async def test_errors_and_redirects_are_answers(seam: httpx.AsyncBaseTransport) -> None:
    moved = answer(b"", 302, ("location", "http://127.0.0.1:1/"))
    async with ScriptedUpstream([moved], [answer(b"no", 500)]) as upstream:
        assert await fetch(seam, post(upstream.url)) == (302, b"")
        assert await fetch(seam, post(upstream.url)) == (500, b"no")


@differs(aiohttp="its session has a cookie jar, which is one for all callers")
async def test_cookies_are_not_kept(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    names["upstream.test"] = ["127.0.0.1"]  # by name: many a cookie jar leaves addresses alone
    async with ScriptedUpstream([answer(b"", 200, ("set-cookie", "session=1"))]) as upstream:
        url = f"http://upstream.test:{upstream.port}/"
        await fetch(seam, get(url))
        await fetch(seam, get(url))
        assert upstream.requests[1].header("cookie") is None


async def test_ambient_proxies_are_not_used(
    seam: httpx.AsyncBaseTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{refused_port()}")
    async with ScriptedUpstream([answer(b"direct")]) as upstream:
        assert await fetch(seam, get(upstream.url)) == (200, b"direct")


async def test_connection_is_reused(seam: httpx.AsyncBaseTransport) -> None:
    async with ScriptedUpstream(
        [answer(b"ok")], [head(), chunk(b"a"), chunk(b"")], [answer(b"ok")]
    ) as upstream:
        for _ in range(3):
            await fetch(seam, post(upstream.url))
        assert [request.connection for request in upstream.requests] == [0, 0, 0]


@pytest.mark.parametrize(
    "first",
    [
        [answer(b"ok", 200, ("connection", "close"))],
        [b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ],
)
async def test_connection_is_not_reused_against_the_upstreams_will(
    seam: httpx.AsyncBaseTransport, first: list[Step]
) -> None:
    async with ScriptedUpstream(first) as upstream:
        for _ in range(2):
            assert await fetch(seam, post(upstream.url)) == (200, b"ok")
        assert [request.connection for request in upstream.requests] == [0, 1]


async def _async_pieces() -> AsyncIterator[bytes]:
    for piece in (b"one ", b"", b"two"):
        await asyncio.sleep(0)
        yield piece


def _pieces() -> Iterator[bytes]:
    yield from (b"one ", b"", b"two")


@pytest.mark.parametrize("sized", [True, False])
async def test_streamed_request_body(seam: httpx.AsyncBaseTransport, sized: bool) -> None:
    headers = {"content-length": "7"} if sized else {}
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        request = httpx.Request("POST", upstream.url, content=_async_pieces(), headers=headers)
        assert await fetch(seam, request) == (200, b"ok")
        assert upstream.requests[0].body == b"one two"
        assert upstream.requests[0].header("transfer-encoding") == (None if sized else "chunked")
        await fetch(seam, post(upstream.url))
        assert upstream.requests[1].connection == 0


@differs(aiohttp="warns that a body of more than 1 MiB locks the event loop")
async def test_large_request_body(seam: httpx.AsyncBaseTransport) -> None:
    content = bytes(range(256)) * 16_384
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        assert await fetch(seam, post(upstream.url, content)) == (200, b"ok")
        assert upstream.requests[0].body == content


@differs(aiohttp="says ConnectTimeout, as if it had waited")
async def test_refused(seam: httpx.AsyncBaseTransport) -> None:
    with pytest.raises(httpx.ConnectError):
        await fetch(seam, get(f"http://127.0.0.1:{refused_port()}/"))


@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize(
    "begin",
    [
        [head(framing=("content-length", "10")), b"12345"],
        [head(), chunk(b"12345")],
        [head(), chunk(b"12345"), b"5\r\n67"],
        [head(), chunk(b"12345"), b"0\r\n"],
    ],
)
async def test_cut_body_is_never_a_clean_end(
    seam: httpx.AsyncBaseTransport, begin: list[Step], end: Step
) -> None:
    async with ScriptedUpstream([*begin, 0.01, end]) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        stream = pieces(response)
        assert (await anext(stream)).startswith(b"12345")
        with pytest.raises(httpx.TransportError):
            [piece async for piece in stream]
        await close(response)


@differs(aiohttp="says ConnectTimeout, as if nothing had been sent")
@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_closed_without_an_answer(seam: httpx.AsyncBaseTransport, end: Step) -> None:
    async with ScriptedUpstream([end]) as upstream:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await fetch(seam, post(upstream.url))


@pytest.mark.parametrize("script", [[WAIT], [head(), WAIT], [head(), chunk(b"a"), WAIT]])
async def test_read_timeout(seam: httpx.AsyncBaseTransport, script: list[Step]) -> None:
    async with ScriptedUpstream(script) as upstream:
        with pytest.raises(httpx.ReadTimeout):
            await fetch(seam, post(upstream.url, timeout={"read": 0.05}))
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


async def test_client_on_top(seam: httpx.AsyncBaseTransport) -> None:
    script = [answer(b'{"a": 1}')]
    async with ScriptedUpstream(script) as upstream, httpx.AsyncClient(transport=seam) as client:
        assert (await client.post(upstream.url, json={})).json() == {"a": 1}
        async with client.stream("GET", upstream.url) as response:
            assert [piece async for piece in response.aiter_raw()] == [b'{"a": 1}']
