"""What a provider did for clients of late, with the decisions that led to it."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.request_log import RequestLog

_LOG: Final = RequestLog.__table__.columns


class ProviderImpactRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def answered(self, provider_id: int, since: int) -> int:
        """Requests since a time (milliseconds since the epoch) that ended at the provider."""
        statement = (
            select(func.count())
            .select_from(RequestLog)
            .where(_LOG["request_time"] >= since, _LOG["provider_id"] == provider_id)
        )
        return await self._session.scalar(statement) or 0

    async def decisions(self, provider_id: int, since: int, limit: int) -> Sequence[Row[tuple[Any, ...]]]:
        """The newest of these: `trace`, `provider`, `requested_model`, `api_key_id` and `api_key_name`, each
        combination once, with `requests`, how many there are."""
        names = ("trace", "provider", "requested_model", "api_key_id", "api_key_name")
        newest = (
            select(*(_LOG[name] for name in names))
            .where(_LOG["request_time"] >= since, _LOG["provider_id"] == provider_id)
            .order_by(_LOG["request_time"].desc())
            .limit(limit)
            .subquery()
        )
        columns = [newest.c[name] for name in names]
        found = await self._session.execute(
            select(*columns, func.count().label("requests")).group_by(*columns)
        )
        return found.all()
