"""Administrators, who log in with a password."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Row


class AdminUser(Row):
    __tablename__ = "admin_user"

    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    """argon2id in its usual text form, salt and costs included."""
