"""Commands that write to the database: `migrate` and `keys create`; and how a command opens it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from app.api.admin.schemas.api_key import ApiKeyCreate
from app.common.secrets import Keyring
from app.config import Settings, load
from app.db.session import Database
from app.domain.admin import Actor, ActorKind
from app.services import migrations
from app.services.api_keys import ApiKeys
from app.services.keyring import open_keyring


def migrate() -> int:
    """`llm-gateway migrate`."""
    changed = asyncio.run(migrations.upgrade(load()))
    print("The database has been brought up to date." if changed else "The database is up to date.")
    return 0


def create_key(name: str, models: list[str] | None, expires_days: int | None) -> int:
    """`llm-gateway keys create`: prints the value and nothing else, so that a script can take it."""
    print(asyncio.run(_create_key(load(), name, models, expires_days)))
    return 0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Database, Keyring]]:
    """The database, brought up to date, and its keyring.

    :raises Unavailable: it does not answer.
    :raises KeyringError, SchemaError: it answers, but not to these settings or not to this version.
    """
    await migrations.upgrade(settings)
    database = Database(settings.database_url)
    try:
        yield database, await open_keyring(database, settings)
    finally:
        await database.aclose()


async def _create_key(
    settings: Settings, name: str, models: list[str] | None, expires_days: int | None
) -> str:
    expires_at = datetime.now(UTC) + timedelta(days=expires_days) if expires_days else None
    fields = msgspec.convert({"name": name, "allowed_models": models, "expires_at": expires_at}, ApiKeyCreate)
    async with opened(settings) as (database, keyring), database.transaction() as session:
        _, value = await ApiKeys(session, Actor(ActorKind.COMMAND, "keys create"), keyring).create(fields)
    return value
