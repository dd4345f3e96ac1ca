"""Queries on named lists, and on the rules that ask for them."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.model import ModelRow
from app.db.tables.named_list import NamedListRow
from app.db.tables.provider import ProviderRow
from app.db.tables.target import TargetRow
from app.repositories.resource import ResourceRepository


class StoredRule(msgspec.Struct, frozen=True):
    """A rule and where it stands: under a model, and there (else None) at a target."""

    model_id: int
    model: str
    target_id: int | None
    provider: str | None
    target_model: str | None
    rule: str


class NamedListRepository(ResourceRepository[NamedListRow]):
    model_type = NamedListRow

    async def all_by_name(self) -> list[NamedListRow]:
        return list(await self.session.scalars(select(NamedListRow).order_by(NamedListRow.name)))

    async def names(self) -> frozenset[str]:
        return frozenset((await self.session.scalars(select(NamedListRow.name))).all())

    async def entries(self, names: Collection[str] | None = None) -> dict[str, frozenset[str]]:
        """The entries of every list, or of those named, by name without `$`: the `lists` of `app.rules`."""
        statement = select(NamedListRow.name, NamedListRow.entries)
        if names is not None:
            statement = statement.where(NamedListRow.name.in_(names))
        return {
            name: frozenset(entries) for name, entries in (await self.session.execute(statement)).tuples()
        }

    async def heads(
        self, *, search: str | None, sort: str, page: int, page_size: int
    ) -> tuple[list[Any], int]:
        """One page of lists without their entries, which only `entry_count` tells of, and how many lists there are.

        :param sort: a column, with `-` before it for descending.
        """
        where = self.matching(search=search, is_active=None)
        column = self._column(sort.removeprefix("-"))
        statement = (
            select(*_HEAD)
            .where(*where)
            .order_by(column.desc() if sort.startswith("-") else column, NamedListRow.id)
            .limit(page_size)
            .offset((page - 1) * page_size)
        )
        total = await self.session.scalar(select(func.count()).select_from(NamedListRow).where(*where))
        return list(await self.session.execute(statement)), total or 0

    async def editions(self, ids: Collection[int] | None = None) -> Sequence[Any]:
        """Id, name, version and time of change of every list, or of those of `ids`."""
        columns = (NamedListRow.id, NamedListRow.name, NamedListRow.version, NamedListRow.updated_at)
        statement = select(*columns).order_by(NamedListRow.id)
        if ids is not None:
            statement = statement.where(NamedListRow.id.in_(ids))
        return (await self.session.execute(statement)).all() if ids is None or ids else ()

    async def texts(self, ids: Collection[int]) -> dict[int, str]:
        """By id the entries of lists as JSON, to be decoded elsewhere: there may be many."""
        statement = select(NamedListRow.id, cast(NamedListRow.entries, Text)).where(NamedListRow.id.in_(ids))
        return dict((await self.session.execute(statement)).tuples().all()) if ids else {}


_HEAD = (
    NamedListRow.id,
    NamedListRow.created_at,
    NamedListRow.updated_at,
    NamedListRow.version,
    NamedListRow.name,
    NamedListRow.notes,
    func.json_array_length(NamedListRow.entries).label("entry_count"),
)


async def rules_with_lists(session: AsyncSession) -> list[StoredRule]:
    """All rules that may ask for a named list: they hold a `$`."""
    own = select(
        ModelRow.id, ModelRow.name, literal(None), literal(None), literal(None), ModelRow.rule
    ).where(ModelRow.rule.contains("$"))
    targets = (
        select(
            ModelRow.id, ModelRow.name, TargetRow.id, ProviderRow.name, TargetRow.target_model, TargetRow.rule
        )
        .join(ModelRow, ModelRow.id == TargetRow.model_id)
        .join(ProviderRow, ProviderRow.id == TargetRow.provider_id)
        .where(TargetRow.rule.contains("$"))
    )
    found = [StoredRule(*row) for row in await session.execute(own)]
    found += [StoredRule(*row) for row in await session.execute(targets)]
    return sorted(found, key=lambda rule: (rule.model, rule.target_id or 0))
