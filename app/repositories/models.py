"""Queries on models."""

from collections.abc import Collection

from sqlalchemy import select

from app.db.tables.model import ModelRow
from app.repositories.resource import ResourceRepository


class ModelRepository(ResourceRepository[ModelRow]):
    model_type = ModelRow

    async def existing(self, names: Collection[str]) -> set[str]:
        """Those of `names` that are models."""
        statement = select(ModelRow.name).where(
            ModelRow.name.in_([name for name in names if "\0" not in name])
        )
        return set((await self.session.scalars(statement)).all())

    async def by_ids(self, model_ids: Collection[int]) -> list[ModelRow]:
        """Those of `model_ids` that are there, by name."""
        statement = select(ModelRow).where(ModelRow.id.in_(model_ids)).order_by(ModelRow.name)
        return list(await self.session.scalars(statement)) if model_ids else []

    async def all_by_name(self) -> list[ModelRow]:
        return list(await self.session.scalars(select(ModelRow).order_by(ModelRow.name)))
