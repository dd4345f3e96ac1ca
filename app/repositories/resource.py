"""What the repositories of the configuration resources have in common. One file per table next door."""

from collections.abc import Collection
from typing import Any, Final, TypeVar

from advanced_alchemy.filters import LimitOffset
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.base import Row

RowT = TypeVar("RowT", bound=Row)

MAX_ID: Final = 2**63 - 1
BATCH: Final = 200
"""Rows turned into Python values at once: about 1 ms."""


class ResourceRepository(SQLAlchemyAsyncRepository[RowT]):
    """Reads and writes one table. Texts with U+0000 are never stored (PostgreSQL can't), so they are never found."""

    def __init__(self, session: AsyncSession) -> None:
        # Unwrapped: the wrapper's messages hold values, and its types say less than SQLAlchemy's.
        super().__init__(session=session, wrap_exceptions=False)

    async def by_id(self, row_id: int) -> RowT | None:
        return await self.get_one_or_none(self.model_type.id == row_id) if 0 < row_id <= MAX_ID else None

    async def by_name(self, name: str) -> RowT | None:
        return await self.get_one_or_none(self._column("name") == name) if "\0" not in name else None

    async def page(
        self, *where: ColumnElement[bool], sort: str, page: int, page_size: int
    ) -> tuple[list[RowT], int]:
        """One page of the rows that pass all of `where`, and how many pass.

        :param sort: a column, with `-` before it for descending.
        :param page: counts from 1.
        """
        return await self.get_many_and_count(
            *where,
            LimitOffset(limit=page_size, offset=(page - 1) * page_size),
            order_by=[(sort.removeprefix("-"), sort.startswith("-")), ("id", False)],
            count_with_window_function=False,  # the window function counts nothing on a page past the end
        )

    def matching(self, *, search: str | None, is_active: bool | None) -> list[ColumnElement[bool]]:
        """Conditions for `page`: `search` is a part of the name, in any case of its letters."""
        where = []
        if search is not None:
            where.append(self._column("name").icontains(search.replace("\0", "\ufffd"), autoescape=True))
        if is_active is not None:
            where.append(self._column("is_active") == is_active)
        return where

    async def remove(self, row: RowT) -> None:
        await self.session.delete(row)
        await self.session.flush()

    async def active(self, ids: Collection[int] | None = None) -> list[Any]:
        """All active rows, or those of `ids`, as plain tuples with column names: for the snapshot.

        In batches: between two of them the event loop serves requests.
        """
        return await self._active_where("id", ids)

    async def _active_where(self, column: str, values: Collection[int] | None) -> list[Any]:
        if values is not None and not values:
            return []
        columns = self.model_type.__table__.columns
        statement = select(*columns).where(self._column("is_active")).order_by(self.model_type.id)
        if values is not None:
            statement = statement.where(self._column(column).in_(values))
        rows: list[Any] = []
        async for batch in (await self.session.stream(statement)).partitions(BATCH):
            rows.extend(batch)
        return rows

    def _column(self, name: str) -> Any:
        return getattr(self.model_type, name)
