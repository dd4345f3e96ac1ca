"""Targets: the providers under a model, in an order of their own."""

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import BigInt, Row


class TargetRow(Row):
    __tablename__ = "target"
    __table_args__ = (CheckConstraint("weight >= 1", "weight"), Row.__table_args__)

    model_id: Mapped[int] = mapped_column(BigInt, ForeignKey("model.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[int] = mapped_column(
        BigInt, ForeignKey("provider.id", ondelete="RESTRICT"), index=True
    )
    target_model: Mapped[str] = mapped_column(String(200))
    rule: Mapped[str] = mapped_column(Text)
    grammar: Mapped[int]
    """Version of the rule language the rule was written in."""
    priority: Mapped[int]
    weight: Mapped[int]
    position: Mapped[int]
    """Order among the targets of the model; gaps are allowed."""
    is_active: Mapped[bool]
