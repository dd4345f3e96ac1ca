"""Queries on providers."""

from collections.abc import Sequence

from sqlalchemy import select

from app.db.tables.model import ModelRow
from app.db.tables.provider import ProviderRow
from app.db.tables.target import TargetRow
from app.repositories.resource import ResourceRepository


class ProviderRepository(ResourceRepository[ProviderRow]):
    model_type = ProviderRow

    async def models_using(self, provider_id: int) -> Sequence[str]:
        """Names of the models with a target at this provider."""
        statement = (
            select(ModelRow.name)
            .join(TargetRow, TargetRow.model_id == ModelRow.id)
            .where(TargetRow.provider_id == provider_id)
            .distinct()
            .order_by(ModelRow.name)
        )
        return (await self.session.scalars(statement)).all()

    async def a_target_model(self, provider_id: int) -> str | None:
        """What the oldest target at this provider calls its model."""
        statement = (
            select(TargetRow.target_model)
            .where(TargetRow.provider_id == provider_id)
            .order_by(TargetRow.id)
            .limit(1)
        )
        return (await self.session.scalars(statement)).first()
