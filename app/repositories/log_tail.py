"""What was logged since, in the order of the commits: the batches of `log_batch`, and the rows in them.

Nothing is lost, whoever writes: on SQLite writers take turns, so a later batch has a greater id. PostgreSQL gives out
ids and transaction numbers before commits; so a batch counts once all transactions with lower numbers are over, and
whatever comes to light after that has a higher one.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Row, Text, cast, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables.log_batch import LogBatch
from app.db.tables.request_log import RequestLog
from app.repositories.log_filters import LogFilter, conditions
from app.repositories.request_logs import NARROW

_BATCH: Final = LogBatch.__table__.columns
_LOG: Final = RequestLog.__table__.columns
_PLACE: Final = tuple_(_BATCH["transaction_id"], _BATCH["id"])

_ids = msgspec.json.Decoder(list[str])


class Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Between two batches: what was committed before it has been read."""

    transaction_id: int
    batch_id: int


class LogTailRepository:
    """For a session that sees one state throughout (`Database.read`)."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"

    async def end(self) -> Place:
        """Behind all that is written by now; on PostgreSQL some of it may follow still."""
        if self._is_sqlite:
            return Place(0, await self._session.scalar(select(func.max(_BATCH["id"]))) or 0)
        return Place(await self._session.scalar(select(_open())) or 0, 0)

    async def after(self, place: Place, limit: int) -> tuple[list[str], Place]:
        """The request ids of the next batches, so many at most, and the place behind them."""
        statement = (
            select(_BATCH["transaction_id"], _BATCH["id"], _BATCH["request_ids"])
            .where(tuple_(literal(place.transaction_id), literal(place.batch_id)) < _PLACE)
            .order_by(_BATCH["transaction_id"], _BATCH["id"])
            .limit(limit)
        )
        if not self._is_sqlite:
            statement = statement.where(_BATCH["transaction_id"] < _open())
        found: list[str] = []
        for transaction_id, batch_id, request_ids in await self._session.execute(statement):
            place = Place(transaction_id, batch_id)
            found += _ids.decode(request_ids)
        return found, place

    async def rows(self, request_ids: list[str], wanted: LogFilter) -> list[Row[tuple[Any, ...]]]:
        """Those of the rows that match, in the order of the ids, without the wide columns."""
        rows = await self._session.execute(
            select(*NARROW).where(_LOG["request_id"].in_(request_ids), *conditions(wanted))
        )
        by_id = {row.request_id: row for row in rows}
        return [by_id[request_id] for request_id in request_ids if request_id in by_id]


def _open() -> Any:
    """The lowest number of a transaction that was open when the session's state was taken."""
    return cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
