"""Queries on API keys."""

from collections.abc import Sequence

from sqlalchemy import select

from app.db.tables.api_key import ApiKeyRow
from app.repositories.resource import ResourceRepository


class ApiKeyRepository(ResourceRepository[ApiKeyRow]):
    model_type = ApiKeyRow

    async def restricted(self) -> Sequence[ApiKeyRow]:
        """Keys that may use some models only."""
        statement = select(ApiKeyRow).where(ApiKeyRow.allowed_models.is_not(None)).order_by(ApiKeyRow.id)
        return (await self.session.scalars(statement)).all()
