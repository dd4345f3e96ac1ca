"""TLS: whom the transports believe, the name they send and check, and bodies over it."""

import asyncio
import ssl
from datetime import UTC, datetime

import httpx
import pytest
import trustme

from tests.support.sockets import CLOSE, ScriptedUpstream, answer, chunk, head
from tests.transport.kinds import Make
from tests.transport.loops import Names
from tests.unit.providers.transport.support import fetch, get, post, raw_server, read

NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
"""aiohttp's transport says the second of whatever goes wrong with TLS."""


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2", "http/1.1"])
    certificate.configure_cert(context)
    return context


async def test_certificate_name_and_sni(
    make: Make, names: Names, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    names["api.upstream.test"] = ["127.0.0.1"]
    seen: list[str | None] = []
    context = server_context(authority.issue_cert("api.upstream.test"))
    context.sni_callback = lambda _, name, __: seen.append(name)
    seam = make(trust=trusting)
    async with ScriptedUpstream([answer(b"ok")], tls=context) as upstream:
        for _ in range(2):
            url = f"https://api.upstream.test:{upstream.port}/"
            assert await fetch(seam, get(url)) == (200, b"ok")
        assert seen == ["api.upstream.test"]
        assert len(upstream.connections) == 1


@pytest.mark.parametrize("case", ["wrong-host", "wrong-address", "unknown-authority", "expired"])
async def test_certificate_is_refused(
    make: Make, names: Names, authority: trustme.CA, trusting: ssl.SSLContext, case: str
) -> None:
    names["api.upstream.test"] = ["127.0.0.1"]
    host = "127.0.0.1" if case == "wrong-address" else "api.upstream.test"
    match case:
        case "wrong-host" | "wrong-address":
            certificate = authority.issue_cert("other.upstream.test", "127.0.0.9")
        case "unknown-authority":
            certificate = trustme.CA().issue_cert(host)
        case _:
            certificate = authority.issue_cert(host, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    seam = make(trust=trusting)
    async with ScriptedUpstream([answer(b"ok")], tls=server_context(certificate)) as upstream:
        with pytest.raises(NOT_CONNECTED):
            await fetch(seam, post(f"https://{host}:{upstream.port}/", b"secret"))
        assert upstream.requests == []


async def test_system_does_not_know_our_authority(make: Make, authority: trustme.CA) -> None:
    seam = make()
    tls = server_context(authority.issue_cert("127.0.0.1"))
    async with ScriptedUpstream([answer(b"ok")], tls=tls) as upstream:
        with pytest.raises(NOT_CONNECTED):
            await fetch(seam, get(upstream.url))


async def test_large_bodies(make: Make, authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    content = bytes(range(256)) * 3_000
    seam = make(trust=trusting)
    scripts = [[answer(content)], [head(), chunk(content), chunk(b"")]]
    tls = server_context(authority.issue_cert("127.0.0.1"))
    async with ScriptedUpstream(*scripts, tls=tls) as upstream:
        for _ in range(2):
            assert await fetch(seam, post(upstream.url, content)) == (200, content)
        assert [request.body == content for request in upstream.requests] == [True, True]
        assert len(upstream.connections) == 1


@pytest.mark.parametrize("framing", [("content-length", "100"), ("transfer-encoding", "chunked")])
async def test_cut_body(
    make: Make, authority: trustme.CA, trusting: ssl.SSLContext, framing: tuple[str, str]
) -> None:
    seam = make(trust=trusting)
    tls = server_context(authority.issue_cert("127.0.0.1"))
    async with ScriptedUpstream([head(framing=framing), b"5\r\nabcde\r\n", CLOSE], tls=tls) as upstream:
        response = await seam.handle_async_request(post(upstream.url))
        with pytest.raises(httpx.TransportError):
            await read(response)


async def test_upstream_without_tls(seam: httpx.AsyncBaseTransport) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        await reader.read()

    async with raw_server(plain) as url:
        with pytest.raises(NOT_CONNECTED):
            await fetch(seam, get(url.replace("http", "https")))
