"""A model: the public name clients ask for, and the targets that can answer for it."""

from enum import StrEnum

import msgspec

from app.domain.provider import Provider


class Strategy(StrEnum):
    """How the candidates of a request are put in order; the rest of the order is the failover order."""

    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    PRIORITY = "priority"
    LEAST_LATENCY = "least_latency"


class Retry(msgspec.Struct, frozen=True):
    """How failures are met (contracts, part 1). Delays are seconds."""

    max_attempts: int
    """Attempts on one target, the first included."""
    delay: float
    max_delay: float
    """A `retry-after` of the upstream is honoured up to this; a longer one moves on to the next target."""
    max_attempts_total: int
    """Attempts over all targets."""
    final_statuses: frozenset[int] = frozenset()
    """Statuses of 400-499 that are passed on at once instead of trying the next target."""


class Target(msgspec.Struct, frozen=True):
    """One provider under a model."""

    id: int
    provider: Provider
    target_model: str
    rule: str
    priority: int
    weight: int


class Model(msgspec.Struct, frozen=True):
    """A requested model with its rule, strategy and targets (active ones only, in their stored order)."""

    id: int
    name: str
    rule: str
    strategy: Strategy
    retry: Retry
    targets: tuple[Target, ...]
    created: float
    """Seconds since the epoch."""
