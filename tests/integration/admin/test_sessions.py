"""How long sessions and setup tokens last, on both databases; time is the test's."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from app.common.errors import Forbidden, ResourceNotFound, Unauthenticated
from app.common.secrets import Keyring
from app.db.session import Database
from app.services.admin_auth import SESSION_IDLE, SESSION_LIFE, SETUP_LIFE, TOUCH_EVERY, AdminAuth
from app.services.passwords import Passwords
from tests.support.clock import SetClock

PASSWORD = "correct horse battery staple"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def auth(database: Database, keyring: Keyring, clock: SetClock) -> AdminAuth:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return AdminAuth(database, keyring, None, clock=clock, passwords=Passwords(cheap))


async def set_up(auth: AdminAuth) -> str:
    token = await auth.issue_setup_token()
    assert token is not None
    return (await auth.set_up(token, "anna", PASSWORD)).value


async def test_an_unused_session_ends_after_eight_hours(auth: AdminAuth, clock: SetClock) -> None:
    session = await set_up(auth)
    clock.pass_by(SESSION_IDLE - timedelta(seconds=1))
    await auth.from_cookie(session)
    clock.pass_by(SESSION_IDLE)
    with pytest.raises(Unauthenticated):
        await auth.from_cookie(session)


async def test_a_used_session_ends_after_seven_days(auth: AdminAuth, clock: SetClock) -> None:
    session = await set_up(auth)
    started = clock.now
    while clock.now + SESSION_IDLE.total_seconds() / 2 < started + SESSION_LIFE.total_seconds():
        clock.pass_by(SESSION_IDLE / 2)
        identity = await auth.from_cookie(session)
        assert identity.expires_at is not None
        assert identity.expires_at.timestamp() == started + SESSION_LIFE.total_seconds()
    clock.pass_by(SESSION_IDLE / 2)
    with pytest.raises(Unauthenticated):
        await auth.from_cookie(session)


async def test_use_is_written_down_once_a_minute(
    auth: AdminAuth, clock: SetClock, database: Database
) -> None:
    session = await set_up(auth)
    clock.pass_by(TOUCH_EVERY / 2)
    async with database.transaction():  # a second writer would have to wait for this one
        await auth.from_cookie(session)


async def test_a_login_clears_away_what_is_over(auth: AdminAuth, clock: SetClock, database: Database) -> None:
    await set_up(auth)
    clock.pass_by(SESSION_IDLE)
    await auth.log_in("anna", PASSWORD, None)
    async with database.read() as session:
        count = await session.connection()
        rows = (await count.exec_driver_sql("SELECT count(*) FROM admin_session")).scalar()
    assert rows == 1


async def test_setup_tokens_of_several_starts_work_for_a_day(auth: AdminAuth, clock: SetClock) -> None:
    first = await auth.issue_setup_token()
    clock.pass_by(SETUP_LIFE)
    second, third = await auth.issue_setup_token(), await auth.issue_setup_token()
    assert None not in (first, second, third)
    with pytest.raises(Forbidden):
        await auth.set_up(first or "", "anna", PASSWORD)
    await auth.set_up(second or "", "anna", PASSWORD)
    with pytest.raises(ResourceNotFound):
        await auth.set_up(third or "", "bert", PASSWORD)
    assert await auth.issue_setup_token() is None


async def test_no_setup_token_where_the_environment_has_one(database: Database, keyring: Keyring) -> None:
    auth = AdminAuth(database, keyring, "t" * 40)
    assert await auth.has_administrator()
    assert await auth.needs_setup()
    assert await auth.issue_setup_token() is None


async def test_a_setup_token_is_no_token(auth: AdminAuth) -> None:
    token = await auth.issue_setup_token()
    with pytest.raises(Unauthenticated):
        await auth.from_bearer(token or "")
