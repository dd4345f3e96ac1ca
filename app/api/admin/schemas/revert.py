"""Undoing a revision in the admin API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.revision import Revision
from app.services import reverts


class Reverted(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing a revision has done."""

    revisions: Annotated[
        list[Revision], Meta(description="The revisions it left, in their order: at least one.")
    ]
    resource: Annotated[str, Meta(description="Kind of resource that was changed back.")]
    resource_id: Annotated[
        int | None,
        Meta(
            description="Number it has now; null where it is gone. What was deleted comes back with a new one."
        ),
    ]
    resource_name: Annotated[str, Meta(description="Name of the resource now; for targets, of their model.")]
    notes: Annotated[
        list[str], Meta(description="What is not as it was before, such as numbers, in sentences.")
    ]

    @classmethod
    def of(cls, found: reverts.Reverted) -> "Reverted":
        return cls(
            revisions=[Revision.of(row) for row in found.revisions],
            resource=found.resource,
            resource_id=found.resource_id,
            resource_name=found.resource_name,
            notes=found.notes,
        )
