"""Batches of log rows in the order in which they were committed: what a live tail follows. Kept for an hour or two.

Rows are written some time after their requests came, in no order of theirs, and by several processes; so no column of
`request_log.py` next door tells what is new.
"""

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, BigInt
from app.db.tables.request_log import RequestId


class LogBatch(Base):
    __tablename__ = "log_batch"
    __table_args__ = (
        Index("ix_log_batch_place", "transaction_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    """PostgreSQL's 64-bit number of the transaction, which tells whether others before it are still open; 0 on SQLite,
    where writers take turns and `id` alone is the order of the commits."""
    first_request_id: Mapped[str] = mapped_column(RequestId, unique=True)
    """A batch that is written again, after an answer that got lost, is there once."""
    written_at: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds since the epoch."""
    request_ids: Mapped[str] = mapped_column(Text)
    """JSON: a list of the ids of the rows."""
