"""The transports that the suite holds to the same expectations, and how a test says where one falls short of them."""

import ssl
from collections.abc import Callable
from functools import cache

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from app.providers.transport import Transport
from app.providers.transport.dial import tls_context

Make = Callable[..., httpx.AsyncBaseTransport]
"""Makes a transport: `limit` connections [100], `trust` as TLS context [the system's]."""


@cache
def _system() -> ssl.SSLContext:
    return tls_context(verify=True)


def ours(*, limit: int = 100, trust: ssl.SSLContext | None = None) -> httpx.AsyncBaseTransport:
    return Transport(max_connections_per_origin=limit, ssl_context=trust or _system())


def httpx_own(*, limit: int = 100, trust: ssl.SSLContext | None = None) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=limit, max_keepalive_connections=limit, keepalive_expiry=55)
    return httpx.AsyncHTTPTransport(verify=trust or _system(), limits=limits, trust_env=False)


def aiohttp_own(*, limit: int = 100, trust: ssl.SSLContext | None = None) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=limit, keepalive_expiry=55)
    return AiohttpTransport(verify=trust or _system(), limits=limits, trust_env=False)


KINDS: dict[str, Make] = {"ours": ours, "httpx": httpx_own, "aiohttp": aiohttp_own}


def differs(**reasons: str) -> pytest.MarkDecorator:
    """These transports (`httpx`, or `httpx_uvloop` on that event loop alone) fail this test, for these reasons.

    Strict: the day one passes, the suite says so.
    """
    assert not any(name.startswith("ours") for name in reasons), "ours has no excuses"
    return pytest.mark.differs(**reasons)


def excuse(marker: pytest.Mark, kind: str, loop: str) -> str | None:
    """Why this transport may fail the marked test on this event loop."""
    reason: str | None = marker.kwargs.get(kind) or marker.kwargs.get(f"{kind}_{loop}")
    return reason
