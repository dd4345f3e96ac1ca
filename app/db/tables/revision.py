"""Revisions: who changed what of the configuration, and when. The greatest id is the configuration's revision."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, BigInt, Json, utc_now


class RevisionRow(Base):
    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_resource", "resource", "resource_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(16))
    resource: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[int | None] = mapped_column(BigInt)
    resource_name: Mapped[str] = mapped_column(String(200))
    changes: Mapped[dict[str, dict[str, Any]]] = mapped_column(Json)
    """Per field its `old` and `new` value; secrets read `(changed)`."""
