"""Queries on revisions, and the lock that keeps their ids in the order of the commits."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from advanced_alchemy.filters import LimitOffset
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.revision import RevisionRow

LOCK: Final = 0x6C6C6D72
"""PostgreSQL advisory lock held by a transaction that changes the configuration."""

BESIDE: Final = 300
"""More than one change of a model leaves: it has at most so many targets."""


Mark = tuple[int, datetime]
"""Id and time of a change. A database that was restored from a backup may have the id again, but not both."""


class Change(msgspec.Struct, frozen=True):
    """A change without its values."""

    id: int
    at: datetime
    resource: str
    action: str
    resource_id: int | None


class RevisionRepository(SQLAlchemyAsyncRepository[RevisionRow]):
    model_type = RevisionRow

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session=session, wrap_exceptions=False)

    async def lock(self) -> None:
        """Wait until no other transaction changes the configuration, and keep others waiting until this one ends.

        PostgreSQL gives out ids before commits: without the lock, who has seen revision 11 could miss 10. In SQLite
        every write transaction has the whole database.
        """
        if self.session.get_bind().dialect.name == "postgresql":
            await self.session.execute(select(func.pg_advisory_xact_lock(LOCK)))

    async def latest(self) -> int:
        """The configuration's revision; 0 before the first change."""
        return await self.session.scalar(select(func.max(RevisionRow.id))) or 0

    async def newest(self) -> Mark | None:
        """The newest change; None before the first."""
        statement = select(RevisionRow.id, RevisionRow.at).order_by(RevisionRow.id.desc()).limit(1)
        return (await self.session.execute(statement)).tuples().first()

    async def changes(self, mark: Mark, most: int) -> list[Change] | None:
        """What was changed after a change that is known, in order.

        :param most: so many changes.
        :returns: None where there are more, or where the known one is not there any more: a backup was restored.
        """
        columns = (RevisionRow.id, RevisionRow.at, RevisionRow.resource, RevisionRow.action)
        statement = (
            select(*columns, RevisionRow.resource_id)
            .where(RevisionRow.id >= mark[0])
            .order_by(RevisionRow.id)
            .limit(most + 2)
        )
        rows = (await self.session.execute(statement)).all()
        if not rows or (rows[0].id, rows[0].at) != mark or len(rows) > most + 1:
            return None
        return [Change(row.id, row.at, row.resource, row.action, row.resource_id) for row in rows[1:]]

    async def models_named(self, ids: Collection[int]) -> set[int]:
        """The models under which the targets stood that were made or deleted in these changes."""
        rows = await self.session.scalars(select(RevisionRow.changes).where(RevisionRow.id.in_(ids)))
        return {number for row in rows for number in row["model_id"].values() if number is not None}

    async def by_id(self, revision_id: int) -> RevisionRow | None:
        return await self.get_one_or_none(RevisionRow.id == revision_id)

    async def since(self, revision_id: int) -> list[RevisionRow]:
        """The changes after one, in their order."""
        statement = select(RevisionRow).where(RevisionRow.id > revision_id).order_by(RevisionRow.id)
        return list(await self.session.scalars(statement))

    async def of(self, resource: str, resource_id: int | None, after: int) -> list[RevisionRow]:
        """The changes of one resource, or of all of a kind, after a revision, in their order."""
        statement = select(RevisionRow).where(RevisionRow.resource == resource, RevisionRow.id > after)
        if resource_id is not None:
            statement = statement.where(RevisionRow.resource_id == resource_id)
        return list(await self.session.scalars(statement.order_by(RevisionRow.id)))

    async def beside(self, revision_id: int, step: int) -> list[RevisionRow]:
        """The changes right behind one (`step` 1) or right before it (-1), the nearest first."""
        if step > 0:
            where, order = RevisionRow.id > revision_id, RevisionRow.id.asc()
        else:
            where, order = RevisionRow.id < revision_id, RevisionRow.id.desc()
        statement = select(RevisionRow).where(where).order_by(order).limit(BESIDE)
        return list(await self.session.scalars(statement))

    async def page(
        self, *, resource: str | None, resource_id: int | None, name: str | None, page: int, page_size: int
    ) -> tuple[list[RevisionRow], int]:
        """Newest first. `page` counts from 1."""
        where: list[ColumnElement[bool]] = []
        if resource is not None:
            where.append(RevisionRow.resource == resource)
        if resource_id is not None:
            where.append(RevisionRow.resource_id == resource_id)
        if name is not None:
            where.append(RevisionRow.resource_name == name.replace("\0", "\ufffd"))
        return await self.get_many_and_count(
            *where,
            LimitOffset(limit=page_size, offset=(page - 1) * page_size),
            order_by=("id", True),
            count_with_window_function=False,
        )
