"""Targets in the admin API: always under a model."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import Id, Resource, Rule
from app.services.resource import etag
from app.services.targets import MOST, StoredTarget

ProviderId = Annotated[Id, Meta(description="Number of the provider.")]
TargetModel = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?(?![\s\S])",
        description="What the provider is sent as `model`. Printable ASCII.",
    ),
]
Priority = Annotated[
    int, Meta(ge=0, le=1_000_000, description="For the strategy `priority`: lower ones are tried first.")
]
Weight = Annotated[
    int,
    Meta(
        ge=1, le=1_000_000, description="For the strategy `weighted`: its share against the others' weights."
    ),
]
IsActive = Annotated[bool, Meta(description="False: left out of routing.")]


class Target(Resource, frozen=True, kw_only=True):
    """One provider under a model."""

    provider_id: ProviderId
    provider: Annotated[str, Meta(description="Name of the provider.")]
    target_model: TargetModel
    rule: Rule
    priority: Priority
    weight: Weight
    is_active: IsActive

    @classmethod
    def of(cls, stored: StoredTarget) -> "Target":
        row, provider = stored
        return cls(
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            etag=etag(row),
            provider_id=row.provider_id,
            provider=provider,
            target_model=row.target_model,
            rule=row.rule,
            priority=row.priority,
            weight=row.weight,
            is_active=row.is_active,
        )


class TargetCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target to be put after the others."""

    provider_id: ProviderId
    target_model: TargetModel
    rule: Rule = ""
    priority: Priority = 0
    weight: Weight = 1
    is_active: IsActive = True


class TargetUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a target. What is absent stays."""

    provider_id: ProviderId | UnsetType = UNSET
    target_model: TargetModel | UnsetType = UNSET
    rule: Rule | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    weight: Weight | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET


class TargetOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new order of the targets of a model."""

    target_ids: Annotated[list[Id], Meta(max_length=MOST, description="Each target of the model once.")]


class TargetList(msgspec.Struct, frozen=True, kw_only=True):
    """All targets of a model."""

    items: Annotated[list[Target], Meta(description="Targets in the order of the model.")]

    @classmethod
    def of(cls, stored: list[StoredTarget]) -> "TargetList":
        return cls(items=[Target.of(target) for target in stored])
