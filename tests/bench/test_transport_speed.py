"""Our upstream transport against aiohttp's and httpx's: CPU per request, plain and over TLS. `just bench` prints it.

The upstream is a process of its own, so that the process clock counts the client alone.
"""

import asyncio
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
import pytest
import trustme
import uvloop

from tests.transport.kinds import KINDS

pytestmark = pytest.mark.bench

_UPSTREAM = """
import asyncio, ssl, sys, uvloop
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 400\\r\\n\\r\\n" + b"x" * 400
class Serve(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.left = transport, 0
    def data_received(self, data):
        if not self.left:
            head, _, data = data.partition(b"\\r\\n\\r\\n")
            self.left = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0])
        self.left -= len(data)
        if not self.left:
            self.transport.write(ANSWER)
async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1])
    server = await asyncio.get_running_loop().create_server(Serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
uvloop.run(main())
"""
_CALLERS = 32
_REQUESTS = 3_000
_ROUNDS = 5
_BODY = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * 400 + b'"}]}'


@pytest.fixture(params=["plain", "tls"])
def upstream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ssl.SSLContext | None]]:
    """Its URL, and the context that trusts it."""
    arguments, trust = [], None
    if request.param == "tls":
        authority = trustme.CA()
        certificate = tmp_path / "certificate.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        arguments, trust = [str(certificate)], ssl.create_default_context()
        authority.configure_trust(trust)
    process = subprocess.Popen(
        [sys.executable, "-c", _UPSTREAM, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        yield f"{'https' if trust else 'http'}://127.0.0.1:{port}/v1/chat/completions", trust
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


_HEADERS = [("content-type", "application/json"), ("authorization", "Bearer x"), ("accept", "*/*")]
Send = Callable[[], Awaitable[bytes]]


def _through(transport: httpx.AsyncBaseTransport, url: str) -> Send:
    target = httpx.URL(url)
    timeout = {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 30.0}

    async def send() -> bytes:
        request = httpx.Request(
            "POST", target, headers=_HEADERS, content=_BODY, extensions={"timeout": timeout}
        )
        response = await transport.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        body = b"".join([piece async for piece in response.stream])
        await response.stream.aclose()
        return body

    return send


def _session(session: aiohttp.ClientSession, url: str) -> Send:
    """aiohttp as its own users know it, without httpx's messages."""

    async def send() -> bytes:
        async with session.post(url, data=_BODY, headers=_HEADERS) as response:
            return await response.read()

    return send


async def _cost(send: Send, requests: int) -> float:
    """Microseconds of CPU per request."""

    async def caller() -> None:
        for _ in range(requests // _CALLERS):
            assert len(await send()) == 400

    begun = time.process_time()
    await asyncio.gather(*[caller() for _ in range(_CALLERS)])
    return (time.process_time() - begun) * 1e6 / (requests // _CALLERS * _CALLERS)


def test_cpu_per_request(upstream: tuple[str, ssl.SSLContext | None]) -> None:
    url, trust = upstream

    async def measure() -> dict[str, list[float]]:
        async with AsyncExitStack() as stack:
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust or True))
            sends = {"aiohttp's own client": _session(await stack.enter_async_context(session), url)}
            for name, make in KINDS.items():
                sends[name] = _through(await stack.enter_async_context(make(trust=trust)), url)
            for send in sends.values():
                await _cost(send, 320)
            rounds: dict[str, list[float]] = {name: [] for name in sends}
            for _ in range(_ROUNDS):
                for name, send in sends.items():
                    rounds[name].append(await _cost(send, _REQUESTS // 10 if name == "httpx" else _REQUESTS))
            return rounds

    rounds = uvloop.run(measure())
    cost = {name: statistics.median(values) for name, values in rounds.items()}
    scheme = url.partition(":")[0]
    for name, value in cost.items():
        sys.stdout.write(
            f"{scheme} {name}: {value:.0f} us of CPU per request, {value / cost['ours']:.2f} x ours\n"
        )
    assert min(cost["aiohttp"], cost["aiohttp's own client"]) >= 1.5 * cost["ours"]
