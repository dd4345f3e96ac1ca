"""Models in the admin API."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.api.admin.schemas.base import ModelName, Notes, Page, Resource, Rule
from app.api.admin.schemas.target import Target, TargetCreate
from app.domain.model import Strategy
from app.services.models import StoredModel
from app.services.resource import etag
from app.services.targets import MOST

StrategyField = Annotated[
    Strategy, Meta(description="How the targets that pass their rules are put in order.")
]
MaxAttempts = Annotated[
    Annotated[int, Meta(ge=1, le=100)] | None,
    Meta(description="Attempts on one target, the first included; null: the setting `RETRY_MAX_ATTEMPTS`."),
]
DelayMs = Annotated[
    Annotated[int, Meta(ge=0, le=600_000)] | None,
    Meta(description="Milliseconds between attempts on one target; null: the setting `RETRY_DELAY_MS`."),
]
MaxDelayMs = Annotated[
    Annotated[int, Meta(ge=0, le=600_000)] | None,
    Meta(
        description="A longer `retry-after` moves on to the next target; null: the setting `RETRY_MAX_DELAY_MS`."
    ),
]
MaxAttemptsTotal = Annotated[
    Annotated[int, Meta(ge=1, le=1000)] | None,
    Meta(description="Attempts over all targets; null: the setting `MAX_ATTEMPTS_TOTAL`."),
]
FinalStatuses = Annotated[
    list[Annotated[int, Meta(ge=400, le=499)]],
    Meta(
        max_length=100, description="Statuses of 400-499 passed on at once instead of trying the next target."
    ),
]
IsActive = Annotated[bool, Meta(description="False: clients are told that there is no such model.")]


class Model(Resource, frozen=True, kw_only=True):
    """A public name clients ask for, with a rule, a strategy and targets."""

    name: ModelName
    rule: Rule
    strategy: StrategyField
    retry_max_attempts: MaxAttempts
    retry_delay_ms: DelayMs
    retry_max_delay_ms: MaxDelayMs
    max_attempts_total: MaxAttemptsTotal
    final_statuses: FinalStatuses
    is_active: IsActive
    notes: Notes
    targets: Annotated[list[Target], Meta(description="Its targets in their order.")]

    @classmethod
    def of(cls, stored: StoredModel) -> "Model":
        row, targets = stored
        return cls(
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            etag=etag(row),
            name=row.name,
            rule=row.rule,
            strategy=Strategy(row.strategy),
            retry_max_attempts=row.retry_max_attempts,
            retry_delay_ms=row.retry_delay_ms,
            retry_max_delay_ms=row.retry_max_delay_ms,
            max_attempts_total=row.max_attempts_total,
            final_statuses=row.final_statuses,
            is_active=row.is_active,
            notes=row.notes,
            targets=[Target.of(target) for target in targets],
        )


class ModelCreate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model to be stored, with its targets if wanted."""

    name: ModelName
    rule: Rule = ""
    strategy: StrategyField = Strategy.ROUND_ROBIN
    retry_max_attempts: MaxAttempts = None
    retry_delay_ms: DelayMs = None
    retry_max_delay_ms: MaxDelayMs = None
    max_attempts_total: MaxAttemptsTotal = None
    final_statuses: FinalStatuses = []
    is_active: IsActive = True
    notes: Notes = ""
    targets: Annotated[
        list[TargetCreate], Meta(max_length=MOST, description="Its targets in their order.")
    ] = []


class ModelUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a model. What is absent stays. Targets are changed at `/targets`."""

    name: ModelName | UnsetType = UNSET
    rule: Rule | UnsetType = UNSET
    strategy: StrategyField | UnsetType = UNSET
    retry_max_attempts: MaxAttempts | UnsetType = UNSET
    retry_delay_ms: DelayMs | UnsetType = UNSET
    retry_max_delay_ms: MaxDelayMs | UnsetType = UNSET
    max_attempts_total: MaxAttemptsTotal | UnsetType = UNSET
    final_statuses: FinalStatuses | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET


class ModelPage(Page, frozen=True, kw_only=True):
    """One page of models."""

    items: Annotated[list[Model], Meta(description="Models in the order asked for.")]
