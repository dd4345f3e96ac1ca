"""Everything the hot path reads, immutable and versioned. Built by `services/snapshot.py`, swapped as one reference."""

from typing import Any, Protocol

import msgspec

from app.domain.api_key import ApiKey
from app.domain.attempt import Verdict
from app.domain.model import Model, Target


class RuleSet(Protocol):
    """The compiled rules of one model. `facts` is a `rules.context.Facts`; nothing here ever raises."""

    @property
    def needs_tokens(self) -> bool:
        """A rule names `token_usage`: tokens have to be counted before `choose`."""

    def choose(self, facts: Any) -> tuple[Target, ...]:
        """Targets whose rules pass, in stored order; empty when the model rule refuses."""

    def explain(self, facts: Any) -> list[Verdict]:
        """The model's verdict and each target's, with the sub-expression that refused. Requests share the list."""


class Route(msgspec.Struct, frozen=True):
    """A model ready to be routed."""

    model: Model
    rules: RuleSet


class RoutingSnapshot(msgspec.Struct, frozen=True):
    """One consistent state of the configuration."""

    revision: int
    keys: dict[bytes, ApiKey]
    """By keyed hash of the presented value."""
    routes: dict[str, Route]
    """By requested model; active models only."""
