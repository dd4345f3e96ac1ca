"""From a name to a connection: names that fail or hang, addresses that refuse or hang."""

import asyncio
import contextlib
import socket

import httpx
import pytest

from tests.support.sockets import ScriptedUpstream, answer, refused_port
from tests.transport.kinds import Make, differs
from tests.transport.loops import Names
from tests.unit.providers.transport.support import fetch, get


async def test_host_header_and_address_of_a_name(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    names["upstream.test"] = ["127.0.0.1"]
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        assert await fetch(seam, get(f"http://upstream.test:{upstream.port}/")) == (200, b"ok")
        assert upstream.requests[0].header("host") == f"upstream.test:{upstream.port}"


@differs(aiohttp="says ConnectTimeout, as if it had waited")
async def test_name_without_an_address(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    names["gone.test"] = socket.gaierror(socket.EAI_NONAME, "unknown")
    with pytest.raises(httpx.ConnectError):
        await fetch(seam, get("http://gone.test/"))


async def test_name_server_that_hangs(make: Make, names: Names) -> None:
    """The connect timeout covers the lookup, and the slot is free afterwards."""
    seam = make(limit=1)
    names["slow.test"] = asyncio.Event()
    names["upstream.test"] = ["127.0.0.1"]
    with pytest.raises(httpx.TimeoutException):
        await fetch(seam, get("http://slow.test/", timeout={"connect": 0.03, "pool": 0.03}))
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        assert await fetch(seam, get(f"http://upstream.test:{upstream.port}/")) == (200, b"ok")


@pytest.mark.parametrize("first", ["::1", "127.0.0.2"])
async def test_first_address_refuses(seam: httpx.AsyncBaseTransport, names: Names, first: str) -> None:
    names["upstream.test"] = [first, "127.0.0.1"]
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        assert await fetch(seam, get(f"http://upstream.test:{upstream.port}/")) == (200, b"ok")


async def test_first_address_hangs(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    """Happy eyeballs: the second is tried beside it before the connect timeout is over."""
    names["upstream.test"] = ["127.0.0.2", "127.0.0.1"]
    async with ScriptedUpstream([answer(b"ok")]) as upstream:
        with socket.socket() as full, contextlib.ExitStack() as stack:
            full.bind(("127.0.0.2", upstream.port))
            full.listen(0)
            for _ in range(4):  # fill the queue of connections nobody accepts; further ones hang
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            request = get(f"http://upstream.test:{upstream.port}/", timeout={"connect": 5, "pool": 5})
            assert await asyncio.wait_for(fetch(seam, request), 2) == (200, b"ok")


@differs(aiohttp="says ConnectTimeout, as if it had waited")
async def test_every_address_refuses(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    names["upstream.test"] = ["127.0.0.1", "127.0.0.2"]
    with pytest.raises(httpx.ConnectError):
        await fetch(seam, get(f"http://upstream.test:{refused_port()}/"))


@differs(
    httpx="dials whatever the name server says",
    aiohttp="dials whatever the name server says",
)
async def test_metadata_addresses_are_never_dialled(seam: httpx.AsyncBaseTransport, names: Names) -> None:
    names["rebound.test"] = ["169.254.169.254"]
    with pytest.raises(httpx.ConnectError, match="never dialled"):
        await fetch(seam, get("http://rebound.test/", timeout={"connect": 0.05, "pool": 0.05}))
