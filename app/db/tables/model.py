"""Models: the public names clients ask for, each with a rule, a strategy and retry settings."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Json, Row


class ModelRow(Row):
    __tablename__ = "model"

    name: Mapped[str] = mapped_column(String(200), unique=True)
    rule: Mapped[str] = mapped_column(Text)
    grammar: Mapped[int]
    """Version of the rule language the rule was written in."""
    strategy: Mapped[str] = mapped_column(String(32))
    retry_max_attempts: Mapped[int | None]
    """None, here and in the three below, takes the setting of the same name."""
    retry_delay_ms: Mapped[int | None]
    retry_max_delay_ms: Mapped[int | None]
    max_attempts_total: Mapped[int | None]
    final_statuses: Mapped[list[int]] = mapped_column(Json)
    is_active: Mapped[bool]
    notes: Mapped[str] = mapped_column(Text)
