"""Upstreams behind an HTTP proxy: a tunnel for https, absolute targets for http, and who goes without."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
import trustme

from app.config import SettingsError, load
from app.providers.proxied import ProxiedTransport, Spared, through
from app.providers.transport import BlockedAddress, Transport
from tests.support.sockets import WAIT, ScriptedUpstream, answer, chunk, head
from tests.transport.test_tls import server_context
from tests.unit.providers.transport.support import close, fetch, get, pieces, post, raw_server, until

LOGIN = b"Basic " + base64.b64encode(b"user:pass word")


class Tunnels:
    """A proxy that connects everybody to one port, whatever name they ask for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        if LOGIN not in self.heads[-1]:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        there, here = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, here))
                both.create_task(_copy(there, writer))
        finally:
            here.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def proxied(
    url: str, trusting: ssl.SSLContext | None = None, spared: str = ""
) -> AsyncIterator[ProxiedTransport]:
    async with ProxiedTransport(url, Spared(spared), Transport(), ssl_context=trusting) as made:
        yield made


def with_login(url: str) -> str:
    return url.replace("://", "://user:pass%20word@")


async def test_tunnel(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """The proxy sees the name and its own login, the upstream neither the proxy nor the login."""
    content = b"x" * 300_000
    tls = server_context(authority.issue_cert("api.upstream.test"))
    async with ScriptedUpstream([answer(content)], tls=tls) as upstream:
        tunnels = Tunnels(upstream.port)
        async with raw_server(tunnels) as url, proxied(with_login(url), trusting) as transport:
            for _ in range(2):
                assert await fetch(transport, post("https://api.upstream.test/v1", content)) == (200, content)
            assert len(tunnels.heads) == 1
            assert tunnels.heads[0].startswith(b"CONNECT api.upstream.test:443 HTTP/1.1\r\n")
            assert upstream.requests[1].target == "/v1"
            assert upstream.requests[1].header("proxy-authorization") is None
            with pytest.raises(httpx.ConnectError):
                await fetch(transport, get("https://other.upstream.test/"))
            unverified = get("https://other.upstream.test/", verify_tls=False)
            assert await fetch(transport, unverified) == (200, content)


async def test_plain_upstream_is_asked_for_by_its_whole_url() -> None:
    async with ScriptedUpstream([answer(b"ok")]) as proxy, proxied(with_login(proxy.url)) as transport:
        assert await fetch(transport, post("http://upstream.test:8080/v1?a=b", b"hello")) == (200, b"ok")
        seen = proxy.requests[0]
        assert seen.target == "http://upstream.test:8080/v1?a=b"
        assert seen.body == b"hello"
        assert seen.header("proxy-authorization") == LOGIN.decode()


async def test_proxy_that_refuses(trusting: ssl.SSLContext) -> None:
    async with raw_server(Tunnels(1)) as url, proxied(url, trusting) as transport:
        with pytest.raises(httpx.ProxyError):
            await fetch(transport, get("https://upstream.test/"))


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "0xa9fea9fe"])
async def test_blocked_addresses_are_not_asked_for(host: str) -> None:
    async with ScriptedUpstream([answer(b"ok")]) as proxy, proxied(proxy.url) as transport:
        with pytest.raises(BlockedAddress):
            await fetch(transport, get(f"http://{host}/latest"))
        assert proxy.requests == []


async def test_spared_hosts_are_dialled() -> None:
    async with (
        ScriptedUpstream([answer(b"direct")]) as upstream,
        ScriptedUpstream([answer(b"proxy")]) as proxy,
    ):
        async with proxied(proxy.url, spared="127.0.0.0/8") as transport:
            assert await fetch(transport, get(upstream.url)) == (200, b"direct")
            assert await fetch(transport, get("http://10.0.0.1/")) == (200, b"proxy")
        async with Transport() as direct:
            assert through(None, "", direct) is direct
            assert isinstance(through(proxy.url, "", direct), ProxiedTransport)


@pytest.mark.parametrize(
    ("host", "spared"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("models.corp.example", True),
        ("corp.example", True),
        ("notcorp.example", False),
        ("corp.example.org", False),
        ("127.9.9.9", True),
        ("2130706433", True),
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("[::1]", True),
        ("::2", False),
        ("api.openai.com", False),
    ],
)
def test_who_is_spared(host: str, spared: bool) -> None:
    text = "localhost, 127.0.0.0/8, [::1], .corp.example, *.corp.example, 10.1.0.0/16,"
    assert (host in Spared(text)) == spared
    assert host not in Spared("")


@pytest.mark.parametrize(
    ("waits", "reads"), [({"first_byte": 0.03, "read": 9}, 0), ({"first_byte": 9, "read": 0.03}, 1)]
)
async def test_first_byte_and_silence_have_limits_of_their_own(waits: dict[str, float], reads: int) -> None:
    script = [head() + chunk(b"a"), WAIT] if reads else [WAIT]
    async with ScriptedUpstream(script) as proxy, proxied(proxy.url) as transport:
        seen: list[bytes] = []

        async def collect() -> None:
            response = await transport.handle_async_request(post("http://upstream.test/", timeout=waits))
            async for piece in pieces(response):
                seen.append(piece)  # noqa: PERF401  # those that come before an error count

        with pytest.raises(httpx.ReadTimeout):
            await collect()
        assert len(seen) == reads


async def test_a_head_that_drips_is_cut_off() -> None:
    drip = [b"HTTP/1.1 200 OK\r\n", *[b"x-slow: 1\r\n", 0.01] * 200, WAIT]
    async with ScriptedUpstream(drip) as proxy, proxied(proxy.url) as transport:
        with pytest.raises(httpx.ReadTimeout):
            await fetch(transport, post("http://upstream.test/", timeout={"first_byte": 0.1}))


async def test_cancelled_requests_block_nobody() -> None:
    script = [head(), chunk(b"o"), chunk(b"k"), chunk(b"")]
    async with ScriptedUpstream(script) as proxy, proxied(proxy.url) as transport:
        for turns in range(0, 60, 2):
            tasks = [asyncio.create_task(fetch(transport, get("http://upstream.test/"))) for _ in range(8)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
            assert results[1::2] == [(200, b"ok")] * 4


async def test_closing_an_answer_closes_its_connection() -> None:
    async with ScriptedUpstream([head(), chunk(b"a"), WAIT]) as proxy, proxied(proxy.url) as transport:
        response = await transport.handle_async_request(get("http://upstream.test/"))
        await close(response)
        await until(proxy.connections[0].peer_left.is_set)


def test_setting() -> None:
    assert load({}, None).upstream_proxy is None
    assert load({"UPSTREAM_PROXY": "http://u:p@proxy:3128"}, None).upstream_proxy == "http://u:p@proxy:3128"
    for wrong in ("proxy:3128", "socks5://secret:1", "http://", "http://secret/path"):
        with pytest.raises(SettingsError, match="UPSTREAM_PROXY") as caught:
            load({"UPSTREAM_PROXY": wrong}, None)
        assert "secret" not in str(caught.value)
