"""Names and values worth offering to someone who writes a rule."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.api_key import ApiKeyRow
from app.db.tables.model import ModelRow
from app.db.tables.provider import ProviderRow
from app.db.tables.request_log import RequestLog

MOST_ROWS: Final = 300


class RuleHintRepository:
    """Reads several tables, a bounded number of rows of each."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def models(self) -> list[str]:
        statement = select(ModelRow.name).order_by(ModelRow.name).limit(MOST_ROWS)
        return list(await self._session.scalars(statement))

    async def providers(self) -> list[str]:
        statement = select(ProviderRow.name).order_by(ProviderRow.name).limit(MOST_ROWS)
        return list(await self._session.scalars(statement))

    async def api_keys(self) -> list[tuple[str, list[str], dict[str, Any]]]:
        """Name, tags and metadata of active keys, the newest first."""
        statement = (
            select(ApiKeyRow.name, ApiKeyRow.tags, ApiKeyRow.labels)
            .where(ApiKeyRow.is_active)
            .order_by(ApiKeyRow.id.desc())
            .limit(MOST_ROWS)
        )
        return list((await self._session.execute(statement)).tuples())

    async def facts(self) -> list[str]:
        """Routing facts of the latest requests."""
        statement = select(RequestLog.facts).order_by(RequestLog.request_id.desc()).limit(MOST_ROWS)
        return [facts for facts in await self._session.scalars(statement) if facts is not None]
