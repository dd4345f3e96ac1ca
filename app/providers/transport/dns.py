"""Names to addresses, off the event loop: remembered for a short while, and for longer while the name server fails."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from app.common.clock import Clock
from app.providers.addresses import Address, literal
from app.providers.transport.errors import DnsError

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to its addresses as texts, best first; raises OSError or UnicodeError when there are none."""


async def system_lookup(host: str) -> list[str]:
    """What the operating system says, in the order of RFC 6724."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Known(msgspec.Struct, frozen=True):
    addresses: tuple[Address, ...]
    found_at: float
    fresh_until: float


class Resolver:
    """Looks names up, each at most once at a time.

    An answer counts for `ttl` seconds. When no new one comes (within `patience` seconds), the last good one is used
    until it is `keep` seconds old, with a new try at most every `pause` seconds.
    """

    def __init__(
        self,
        clock: Clock,
        lookup: Lookup = system_lookup,
        *,
        ttl: float = 30,
        keep: float = 600,
        patience: float = 2,
        pause: float = 5,
    ) -> None:
        self._clock = clock
        self._lookup = lookup
        self._ttl = ttl
        self._keep = keep
        self._patience = patience
        self._pause = pause
        self._known: dict[str, _Known] = {}
        self._running: dict[str, asyncio.Task[_Known | DnsError]] = {}

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host name, or the one that `host` spells.

        :raises DnsError: there is none.
        """
        fixed = literal(host)
        if fixed is not None:
            return (fixed,)
        known = self._known.get(host)
        now = self._clock.monotonic()
        if known is not None and now < known.fresh_until:
            return known.addresses
        usable = known is not None and now < known.found_at + self._keep
        task = self._running.get(host)
        if task is None:
            task = self._running[host] = asyncio.get_running_loop().create_task(self._look_up(host))
        await asyncio.wait((task,), timeout=self._patience if usable else None)
        found = task.result() if task.done() else None
        if isinstance(found, _Known):
            return found.addresses
        if known is not None and usable:
            self._known[host] = msgspec.structs.replace(known, fresh_until=now + self._pause)
            return known.addresses
        raise DnsError("The upstream's name could not be resolved") from found

    async def _look_up(self, host: str) -> _Known | DnsError:
        try:
            found = tuple(ipaddress.ip_address(text) for text in await self._lookup(host))
            if not found:
                return DnsError("The upstream's name has no address")
        except (OSError, UnicodeError) as error:
            return DnsError(f"{type(error).__name__}: {error}")
        finally:
            self._running.pop(host, None)
        now = self._clock.monotonic()
        known = self._known[host] = _Known(found, now, now + self._ttl)
        return known

    async def aclose(self) -> None:
        """Give up what is being looked up."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
