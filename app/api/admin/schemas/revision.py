"""Revisions in the admin API: read only."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.api.admin.schemas.base import Page, Time
from app.db.tables.revision import RevisionRow
from app.domain.admin import ActorKind


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field before and after. Secrets read `(changed)`."""

    old: Annotated[Any, Meta(description="Value before; null where the resource was made.")]
    new: Annotated[Any, Meta(description="Value after; null where the resource was deleted.")]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the configuration."""

    id: Annotated[int, Meta(description="Number of the revision; the greatest one is the configuration's.")]
    at: Annotated[Time, Meta(description="When.")]
    actor_kind: Annotated[ActorKind, Meta(description="How who did it was authenticated.")]
    actor_name: Annotated[str, Meta(description="Who did it: user, token, or command.")]
    action: Annotated[str, Meta(description="What was done, e.g. `create`, `update`, `delete`.")]
    resource: Annotated[str, Meta(description="Kind of resource, e.g. `provider`.")]
    resource_id: Annotated[int | None, Meta(description="Number of the resource.")]
    resource_name: Annotated[str, Meta(description="Name of the resource then; for targets, of their model.")]
    changes: Annotated[dict[str, FieldChange], Meta(description="The fields that changed.")]

    @classmethod
    def of(cls, row: RevisionRow) -> "Revision":
        return cls(
            id=row.id,
            at=row.at,
            actor_kind=ActorKind(row.actor_kind),
            actor_name=row.actor_name,
            action=row.action,
            resource=row.resource,
            resource_id=row.resource_id,
            resource_name=row.resource_name,
            changes={
                field: FieldChange(old=pair["old"], new=pair["new"]) for field, pair in row.changes.items()
            },
        )


class RevisionPage(Page, frozen=True, kw_only=True):
    """One page of revisions."""

    items: Annotated[list[Revision], Meta(description="Revisions, newest first.")]
