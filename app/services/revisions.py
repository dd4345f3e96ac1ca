"""Revisions: who changed what of the configuration. Written in the transaction of the change itself."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.revision import RevisionRow
from app.domain.admin import Actor
from app.repositories.revisions import RevisionRepository

SESSION_KEY: Final = "revision"
"""In `session.info`: the newest revision of the transaction. Its presence says that the configuration has changed."""
SECRET: Final = "(changed)"  # noqa: S105  # what stands in for one


async def lock(session: AsyncSession) -> None:
    """To be called before reading what is about to be changed: changes of the configuration go one at a time."""
    await RevisionRepository(session).lock()


async def record(
    session: AsyncSession,
    actor: Actor,
    *,
    action: str,
    resource: str,
    resource_id: int | None,
    resource_name: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> int | None:
    """Write down one change.

    :param before: fields of the resource; None where it was just made. Values of type bytes are secrets.
    :param after: the same; None where it was deleted.
    :returns: the revision; None when `before` and `after` are equal, and there is nothing to write down.
    """
    changes = difference(before or {}, after or {})
    if before is not None and after is not None and not changes:
        return None
    await lock(session)
    row = RevisionRow(
        actor_kind=actor.kind.value,
        actor_name=actor.name,
        action=action,
        resource=resource,
        resource_id=resource_id,
        resource_name=resource_name,
        changes=changes,
    )
    session.add(row)
    await session.flush()
    session.info[SESSION_KEY] = row.id
    return row.id


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Per field that differs its `old` and `new` value, secrets masked."""
    return {
        field: {"old": _shown(before.get(field)), "new": _shown(after.get(field))}
        for field in {**before, **after}
        if before.get(field) != after.get(field)
    }


def _shown(value: Any) -> Any:
    return SECRET if isinstance(value, bytes) else value


class Revisions:
    """Reading the history."""

    def __init__(self, session: AsyncSession) -> None:
        self._revisions = RevisionRepository(session)

    async def page(
        self, *, resource: str | None, resource_id: int | None, name: str | None, page: int, page_size: int
    ) -> tuple[list[RevisionRow], int]:
        """Newest first."""
        return await self._revisions.page(
            resource=resource, resource_id=resource_id, name=name, page=page, page_size=page_size
        )
