"""New connections: resolve, check, dial exactly the checked address, shake hands. Addresses race as in RFC 8305."""

import asyncio
import functools
import itertools
import os
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import httpx

from app.providers.addresses import Address
from app.providers.transport.connection import Connection
from app.providers.transport.dns import Resolver
from app.providers.transport.errors import BlockedAddress, ConnectFailed, TlsError

HEAD_START = 0.25
"""Seconds an address gets before the next one is tried beside it (RFC 8305 part 5)."""


@functools.cache
def tls_context(*, verify: bool) -> ssl.SSLContext:
    """The process's client context; `verify=False` accepts any certificate."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Dialler:
    """Makes connections with `make`, to addresses that `allow` lets through."""

    def __init__(
        self, make: Callable[[], Connection], resolver: Resolver, allow: Callable[[Address], bool]
    ) -> None:
        self._make = make
        self._resolver = resolver
        self._allow = allow
        self._under_way: set[asyncio.Timeout] = set()

    async def connect(
        self, host: str, port: int, context: ssl.SSLContext | None, timeout: float | None
    ) -> Connection:
        """One connection; `context` makes it TLS, with `host` as the name to prove. All within `timeout` seconds.

        :raises httpx.ConnectTimeout, DnsError, BlockedAddress, ConnectFailed, TlsError:
        """
        try:
            async with asyncio.timeout(timeout) as limit:
                self._under_way.add(limit)
                try:
                    found = await self._resolver.resolve(host)
                    allowed = [address for address in found if self._allow(address)]
                    if not allowed:
                        raise BlockedAddress("The upstream's address is one that is never dialled")
                    return await race(
                        lambda address: self._dial(address, host, port, context), interleave(allowed)
                    )
                finally:
                    self._under_way.discard(limit)
        except TimeoutError:
            raise httpx.ConnectTimeout("The upstream could not be reached in time") from None

    async def _dial(
        self, address: Address, host: str, port: int, context: ssl.SSLContext | None
    ) -> Connection:
        connection = self._make()
        try:
            try:
                await asyncio.get_running_loop().create_connection(
                    lambda: cast(asyncio.Protocol, connection),
                    str(address),
                    port,
                    ssl=context,
                    server_hostname=host.removesuffix(".")
                    if context
                    else None,  # certificates have no final dot
                )
            except BaseException:
                connection.never_made()
                raise
        except ssl.SSLCertVerificationError as error:
            raise TlsError(f"The upstream's certificate is not accepted: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise TlsError(f"TLS handshake failed: {error.reason}") from None
        except (ConnectionResetError, ConnectionAbortedError) as error:
            if context is not None:
                raise TlsError("The upstream ended the TLS handshake") from None
            raise _failed(error) from None
        except TimeoutError:
            raise
        except OSError as error:
            raise _failed(error) from None
        return connection

    def stop(self) -> None:
        """Let all attempts time out now."""
        for limit in self._under_way:
            limit.reschedule(0)


def _failed(error: OSError) -> ConnectFailed:
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return ConnectFailed(f"The upstream could not be reached: {why}")


def interleave(addresses: Sequence[Address]) -> list[Address]:
    """Families in turn, beginning with that of the first address (RFC 8305 part 4)."""
    first = [address for address in addresses if address.version == addresses[0].version]
    other = [address for address in addresses if address.version != addresses[0].version]
    pairs = itertools.zip_longest(first, other)
    return [address for pair in pairs for address in pair if address is not None]


async def race(
    dial: Callable[[Address], Awaitable[Connection]],
    addresses: Sequence[Address],
    head_start: float = HEAD_START,
) -> Connection:
    """The first connection that stands; each further address joins after `head_start` seconds or a failure.

    :raises Exception: what the first address to fail raised, when all have failed.
    """
    if len(addresses) == 1:
        return await dial(addresses[0])
    waiting = deque(addresses)
    running: set[asyncio.Task[Connection]] = set()
    first_error: BaseException | None = None
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(dial(waiting.popleft())))
            done, running = await asyncio.wait(
                running, timeout=head_start if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            while done:
                task = done.pop()
                error = task.exception()
                if error is None:
                    running |= done
                    return task.result()
                first_error = first_error or error
    finally:
        for task in running:
            task.cancel()
            task.add_done_callback(discard_result)
    raise first_error or ConnectFailed("The upstream has no address")


def discard_result(task: asyncio.Task[Connection]) -> None:
    """Close the connection that a task has brought after nobody wanted it any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().discard()
