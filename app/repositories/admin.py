"""Administrators, their sessions, and admin tokens: every query on the three tables."""

from datetime import datetime

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.tables.admin_session import AdminSession
from app.db.tables.admin_token import AdminToken
from app.db.tables.admin_user import AdminUser
from app.repositories.resource import ResourceRepository


class AdminUserRepository(ResourceRepository[AdminUser]):
    model_type = AdminUser


class AdminSessionRepository(SQLAlchemyAsyncRepository[AdminSession]):
    model_type = AdminSession

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session=session, wrap_exceptions=False)

    async def valid(
        self, digest: bytes, created_after: datetime, seen_after: datetime
    ) -> AdminSession | None:
        """The session with its user, unless it is too old or was idle for too long."""
        found = await self.session.execute(
            select(AdminSession)
            .join(AdminSession.user)
            .options(contains_eager(AdminSession.user))
            .where(
                AdminSession.digest == digest,
                AdminSession.created_at > created_after,
                AdminSession.last_seen_at > seen_after,
            )
        )
        return found.scalar_one_or_none()

    async def touch(self, digest: bytes, now: datetime) -> None:
        await self.session.execute(
            update(AdminSession).where(AdminSession.digest == digest).values(last_seen_at=now)
        )

    async def remove(self, digest: bytes) -> None:
        await self.session.execute(delete(AdminSession).where(AdminSession.digest == digest))

    async def remove_of_user(self, user_id: int) -> None:
        await self.session.execute(delete(AdminSession).where(AdminSession.user_id == user_id))

    async def remove_over(self, created_before: datetime, seen_before: datetime) -> None:
        """Remove what is over, of all users."""
        await self.session.execute(
            delete(AdminSession).where(
                or_(AdminSession.created_at <= created_before, AdminSession.last_seen_at <= seen_before)
            )
        )


class AdminTokenRepository(ResourceRepository[AdminToken]):
    """Tokens have a name; the nameless ones are setup tokens."""

    model_type = AdminToken

    async def named(self, digest: bytes, now: datetime) -> AdminToken | None:
        """A token that has not expired."""
        return await self._valid(digest, now, AdminToken.name.is_not(None))

    async def setup(self, digest: bytes, now: datetime) -> AdminToken | None:
        """A setup token that has not expired."""
        return await self._valid(digest, now, AdminToken.name.is_(None))

    async def _valid(self, digest: bytes, now: datetime, kind: ColumnElement[bool]) -> AdminToken | None:
        unexpired = or_(AdminToken.expires_at.is_(None), AdminToken.expires_at > now)
        return await self.get_one_or_none(AdminToken.digest == digest, kind, unexpired)

    async def named_page(self, page: int, page_size: int) -> tuple[list[AdminToken], int]:
        """Named tokens in the order they were made, and how many there are. `page` counts from 1."""
        return await self.page(AdminToken.name.is_not(None), sort="id", page=page, page_size=page_size)

    async def remove_setup(self, expired_by: datetime | None = None) -> set[bytes]:
        """Remove setup tokens, all or those expired at a moment, and return the keyed hashes of the removed.

        Of two transactions that do this at once, only one is returned a given token.
        """
        statement = delete(AdminToken).where(AdminToken.name.is_(None)).returning(AdminToken.digest)
        if expired_by is not None:
            statement = statement.where(AdminToken.expires_at <= expired_by)
        return set(await self.session.scalars(statement))
