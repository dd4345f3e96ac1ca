"""Sessions of logged-in administrators. The cookie's value is not here: its keyed hash is."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.tables.admin_user import AdminUser
from app.db.tables.base import Base, BigInt, utc_now


class AdminSession(Base):
    __tablename__ = "admin_session"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("admin_user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    user: Mapped[AdminUser] = relationship(lazy="raise")
