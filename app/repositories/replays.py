"""Log rows in long runs, newest first, with no more than a replay needs of them."""

from typing import Any, Final

from sqlalchemy import Row, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.request_log import RequestLog
from app.repositories.log_filters import LogFilter, conditions
from app.repositories.request_logs import Position

_LOG: Final = RequestLog.__table__.columns
_NEEDED: Final = tuple(
    _LOG[name]
    for name in (
        *(
            "request_id",
            "request_time",
            "path",
            "protocol",
            "is_stream",
            "api_key_id",
            "api_key_name",
            "client_ip",
        ),
        *(
            "input_tokens",
            "facts",
            "target_id",
            "provider",
            "has_error",
            "total_time_ms",
            "first_byte_delay_ms",
        ),
    )
)


class ReplayRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, wanted: LogFilter, before: Position | None, limit: int
    ) -> list[Row[tuple[Any, ...]]]:
        """Rows that came before a position, the newest first, with the columns above in their order."""
        place = tuple_(_LOG["request_time"], _LOG["request_id"])
        behind = (
            () if before is None else (place < tuple_(literal(before.value), literal(before.request_id)),)
        )
        statement = (
            select(*_NEEDED)
            .where(*conditions(wanted), *behind)
            .order_by(_LOG["request_time"].desc(), _LOG["request_id"].desc())
            .limit(limit)
        )
        return list((await self._session.execute(statement)).all())
