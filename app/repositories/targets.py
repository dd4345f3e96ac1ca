"""Queries on targets."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from app.db.tables.provider import ProviderRow
from app.db.tables.target import TargetRow
from app.repositories.resource import ResourceRepository


class TargetRepository(ResourceRepository[TargetRow]):
    model_type = TargetRow

    async def of_models(self, model_ids: Collection[int]) -> Mapping[int, list[tuple[TargetRow, str]]]:
        """Per model its targets in their order, each with the name of its provider."""
        statement = (
            select(TargetRow, ProviderRow.name)
            .join(ProviderRow, ProviderRow.id == TargetRow.provider_id)
            .where(TargetRow.model_id.in_(model_ids))
            .order_by(TargetRow.model_id, TargetRow.position, TargetRow.id)
        )
        found: dict[int, list[tuple[TargetRow, str]]] = defaultdict(list)
        for target, provider in (await self.session.execute(statement)).tuples():
            found[target.model_id].append((target, provider))
        return found

    async def of_provider(self, provider_id: int) -> list[tuple[int, str]]:
        """Model and target model of each target at a provider."""
        statement = select(TargetRow.model_id, TargetRow.target_model).where(
            TargetRow.provider_id == provider_id
        )
        return list((await self.session.execute(statement)).tuples())

    async def active_of(self, model_ids: Collection[int]) -> list[Any]:
        """As `active`, the targets of these models."""
        return await self._active_where("model_id", model_ids)

    async def models_of(self, target_ids: Collection[int]) -> set[int]:
        """The models that have one of these targets."""
        statement = select(TargetRow.model_id).where(TargetRow.id.in_(target_ids)).distinct()
        return set((await self.session.scalars(statement)).all()) if target_ids else set()
