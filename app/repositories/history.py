"""What `services.history` reads: whole configuration tables as they are now, and the revisions since."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.api_key import ApiKeyRow
from app.db.tables.base import Row
from app.db.tables.model import ModelRow
from app.db.tables.named_list import NamedListRow
from app.db.tables.provider import ProviderRow
from app.db.tables.revision import RevisionRow
from app.db.tables.target import TargetRow
from app.repositories.resource import BATCH

_TABLES: Final[dict[str, tuple[type[Row], tuple[str, ...]]]] = {
    "model": (ModelRow, ("name", "rule", "strategy", "is_active")),
    "target": (
        TargetRow,
        (
            "model_id",
            "provider_id",
            "target_model",
            "rule",
            "priority",
            "weight",
            "position",
            "is_active",
        ),
    ),
    "provider": (ProviderRow, ("name", "protocol", "is_active")),
    "named_list": (NamedListRow, ("name", "entries")),
    "api_key": (ApiKeyRow, ("name", "tags", "labels")),
}
"""Per resource its table and the fields that bear on a decision. No secret is among them."""

RESOURCES: Final = frozenset(_TABLES)


class HistoryRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def now(self, resource: str) -> dict[int, dict[str, Any]]:
        """The rows of a resource by id."""
        table, names = _TABLES[resource]
        columns = [getattr(table, name) for name in names]
        found: dict[int, dict[str, Any]] = {}
        result = await self._session.stream(select(table.id, *columns))
        async for batch in result.partitions(BATCH):
            found.update({row[0]: dict(zip(names, row[1:], strict=True)) for row in batch})
        return found

    async def since(self, revision: int, resources: Collection[str]) -> AsyncIterator[RevisionRow]:
        """The changes after a revision, the newest first."""
        statement = (
            select(RevisionRow)
            .where(RevisionRow.id > revision, RevisionRow.resource.in_(resources))
            .order_by(RevisionRow.id.desc())
        )
        result = await self._session.stream_scalars(statement)
        async for batch in result.partitions(BATCH):
            for row in batch:
                yield row


def fields_of(resource: str) -> tuple[str, ...]:
    """The fields that `now` has of a resource."""
    return _TABLES[resource][1]
