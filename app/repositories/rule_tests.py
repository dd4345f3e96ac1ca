"""Queries on the tests kept with rules."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select

from app.db.tables.rule_test import RuleTestRow
from app.repositories.resource import ResourceRepository


class RuleTestRepository(ResourceRepository[RuleTestRow]):
    model_type = RuleTestRow

    async def of_models(self, model_ids: Collection[int] | None = None) -> dict[int, list[RuleTestRow]]:
        """Per model, or per one of those given, its tests in the order they were made."""
        statement = select(RuleTestRow).order_by(RuleTestRow.model_id, RuleTestRow.id)
        if model_ids is not None:
            statement = statement.where(RuleTestRow.model_id.in_(model_ids))
        found: dict[int, list[RuleTestRow]] = defaultdict(list)
        for row in await self.session.scalars(statement):
            found[row.model_id].append(row)
        return found

    async def count_of(self, model_id: int) -> int:
        where = RuleTestRow.model_id == model_id
        return await self.session.scalar(select(func.count()).select_from(RuleTestRow).where(where)) or 0

    async def named(self, model_id: int, name: str) -> RuleTestRow | None:
        return await self.get_one_or_none(RuleTestRow.model_id == model_id, RuleTestRow.name == name)

    def under(self, model_id: int) -> list[ColumnElement[bool]]:
        """For `page`: the tests of one model."""
        return [RuleTestRow.model_id == model_id]
