"""Every test that takes `make` or `seam` runs on three transports, each on asyncio's event loop and on uvloop."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import trustme

from tests.transport.kinds import KINDS, Make, excuse
from tests.transport.loops import FACTORIES, Names


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "differs(**reasons): transports that fail this test, and why")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return FACTORIES


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    for marker in request.node.iter_markers("differs"):
        reason = excuse(marker, name, "uvloop" if "uvloop" in request.node.name else "asyncio")
        if reason is not None:
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    return name


@pytest.fixture
async def make(kind: str) -> AsyncIterator[Make]:
    """Makes transports of the kind; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def made(**options: Any) -> httpx.AsyncBaseTransport:
            transport = KINDS[kind](**options)
            stack.push_async_callback(transport.aclose)
            return transport

        yield made


@pytest.fixture
def seam(make: Make) -> httpx.AsyncBaseTransport:
    return make()


@pytest.fixture
async def names() -> Names:
    """What the event loop's name server says."""
    found: Names = asyncio.get_running_loop().names  # type: ignore[attr-defined]  # see `loops`
    return found


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
