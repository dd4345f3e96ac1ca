"""A stored vendor account, as the hot path sees it: where it is, how it speaks, what it wants to be shown."""

from enum import StrEnum

import msgspec


class Protocol(StrEnum):
    """The wire format a provider speaks, and a client route belongs to."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. `first_byte` runs from the request sent to the response head, `idle` between two pieces of a body."""

    connect: float
    first_byte: float
    idle: float
    total: float


class Provider(msgspec.Struct, frozen=True):
    """One provider of a snapshot. Never logged or encoded whole: `credential` is in the clear."""

    id: int
    name: str
    protocol: Protocol
    base_url: str
    credential: str | None
    headers: tuple[tuple[str, str], ...]
    """Fixed headers of the provider's own, sent with every request."""
    timeouts: Timeouts
    verify_tls: bool = True

    def __repr__(self) -> str:
        return f"Provider(id={self.id}, name={self.name!r})"
