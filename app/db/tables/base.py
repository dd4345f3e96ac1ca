"""What all tables have in common. One file per table next door; `migrations/` creates them."""

from datetime import UTC, datetime
from typing import Any

from advanced_alchemy.base import CommonTableAttributes
from advanced_alchemy.types import DateTimeUTC
from sqlalchemy import JSON, BigInteger, Integer, MetaData
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; SQLite numbers rows by itself only where the type is spelled INTEGER."""
Json = JSON(none_as_null=True)
"""Text checked to be JSON. Not JSONB: that rewrites numbers (1e300 becomes an integer) and refuses U+0000."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Base(CommonTableAttributes, AsyncAttrs, DeclarativeBase):
    """Base of every table. Constraints get names, so that later migrations can speak of them."""

    __abstract__ = True
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTimeUTC(timezone=True)}  # noqa: RUF012  # SQLAlchemy reads it once, at import


class Row(Base):
    """Base of the configuration resources: an integer id that is never given out twice, times, and a version.

    `version` starts at 1 and grows with every change of the row; ETags are made of it.
    """

    __abstract__ = True
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012  # as SQLAlchemy declares it

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=1)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now, sort_order=1)
    version: Mapped[int] = mapped_column(BigInt, sort_order=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # SQLAlchemy calls it with the class
        return {"version_id_col": cls.version}
