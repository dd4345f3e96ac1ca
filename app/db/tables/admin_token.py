"""Tokens for the admin API, and the one-time setup tokens. The value is not here: its keyed hash is."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Row


class AdminToken(Row):
    __tablename__ = "admin_token"

    name: Mapped[str | None] = mapped_column(String(64), unique=True)
    """None: a setup token, good for nothing but making the first administrator."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    """Last characters of the value, to tell tokens apart."""
    expires_at: Mapped[datetime | None]
