"""The two ports between the hot path and the database side; `services` plugs into both."""

from typing import Protocol

from app.domain.exchange import Exchange
from app.domain.snapshot import RoutingSnapshot


class SnapshotSource(Protocol):
    """Where the hot path gets its configuration. Reading either attribute does no I/O."""

    current: RoutingSnapshot
    fresh: bool
    """The database answered lately, so a key missing from `current` does not exist. False: it may."""

    def key_digest(self, value: str) -> bytes:
        """Keyed hash of a presented API key, as used in `RoutingSnapshot.keys`."""


class LogSink(Protocol):
    """Where finished exchanges go."""

    def put(self, exchange: Exchange) -> None:
        """Take the record; never waits and never raises. A full queue drops it and counts the drop."""
