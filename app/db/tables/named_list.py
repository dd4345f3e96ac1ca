"""Named lists: entries that rules ask for as `$name`."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Json, Row


class NamedListRow(Row):
    __tablename__ = "named_list"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    """Without `$`."""
    entries: Mapped[list[str]] = mapped_column(Json)
    notes: Mapped[str] = mapped_column(Text)
