"""TLS: certificates, names, SNI and ALPN, and being told not to look."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
import trustme

from app.common.clock import SystemClock
from app.providers.transport import ConnectionReset, Resolver, TlsError, Transport
from tests.support.sockets import CLOSE, ScriptedUpstream, answer, chunk, head
from tests.unit.providers.transport.support import ManualClock, fetch, get, post, raw_server, slots, until


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert(*names).configure_cert(context)
    return context


async def loopback(host: str) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize("size", [2, 500_000])
async def test_good_certificate(authority: trustme.CA, trusting: ssl.SSLContext, size: int) -> None:
    content = b"x" * size
    scripts = [[answer(content)], [head(), chunk(content), chunk(b"")]]
    async with (
        ScriptedUpstream(*scripts, tls=server_context(authority, "127.0.0.1")) as upstream,
        Transport(ssl_context=trusting) as transport,
    ):
        for _ in range(4):
            assert await fetch(transport, post(upstream.url, content)) == (200, content)
        assert len(upstream.connections) == 1
        assert upstream.requests[3].body == content


async def serve_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"ok"))


async def test_name_is_sent_and_checked_though_an_address_is_dialled(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    context = server_context(authority, "api.upstream.test")
    seen: list[str | None] = []
    context.sni_callback = lambda _, name, __: seen.append(name)
    resolver = Resolver(SystemClock(), loopback)
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(b"ok"))
        await reader.read()

    async with (
        raw_server(serve, context) as url,
        Transport(ssl_context=trusting, resolver=resolver) as transport,
    ):
        named = url.replace("127.0.0.1", "api.upstream.test")
        assert await fetch(transport, get(named)) == (200, b"ok")
        assert await fetch(transport, get(named.replace(".test", ".test."))) == (200, b"ok")
        assert seen == ["api.upstream.test"] * 2
        assert b"\r\nHost: %b\r\n" % named.removeprefix("https://").strip("/").encode() in heads[0]
        with pytest.raises(TlsError):
            await fetch(transport, get(named.replace("api", "other")))
        assert slots(transport) == (2, 2, 0)


async def test_wrong_host(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    async with (
        raw_server(serve_ok, server_context(authority, "elsewhere.test")) as url,
        Transport(ssl_context=trusting) as transport,
    ):
        with pytest.raises(TlsError, match="certificate") as caught:
            await fetch(transport, get(url))
        assert caught.value.failure == "tls"
        assert isinstance(caught.value, httpx.ConnectError)
        assert slots(transport) == (0, 0, 0)


async def test_unknown_authority_unless_told_not_to_verify(
    authority: trustme.CA, transport: Transport
) -> None:
    async with raw_server(serve_ok, server_context(authority, "elsewhere.test")) as url:
        for _ in range(2):
            assert await fetch(transport, get(url, verify_tls=False)) == (200, b"ok")
        assert slots(transport) == (1, 1, 0)
        with pytest.raises(TlsError):  # the connection made unverified must not serve
            await fetch(transport, get(url))
        with pytest.raises(TlsError):
            await fetch(transport, get(url, verify_tls=True))


async def test_http11_is_agreed_on(authority: trustme.CA, transport: Transport) -> None:
    agreed: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        agreed.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.write(answer(b"ok"))

    async with raw_server(serve, server_context(authority, "127.0.0.1")) as url:
        assert await fetch(transport, get(url, verify_tls=False)) == (200, b"ok")
        assert agreed == ["http/1.1"]


async def test_upstream_without_tls(transport: Transport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(serve) as url:
        with pytest.raises(TlsError):
            await fetch(transport, get(url.replace("http:", "https:")))
        assert slots(transport) == (0, 0, 0)


async def test_upstream_leaves_in_the_handshake(transport: Transport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with raw_server(serve) as url:
        with pytest.raises(TlsError):
            await fetch(transport, get(url.replace("http:", "https:")))
        assert slots(transport) == (0, 0, 0)


async def test_handshake_timeout(transport: Transport) -> None:
    async with ScriptedUpstream() as upstream:
        url = upstream.url.replace("http", "https")
        with pytest.raises(httpx.ConnectTimeout):
            await fetch(transport, get(url, timeout={"connect": 0.05}))
        assert slots(transport) == (0, 0, 0)
        await asyncio.wait_for(upstream.connections[0].peer_left.wait(), 1)


async def test_stale_and_cut_connections(authority: trustme.CA, transport: Transport) -> None:
    # with TLS, data and end of a connection may come out of a single read
    scripts = [[answer(b"one")], [CLOSE], [answer(b"two")], [head() + chunk(b"a"), CLOSE], [answer(b"three")]]
    async with ScriptedUpstream(*scripts, tls=server_context(authority, "127.0.0.1")) as upstream:
        assert await fetch(transport, get(upstream.url, verify_tls=False)) == (200, b"one")
        assert await fetch(transport, get(upstream.url, verify_tls=False)) == (200, b"two")
        with pytest.raises(ConnectionReset) as caught:
            await fetch(transport, get(upstream.url, verify_tls=False))
        assert caught.value.in_body
        assert slots(transport) == (0, 0, 0)
        assert [request.connection for request in upstream.requests] == [0, 0, 1, 1]


@pytest.mark.parametrize("cancelled", [True, False])
async def test_connection_that_dies_on_its_way_to_who_waits(authority: trustme.CA, cancelled: bool) -> None:
    """With TLS, the last byte of an answer and the end of the connection may come out of a single read."""
    clock, gate = ManualClock(), asyncio.Event()

    async def once() -> AsyncIterator[bytes]:  # a body that can't be sent a second time
        yield b"a"

    async with (
        ScriptedUpstream(
            [gate, answer(b"one"), CLOSE], [answer(b"two")], tls=server_context(authority, "127.0.0.1")
        ) as upstream,
        Transport(max_connections_per_origin=1, clock=clock) as transport,
    ):
        first = asyncio.create_task(fetch(transport, get(upstream.url, verify_tls=False)))
        await until(lambda: len(upstream.requests) == 1)
        request = httpx.Request("POST", upstream.url, content=once(), extensions={"verify_tls": False})
        second = asyncio.create_task(fetch(transport, request))
        await until(lambda: slots(transport) == (1, 0, 1))
        gate.set()
        await until(lambda: slots(transport)[2] == 0)
        if cancelled:
            second.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await second
            await first
            clock.advance(100)
        else:
            assert await asyncio.wait_for(asyncio.gather(first, second), 5) == [(200, b"one"), (200, b"two")]
            clock.advance(100)
        assert slots(transport) == (0, 0, 0)
