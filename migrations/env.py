"""Alembic's entry point. `app.services.migrations` hands in a connection; the `alembic` command opens one."""

import asyncio
import importlib
import pkgutil

from alembic import context
from sqlalchemy import Connection

import app.config
import app.db.tables
from app.db.session import Database
from app.db.tables.base import Base

for module in pkgutil.iter_modules(app.db.tables.__path__, "app.db.tables."):
    importlib.import_module(module.name)


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_from_command() -> None:
    database = Database(app.config.load().database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(migrate)
    await database.aclose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(migrate_from_command())
else:
    migrate(given)
