"""What the services of the configuration resources have in common: fields given, versions, revisions.

A service works in the transaction it is given and never ends it. Not built on advanced-alchemy's services, whose
inherited `create`, `update` and `delete` would be a second way to write, past the revisions.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError, PreconditionFailed, ResourceNotFound, ValidationFailed
from app.db.tables.base import Row
from app.domain.admin import Actor
from app.services import revisions

RowT = TypeVar("RowT", bound=Row)


def given(fields: msgspec.Struct) -> dict[str, Any]:
    """The fields of a create or update that were sent, by name."""
    values = msgspec.structs.asdict(fields)
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


def etag(row: Row) -> str:
    """The entity tag (RFC 9110 part 8.8.3) of a resource: its id, since names come back, and its version."""
    return f'"{row.id}-{row.version}"'


def check_version(row: Row, if_match: str | None) -> None:
    """Compare with an `If-Match` header (RFC 9110 part 13.1.1).

    :raises PreconditionFailed: the resource has changed since.
    """
    current = etag(row)
    if if_match is None or if_match.strip() == "*":
        return
    if current not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailed("The resource has changed since it was read. Read it again.", etag=current)


def name_taken() -> Conflict:
    return Conflict("This name is taken.", code="name_taken")


def refuse(faults: list[FieldError]) -> None:
    """:raises ValidationFailed: there are any."""
    if faults:
        detail = "; ".join(f"{fault.pointer}: {fault.message}" for fault in faults)
        raise ValidationFailed(detail, errors=tuple(faults))


class ResourceService(Generic[RowT]):
    """Base of the services: `resource` is the kind of resource in revisions and messages."""

    resource: ClassVar[str]

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        self._session = session
        self._actor = actor

    def fields(self, row: RowT) -> dict[str, Any]:
        """What a revision compares: all columns except those that change by themselves. Secrets are bytes."""
        hidden = ("id", "version", "created_at", "updated_at")
        return {
            attribute.key: getattr(row, attribute.key)
            for attribute in row.__mapper__.column_attrs
            if attribute.key not in hidden
        }

    async def _record(
        self,
        action: str,
        row: RowT,
        name: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        await revisions.record(
            self._session,
            self._actor,
            action=action,
            resource=self.resource,
            resource_id=row.id,
            resource_name=name,
            before=before,
            after=after,
        )

    def _not_found(self) -> ResourceNotFound:
        return ResourceNotFound(f"There is no such {self.resource.replace('_', ' ')}.")
