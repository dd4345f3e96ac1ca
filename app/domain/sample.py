"""A request as people write it down: for tests kept with a rule, explanations, and what an analysis shows."""

from datetime import datetime
from typing import Any

import msgspec

Scalar = str | int | float | bool


class SampleKey(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What rules can see of an API key."""

    id: int = 0
    name: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Scalar] = {}


class Sample(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One request. Whatever is left out is missing; `rules.sample` makes Facts of it."""

    endpoint: str = "chat/completions"
    """Name of the route (`protocols.endpoints`)."""
    headers: dict[str, str | tuple[str, ...]] = {}
    """Several lines of one name as a list."""
    body: dict[str, Any] = {}
    """Its `model` and `stream` are the request's."""
    api_key: SampleKey | None = None
    client_ip: str | None = None
    at: datetime | None = None
    """When the request came; None is the epoch."""
    input_tokens: int | None = None
    """What the gateway counts; None: to be counted where a rule asks for it."""
