"""Tokens for the admin API: made, listed, removed. `admin_auth.py` next door recognises them."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.common.secrets import ADMIN_TOKEN_PREFIX, Keyring, new_value
from app.db.tables.admin_token import AdminToken
from app.domain.admin import Actor
from app.repositories.admin import AdminTokenRepository
from app.services import revisions
from app.services.resource import ResourceService, name_taken


class AdminTokens(ResourceService[AdminToken]):
    resource = "admin_token"

    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor)
        self._tokens = AdminTokenRepository(session)
        self._keyring = keyring

    async def page(self, page: int, page_size: int) -> tuple[list[AdminToken], int]:
        """In the order they were made."""
        return await self._tokens.named_page(page, page_size)

    async def create(self, name: str, expires_at: datetime | None) -> tuple[AdminToken, str]:
        """The stored token and its value, which is kept nowhere.

        :raises Conflict: `name_taken`.
        """
        await revisions.lock(self._session)
        if await self._tokens.by_name(name) is not None:
            raise name_taken()
        value = new_value(ADMIN_TOKEN_PREFIX)
        digest = self._keyring.digest(value)
        token = await self._tokens.add(
            AdminToken(name=name, digest=digest, hint=value[-4:], expires_at=expires_at)
        )
        await self._record("create", token, name, None, self.fields(token))
        return token, value

    async def remove(self, token_id: int) -> None:
        """From the next request on it is not accepted.

        :raises ResourceNotFound:
        """
        await revisions.lock(self._session)
        token = await self._tokens.by_id(token_id)
        if token is None or token.name is None:
            raise self._not_found()
        await self._record("delete", token, token.name, self.fields(token), None)
        await self._tokens.remove(token)
