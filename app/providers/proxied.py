"""Upstreams behind an HTTP proxy: httpx's own transport speaks to the proxy, `transport` next door to all others.

A proxy looks names up and dials for us. So it is the proxy that must keep requests from addresses nobody should reach
(`addresses`): of those, only an address that stands in the URL itself is refused here.
"""

import asyncio
import ipaddress
import ssl

import httpx

from app.providers.addresses import is_blocked, literal
from app.providers.transport import BlockedAddress, Transport
from app.providers.transport.dial import tls_context

_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=55)
"""Without a limit on connections, for httpx loses the slot of a request cancelled at the wrong moment."""


def through(proxy: str | None, spared: str, direct: Transport) -> httpx.AsyncBaseTransport:
    """The transport for all upstreams: `direct` alone where there is no proxy.

    :param proxy: its URL, `http://` or `https://`, with user and password where it asks for them.
    :param spared: see `Spared`.
    """
    return direct if proxy is None else ProxiedTransport(proxy, Spared(spared), direct)


class Spared:
    """Hosts that are not reached through the proxy: names (and all below them), addresses and CIDR blocks."""

    def __init__(self, text: str) -> None:
        """:param text: the hosts, with commas between."""
        self._names: list[str] = []
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for part in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                self._networks.append(ipaddress.ip_network(part.strip("[]"), strict=False))
            except ValueError:
                self._names.append(part.removeprefix("*").removeprefix("."))

    def __contains__(self, host: str) -> bool:
        address = literal(host)
        if address is not None:
            return any(address in network for network in self._networks)
        dotted = "." + host.lower().removesuffix(".")
        return any(dotted.endswith("." + name) for name in self._names)


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Requests through a proxy, but for spared hosts, with what `Transport` reads of `request.extensions`.

    Must be awaited within an asyncio.Task: anyio, below httpx, asks for the current one.
    """

    def __init__(
        self, proxy: str, spared: Spared, direct: Transport, *, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """`ssl_context` takes the place of the system's certificates."""
        self._spared = spared
        self._direct = direct
        contexts = {True: ssl_context or tls_context(verify=True), False: tls_context(verify=False)}
        self._proxied = {
            verify: httpx.AsyncHTTPTransport(
                verify=context,
                trust_env=False,
                limits=_LIMITS,
                proxy=httpx.Proxy(proxy, ssl_context=contexts[True] if proxy.startswith("https:") else None),
            )
            for verify, context in contexts.items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """:raises httpx.TransportError: httpx.ProxyError among them: the proxy refuses the upstream."""
        host = request.url.raw_host.decode("ascii")
        if host in self._spared:
            return await self._direct.handle_async_request(request)
        address = literal(host)
        if address is not None and is_blocked(address):
            raise BlockedAddress("The upstream's address is one that is never dialled")
        extensions = dict(request.extensions)
        # httpcore reads `read` once for the head and anew when the body begins
        waits = extensions["timeout"] = dict(extensions.get("timeout") or {})
        idle = waits.get("read")
        first_byte = waits.pop("first_byte", None)
        patience = None
        if first_byte is not None:
            waits["read"] = first_byte
            patience = first_byte + (waits.get("connect") or 0)  # however slowly the head drips
        request.extensions = extensions
        transport = self._proxied[extensions.get("verify_tls", True) is not False]
        try:
            async with asyncio.timeout(patience):
                response = await transport.handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout("The upstream did not answer in time") from None
        waits["read"] = idle
        return response

    async def aclose(self) -> None:
        for transport in self._proxied.values():
            await transport.aclose()
        await self._direct.aclose()
