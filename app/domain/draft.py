"""Changes of a model that are tried and not stored: for explanations, replays and analyses."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.model import Strategy

_Rule = Annotated[str, Meta(max_length=4096, description="Its rule.")]


class DraftTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of one target. What is absent stays."""

    id: Annotated[int, Meta(ge=1, le=2**53 - 1, description="Number of the target.")]
    rule: _Rule | None = None
    priority: Annotated[int, Meta(ge=0, le=1_000_000, description="Lower ones are tried first.")] | None = (
        None
    )
    weight: (
        Annotated[int, Meta(ge=1, le=1_000_000, description="Share against the others' weights.")] | None
    ) = None
    is_active: Annotated[bool, Meta(description="False: left out of routing.")] | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a model, of its targets and of named lists. What is absent stays."""

    rule: _Rule | None = None
    strategy: Annotated[Strategy, Meta(description="How candidates are put in order.")] | None = None
    targets: Annotated[tuple[DraftTarget, ...], Meta(max_length=63, description="Changed targets.")] = ()
    lists: Annotated[
        dict[str, tuple[str, ...]], Meta(description="Named lists, without `$`, that are new or replaced.")
    ] = {}
