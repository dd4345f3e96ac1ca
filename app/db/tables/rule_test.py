"""Tests kept with the rules of a model: a sample request and what shall become of it."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import BigInt, Json, Row


class RuleTestRow(Row):
    __tablename__ = "rule_test"
    __table_args__ = (UniqueConstraint("model_id", "name"), Row.__table_args__)

    model_id: Mapped[int] = mapped_column(BigInt, ForeignKey("model.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    """A `domain.sample.Sample`."""
    expect: Mapped[dict[str, Any]] = mapped_column(Json)
