"""Who may use the admin API: first set-up, password login, sessions, tokens, `ADMIN_TOKEN`.
`admin_tokens.py` next door makes and removes tokens.

Passwords are hashed outside any transaction: that takes a while, and SQLite has one writer at a time.
"""

import contextlib
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import Forbidden, ResourceNotFound, Unauthenticated, Unavailable
from app.common.hosts import is_loopback
from app.common.secrets import ADMIN_TOKEN_PREFIX, Keyring, is_well_formed
from app.db.session import Database
from app.db.tables.admin_session import AdminSession
from app.db.tables.admin_token import AdminToken
from app.db.tables.admin_user import AdminUser
from app.domain.admin import Actor, ActorKind
from app.repositories.admin import AdminSessionRepository, AdminTokenRepository, AdminUserRepository
from app.services import revisions
from app.services.login_limits import Failures, LoginLimits
from app.services.passwords import Passwords

SESSION_IDLE = timedelta(hours=8)
SESSION_LIFE = timedelta(days=7)
SETUP_LIFE = timedelta(hours=24)
TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often."""

ENVIRONMENT = Actor(ActorKind.ENVIRONMENT, "ADMIN_TOKEN")

_REFUSED = "The user name or the password is wrong."


class Identity(msgspec.Struct, frozen=True):
    """An authenticated caller. What follows `actor` is there for sessions only."""

    actor: Actor
    user_id: int | None = None
    session: bytes | None = None
    """Keyed hash of the cookie."""
    expires_at: datetime | None = None
    """When the session ends even if used."""


class NewSession(msgspec.Struct, frozen=True):
    """A session just made. `value` goes into the cookie and is kept nowhere."""

    value: str
    identity: Identity

    def __repr__(self) -> str:
        return "NewSession(...)"


def may_bind(host: str, has_administrator: bool) -> bool:
    """Whether the process may listen on `host`: on loopback always, elsewhere once somebody can administer it."""
    return has_administrator or is_loopback(host)


class AdminAuth:
    """
    :param admin_token: `ADMIN_TOKEN`, which may do everything a session may, but has no password.
    :param failures: where failed logins are counted; in this process unless given.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        admin_token: str | None,
        clock: Clock | None = None,
        passwords: Passwords | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._admin_token = _sha256(admin_token) if admin_token else None
        self._clock = clock or SystemClock()
        self._passwords = passwords or Passwords()
        self._limits = LoginLimits(self._clock, failures)

    async def from_bearer(self, value: str) -> Identity:
        """The caller behind an `Authorization: Bearer` value.

        :raises Unauthenticated: no such token, or it has expired.
        """
        if self._is_admin_token(value):
            return Identity(ENVIRONMENT)
        if is_well_formed(value, ADMIN_TOKEN_PREFIX):
            async with self._database.read() as db:
                token = await AdminTokenRepository(db).named(self._keyring.digest(value), self._now())
            if token is not None and token.name is not None:
                return Identity(Actor(ActorKind.TOKEN, token.name))
        raise Unauthenticated("This token is not valid.")

    async def from_cookie(self, value: str, *, is_use: bool = True) -> Identity:
        """The caller behind a session cookie.

        :param is_use: keeps an idle session from ending.
        :raises Unauthenticated: no such session, or it is over.
        """
        now, digest = self._now(), self._keyring.digest(value)
        async with self._database.read() as db:
            found = await AdminSessionRepository(db).valid(digest, now - SESSION_LIFE, now - SESSION_IDLE)
        if found is None:
            raise Unauthenticated("This session is over. Log in again.")
        if is_use and found.last_seen_at < now - TOUCH_EVERY:
            with contextlib.suppress(Unavailable):  # reading goes on while the database can't be written
                async with self._database.transaction() as db:
                    await AdminSessionRepository(db).touch(digest, now)
        return _identity(found, found.user)

    async def has_administrator(self) -> bool:
        """Somebody can administer this gateway: a user exists, or `ADMIN_TOKEN` is set."""
        return self._admin_token is not None or not await self.needs_setup()

    async def needs_setup(self) -> bool:
        """There is no administrator with a password yet."""
        async with self._database.read() as db:
            return not await AdminUserRepository(db).exists()

    async def issue_setup_token(self) -> str | None:
        """A new setup token, good for a day; None when somebody can administer this gateway already."""
        if await self.has_administrator():
            return None
        value, now = secrets.token_urlsafe(32), self._now()
        async with self._database.transaction() as db:
            tokens = AdminTokenRepository(db)
            await tokens.remove_setup(expired_by=now)
            await tokens.add(
                AdminToken(
                    name=None,
                    digest=self._keyring.digest(value),
                    hint=value[-4:],
                    expires_at=now + SETUP_LIFE,
                )
            )
        return value

    async def set_up(self, setup_token: str, name: str, password: str) -> NewSession:
        """Make the first administrator and log in. `ADMIN_TOKEN` serves as a setup token too.

        :raises ResourceNotFound: there is an administrator already.
        :raises Forbidden: the setup token is wrong, expired, or was used a moment ago.
        """
        if not await self.needs_setup():
            raise ResourceNotFound("This gateway has been set up already.")
        trusted = self._is_admin_token(setup_token)
        digest = self._keyring.digest(setup_token)
        if not trusted:
            async with self._database.read() as db:
                if await AdminTokenRepository(db).setup(digest, self._now()) is None:
                    raise Forbidden("This setup token is not valid. Restart the gateway to get a new one.")
        hashed = await self._passwords.make(password)
        async with self._database.transaction() as db:
            await revisions.lock(db)  # of two that come at once, the second sees the first one's user
            removed = await AdminTokenRepository(db).remove_setup()
            users = AdminUserRepository(db)
            if await users.exists() or not (trusted or digest in removed):
                raise ResourceNotFound("This gateway has been set up already.")
            user = await users.add(AdminUser(name=name, password_hash=hashed))
            await _record(db, "create", user, Actor(ActorKind.SESSION, name), before=None)
            return await self._new_session(db, user)

    async def log_in(self, name: str, password: str, client: str | None) -> NewSession:
        """
        :param client: address of the client, for the limit on failures.
        :raises Unauthenticated: no such user or a wrong password; same text, same time.
        :raises TooManyAttempts: of this account or this client.
        """
        with self._limits.attempt(name, client):
            async with self._database.read() as db:
                user = await AdminUserRepository(db).by_name(name)
            if (
                not await self._passwords.check(user.password_hash if user else None, password)
                or user is None
            ):
                raise Unauthenticated(_REFUSED)
        async with self._database.transaction() as db:
            now = self._now()
            await AdminSessionRepository(db).remove_over(now - SESSION_LIFE, now - SESSION_IDLE)
            return await self._new_session(db, await self._unchanged(db, user))

    async def log_out(self, identity: Identity) -> None:
        """End the session at once; nothing to do for a token."""
        if identity.session is not None:
            async with self._database.transaction() as db:
                await AdminSessionRepository(db).remove(identity.session)

    async def change_password(
        self, identity: Identity, current: str, new: str, client: str | None
    ) -> NewSession:
        """End all sessions of the user and begin a new one for this caller.

        :raises Forbidden: the current password is wrong, or the caller has no password.
        :raises TooManyAttempts:
        """
        if identity.user_id is None:
            raise Forbidden("Tokens have no password; log in with a user name to change it.")
        with self._limits.attempt(identity.actor.name, client):
            async with self._database.read() as db:
                user = await AdminUserRepository(db).by_id(identity.user_id)
            if not await self._passwords.check(user.password_hash if user else None, current) or user is None:
                raise Forbidden("The current password is wrong.")
        hashed = await self._passwords.make(new)
        async with self._database.transaction() as db:
            user = await self._unchanged(db, user)
            user.password_hash = hashed
            await _record(db, "update", user, identity.actor, before={"password": b"old"})
            await AdminSessionRepository(db).remove_of_user(user.id)
            return await self._new_session(db, user)

    @staticmethod
    async def _unchanged(db: AsyncSession, user: AdminUser) -> AdminUser:
        """The user again, unless the password was changed while we checked the old one."""
        found = await AdminUserRepository(db).get_one_or_none(id=user.id, password_hash=user.password_hash)
        if found is None:
            raise Unauthenticated(_REFUSED)
        return found

    async def _new_session(self, db: AsyncSession, user: AdminUser) -> NewSession:
        value, now = secrets.token_urlsafe(32), self._now()
        session = AdminSession(
            digest=self._keyring.digest(value), user_id=user.id, created_at=now, last_seen_at=now
        )
        await AdminSessionRepository(db).add(session)
        return NewSession(value, _identity(session, user))

    def _is_admin_token(self, value: str) -> bool:
        return self._admin_token is not None and hmac.compare_digest(_sha256(value), self._admin_token)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)


async def _record(
    db: AsyncSession, action: str, user: AdminUser, actor: Actor, before: dict[str, bytes] | None
) -> None:
    await revisions.record(
        db,
        actor,
        action=action,
        resource="admin_user",
        resource_id=user.id,
        resource_name=user.name,
        before=before,
        after={"password": b"new"},
    )


def _identity(session: AdminSession, user: AdminUser) -> Identity:
    actor = Actor(ActorKind.SESSION, user.name)
    return Identity(actor, user.id, session.digest, session.created_at + SESSION_LIFE)


def _sha256(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
