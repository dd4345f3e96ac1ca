"""API keys of our clients. The value is not here: its keyed hash is."""

from datetime import date, datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Json, Row


class ApiKeyRow(Row):
    __tablename__ = "api_key"

    name: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    last4: Mapped[str] = mapped_column(String(4))
    allowed_models: Mapped[list[str] | None] = mapped_column(Json)
    """Names of models; None allows all."""
    requests_per_minute: Mapped[int | None]
    tags: Mapped[list[str]] = mapped_column(Json)
    labels: Mapped[dict[str, str | int | float | bool]] = mapped_column("metadata", Json)
    """The API's `metadata`, a name SQLAlchemy keeps for itself."""
    is_active: Mapped[bool]
    expires_at: Mapped[datetime | None]
    last_used_day: Mapped[date | None]
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """Hash of the value before the last rotation, good until `previous_valid_until`."""
    previous_valid_until: Mapped[datetime | None]
