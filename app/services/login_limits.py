"""How many failed logins an account and a client may have. Counted per process, in bounded memory."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from app.common.clock import Clock, SystemClock
from app.common.errors import Forbidden, TooManyAttempts, Unauthenticated

FAILURES = 10
WINDOW = 15 * 60.0
"""Seconds a failure counts."""
MAX_BUCKETS = 10_000

Bucket = deque[float]


class LoginLimits:
    """Ten failures in 15 minutes, per account and per client address.

    A try counts as failed from its start until it has ended well, so that parallel tries can't outrun the limit.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    @contextmanager
    def attempt(self, account: str, client: str | None) -> Iterator[None]:
        """Around one try. It failed where the block raises `Unauthenticated` or `Forbidden`; all else is forgotten.

        :raises TooManyAttempts: with the seconds until the next try may be made.
        """
        now = self._clock.monotonic()
        buckets = [self._bucket(("account", account), now), self._bucket(("client", _network(client)), now)]
        for bucket in buckets:
            if len(bucket) >= FAILURES:
                wait = bucket[0] + WINDOW - now
                raise TooManyAttempts("Too many failed logins. Try again later.", retry_after=wait)
        for bucket in buckets:
            bucket.append(now)
        failed = False
        try:
            yield
        except (Unauthenticated, Forbidden):
            failed = True
            raise
        finally:
            if not failed:
                for bucket in buckets:
                    if now in bucket:
                        bucket.remove(now)

    def _bucket(self, key: tuple[str, str], now: float) -> Bucket:
        bucket = self._buckets.setdefault(key, deque())
        self._buckets.move_to_end(key)
        while bucket and bucket[0] <= now - WINDOW:
            bucket.popleft()
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket


def _network(client: str | None) -> str:
    """One customer's addresses: a /64 of IPv6, a single address of IPv4."""
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return client or ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
