"""The upstream transport: HTTP/1.1 over event loop protocols behind httpx's seam, made for being cancelled all day."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import httpx

from app.common import driver
from app.common.clock import Clock, SystemClock, TimerHandle
from app.providers.addresses import Address, is_blocked
from app.providers.call import Call, OriginKey, Waits
from app.providers.transport.answer import Answer
from app.providers.transport.connection import Connection
from app.providers.transport.dial import Dialler, discard_result, tls_context
from app.providers.transport.dns import Resolver
from app.providers.transport.errors import ConnectionReset, SendFailed
from app.providers.transport.pool import Origin, OriginStats
from app.providers.transport.request import Outgoing, encode, pieces_of

_PORTS: Final = {b"http": 80, b"https": 443}
_NO_WAITS: Final = Waits()
_CLOSING: Final = 1.0  # seconds for the event loop to close the sockets; it takes a few turns


def _allowed(address: Address) -> bool:
    return not is_blocked(address)


class Transport(httpx.AsyncBaseTransport):
    """Connections to all upstreams, kept alive and shared. No cookies, redirects, proxies, pipelining or upgrades.

    `request.extensions` may hold
    `timeout`: seconds as httpx has them: `pool` for a free connection, `connect` for DNS, TCP and TLS together, `read`
    and `write` for the longest silence of the upstream, and `first_byte` from the request sent to the whole head of
    the answer (without it `read` counts there, too). Absent or None: no limit;
    `verify_tls`: False accepts any certificate [True].

    A request that finds its kept-alive connection closed before a single byte of the answer is sent once more on
    another connection: an upstream that closes an idle connection has, as a rule, not seen the request (RFC 9112
    part 9.3.1 and 9.5). That is not certain, so it happens once only, never on a connection that was fresh, and the
    response says so in `extensions["resent"]`.
    """

    def __init__(
        self,
        *,
        max_connections_per_origin: int = 1000,
        keepalive_idle: float = 55,
        max_header_bytes: int = 64 * 1024,
        high_water: int = 128 * 1024,
        resolver: Resolver | None = None,
        allow: Callable[[Address], bool] = _allowed,
        ssl_context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`keepalive_idle` in seconds. Reading stops while more than `high_water` bytes of an answer are unread.

        `ssl_context` takes the place of the system's certificates; it is not used where `verify_tls` is False.
        """
        self._clock = clock or SystemClock()
        self._limit = max_connections_per_origin
        self._keepalive = keepalive_idle
        self._head_limit = max_header_bytes
        self._high_water = high_water
        self._context = ssl_context or tls_context(verify=True)
        self._resolver = resolver or Resolver(self._clock)
        self._dialler = Dialler(self._connection, self._resolver, allow)
        self._origins: dict[
            OriginKey, Origin
        ] = {}  # as many as providers had over time: not worth forgetting
        self._links: set[Connection] = set()
        self._sweeping: TimerHandle | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; returns when the head of the answer is there. The caller must `aclose()` the response.

        :raises httpx.TransportError: as listed in `errors`.
        :raises httpx.LocalProtocolError, httpx.UnsupportedProtocol: the request can't be sent at all.
        """
        extensions = request.extensions
        timeout = extensions.get("timeout")
        waits = _waits(timeout) if timeout else _NO_WAITS
        url = request.url
        key = (url.raw_scheme, url.raw_host, url.port, extensions.get("verify_tls", True) is not False)
        answer = await self._request(key, encode(request), waits, no_body=request.method == "HEAD")
        extensions = {"resent": True} if answer.resent else {}
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer),
            extensions=extensions,
            request=request,
        )

    async def send(self, call: Call) -> Answer:
        """The same for the hot path, without httpx's messages: it implements `call.Upstream`."""
        prepared = call.prepared
        origin = self._origins.get(prepared.origin) or self._add_origin(prepared.origin)
        waits = prepared.waits
        pieces = pieces_of(call)
        link = origin.take() or await self._obtain(origin, waits, fresh=False)
        kept_alive = link.used
        answer = Answer(link, waits, no_body=False)
        link.start(answer, pieces)
        turn = link.turn
        try:  # as `_exchange` does it, without its two coroutines
            while not answer.status and answer.error is None:
                link.watch()
                await turn
        except BaseException:
            answer.abandon()
            raise
        if answer.error is not None and not answer.status:
            if not (kept_alive and _is_stale(answer)):
                raise answer.error
            return await self._again(origin, Outgoing(pieces), waits, no_body=False)
        return answer

    async def _request(self, key: OriginKey, outgoing: Outgoing, waits: Waits, *, no_body: bool) -> Answer:
        origin = self._origins.get(key) or self._add_origin(key)
        link = origin.take() or await self._obtain(origin, waits, fresh=False)
        kept_alive = link.used
        answer = await self._exchange(link, outgoing, waits, no_body=no_body)
        if kept_alive and outgoing.stream is None and _is_stale(answer):
            return await self._again(origin, outgoing, waits, no_body=no_body)
        if not answer.status and answer.error is not None:
            raise answer.error
        return answer

    async def _again(self, origin: Origin, outgoing: Outgoing, waits: Waits, *, no_body: bool) -> Answer:
        """Send a request once more whose kept-alive connection was dead."""
        link = await self._obtain(origin, waits, fresh=True)
        answer = await self._exchange(link, outgoing, waits, no_body=no_body)
        answer.resent = True
        if not answer.status and answer.error is not None:
            raise answer.error
        return answer

    async def _exchange(self, link: Connection, outgoing: Outgoing, waits: Waits, *, no_body: bool) -> Answer:
        answer = Answer(link, waits, no_body=no_body)
        link.start(answer, outgoing.pieces)
        if outgoing.stream is not None:
            await link.send(answer, outgoing)
        while not answer.status and answer.error is None:
            await answer.wait()
        return answer

    async def _obtain(self, origin: Origin, waits: Waits, *, fresh: bool) -> Connection:
        """A connection of the pool, else a new one."""
        self._check_open()
        link = await origin.admit(waits.pool, fresh=fresh)
        if link is not None:
            return link
        try:
            self._check_open()
            context = None
            if origin.scheme == "https":
                context = self._context if origin.verify else tls_context(verify=False)
            link = await self._connect(origin, context, waits.connect)
            if self._closed or link.gone:
                link.discard()
                raise ConnectionReset("The upstream closed the connection at once", in_body=False)
        except BaseException:
            origin.free()
            raise
        link.origin = origin
        if self._sweeping is None:
            self._schedule_sweep()
        return link

    async def _connect(
        self, origin: Origin, context: ssl.SSLContext | None, seconds: float | None
    ) -> Connection:
        connecting = self._dialler.connect(origin.host, origin.port, context, seconds)
        if driver.current() is None:
            return await connecting
        task = asyncio.get_running_loop().create_task(connecting)  # it asks asyncio for the current task
        try:
            return await task
        except BaseException:
            task.add_done_callback(discard_result)  # it may have come in the very moment we were cancelled
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("The transport is closed")

    def _connection(self) -> Connection:
        return Connection(
            self._clock,
            self._links,
            high_water=self._high_water,
            head_limit=self._head_limit,
        )

    def _add_origin(self, key: OriginKey) -> Origin:
        scheme, host, port, verify = key
        if scheme not in _PORTS or not host:
            raise httpx.UnsupportedProtocol(
                "The upstream's URL must begin with http:// or https:// and have a host"
            )
        origin = self._origins[key] = Origin(
            scheme.decode("ascii"),
            host.decode("ascii"),
            port or _PORTS[scheme],
            verify=verify,
            limit=self._limit,
            clock=self._clock,
        )
        return origin

    def _schedule_sweep(self) -> None:
        self._sweeping = self._clock.call_later(self._keepalive / 10, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        before = self._clock.monotonic() - self._keepalive
        for origin in self._origins.values():
            origin.close_idle(before)
        if any(origin.opened for origin in self._origins.values()):
            self._schedule_sweep()

    async def probe(self, url: httpx.URL, *, tls: bool, verify_tls: bool = True, timeout: float) -> None:
        """Open one more connection to where a request would go and close it unused, for connection tests.

        :param tls: with the handshake that a request to `https` begins with; else TCP alone.
        :raises httpx.TransportError: as a request would.
        """
        self._check_open()
        context = (self._context if verify_tls else tls_context(verify=False)) if tls else None
        port = url.port or _PORTS[url.raw_scheme]
        link = await self._dialler.connect(url.raw_host.decode("ascii"), port, context, timeout)
        link.discard()

    def stats(self) -> list[OriginStats]:
        """Figures of each origin that has connections."""
        return [origin.stats for origin in self._origins.values() if origin.opened]

    async def aclose(self) -> None:
        """Close everything; requests under way fail, further ones raise RuntimeError."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for origin in self._origins.values():
            origin.refuse(RuntimeError("The transport is closed"))
        self._dialler.stop()
        await self._resolver.aclose()
        links = list(self._links)
        for link in links:
            link.fail(ConnectionReset("The transport was closed", in_body=False))
        if links:
            await asyncio.wait([link.lost for link in links], timeout=_CLOSING)


class _Stream(httpx.AsyncByteStream):
    """An answer's body as httpx takes it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer

    async def aclose(self) -> None:
        await self._answer.aclose()


def _waits(timeout: Mapping[str, float | None]) -> Waits:
    get = timeout.get
    return Waits(get("connect"), get("read"), get("write"), get("pool"), get("first_byte"))


def _is_stale(answer: Answer) -> bool:
    """The connection had been closed before our request came: see `Transport`."""
    unanswered = not answer.status and not answer.silent
    return unanswered and isinstance(answer.error, ConnectionReset | SendFailed)
