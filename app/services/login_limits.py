"""How many failed logins an account and a client may have."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from app.common.clock import Clock, SystemClock
from app.common.errors import Forbidden, TooManyAttempts, Unauthenticated

FAILURES = 10
WINDOW = 15 * 60.0
"""Seconds a failure counts."""
MAX_BUCKETS = 10_000

Bucket = deque[float]
Who = tuple[str, str]
"""`account` or `client`, and its name."""


class Failures(Protocol):
    """Counts failures of accounts and clients."""

    def begin(self, whom: Sequence[Who], now: float) -> float | None:
        """Note a failure of each at `now` (monotonic seconds), unless one of them has too many.

        :returns: the seconds until the next try may be made, and nothing was noted; else None.
        """

    def forget(self, whom: Sequence[Who], now: float) -> None:
        """Take back what was noted for `now`."""


class OwnFailures:
    """Of one process, in bounded memory. `shared_logins.py` next door counts over several."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[Who, Bucket] = OrderedDict()

    def begin(self, whom: Sequence[Who], now: float) -> float | None:
        buckets = [self._bucket(who, now) for who in whom]
        for bucket in buckets:
            if len(bucket) >= FAILURES:
                return bucket[0] + WINDOW - now
        for bucket in buckets:
            bucket.append(now)
        return None

    def forget(self, whom: Sequence[Who], now: float) -> None:
        for who in whom:
            bucket = self._buckets.get(who)
            if bucket is not None and now in bucket:
                bucket.remove(now)

    def _bucket(self, key: Who, now: float) -> Bucket:
        bucket = self._buckets.setdefault(key, deque())
        self._buckets.move_to_end(key)
        while bucket and bucket[0] <= now - WINDOW:
            bucket.popleft()
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket


class LoginLimits:
    """Ten failures in 15 minutes, per account and per client address.

    A try counts as failed from its start until it has ended well, so that parallel tries can't outrun the limit.
    """

    def __init__(self, clock: Clock | None = None, failures: Failures | None = None) -> None:
        self._clock = clock or SystemClock()
        self._failures = failures or OwnFailures()

    @contextmanager
    def attempt(self, account: str, client: str | None) -> Iterator[None]:
        """Around one try. It failed where the block raises `Unauthenticated` or `Forbidden`; all else is forgotten.

        :raises TooManyAttempts: with the seconds until the next try may be made.
        """
        now = self._clock.monotonic()
        whom = (("account", account), ("client", _network(client)))
        wait = self._failures.begin(whom, now)
        if wait is not None:
            raise TooManyAttempts("Too many failed logins. Try again later.", retry_after=wait)
        failed = False
        try:
            yield
        except (Unauthenticated, Forbidden):
            failed = True
            raise
        finally:
            if not failed:
                self._failures.forget(whom, now)


def _network(client: str | None) -> str:
    """One customer's addresses: a /64 of IPv6, a single address of IPv4."""
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return client or ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
