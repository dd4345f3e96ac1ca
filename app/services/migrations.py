"""Brings the database's schema up to date at start. The migrations themselves are the package `migrations`."""

import importlib.resources
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.common.errors import Unavailable
from app.config import Settings
from app.db.session import NEW_FILE, is_outage

LOCK: Final = 0x6C6C6D67
"""PostgreSQL advisory lock held by the one process that migrates."""
LOCK_SECONDS: Final = 600
CONNECT_SECONDS: Final = 5.0
"""How long PostgreSQL may take for a connection."""


class SchemaError(Exception):
    """The database's schema is not one this program can work with."""


def known_revisions() -> list[str]:
    """The revisions in the package `migrations`, oldest first: the numbers its files begin with."""
    versions = importlib.resources.files("migrations").joinpath("versions")
    return sorted(file.name[:4] for file in versions.iterdir() if file.name[:4].isdigit())


async def upgrade(settings: Settings) -> bool:
    """Run the migrations the database has not seen, all in one transaction. Several processes may call this at once.

    :returns: whether there were any.
    :raises SchemaError: the database was made by a newer version.
    :raises Unavailable: it does not answer.
    """
    url = make_url(settings.database_url)
    if settings.is_sqlite and url.database:
        _create_private(Path(url.database))
    async with _engine(settings) as engine:
        async with engine.connect() as connection:
            if await connection.run_sync(_is_current):
                return False
        async with engine.connect() as connection:
            await connection.run_sync(_lock)
            behind = not await connection.run_sync(_is_current)
            if behind:
                await connection.run_sync(_migrate)
                await connection.commit()
            return behind


async def is_current(settings: Settings) -> bool:
    """Whether the database has seen all migrations; nothing is changed.

    :raises SchemaError: the database was made by a newer version.
    :raises Unavailable: it does not answer.
    """
    async with _engine(settings) as engine, engine.connect() as connection:
        return await connection.run_sync(_is_current)


@asynccontextmanager
async def _engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(
        settings.database_url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={} if settings.is_sqlite else {"timeout": CONNECT_SECONDS},
    )
    if settings.is_sqlite:
        event.listen(engine.sync_engine, "connect", _begin_by_hand)
    try:
        yield engine
    except Exception as error:
        if is_outage(error) or (isinstance(error, OSError) and not settings.is_sqlite):
            raise Unavailable(f"The database does not answer ({type(error).__name__}).") from error
        raise
    finally:
        await engine.dispose()


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    known = known_revisions()
    if found is not None and found not in known:
        raise SchemaError(
            f"The database has schema {found}, and this program knows up to {known[-1]}: a newer version has used it."
            " Run that version, or restore a backup made before the upgrade."
        )
    return found == known[-1]


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_SECONDS * 1000}")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def _migrate(connection: Connection) -> None:
    # Only here: most starts have nothing to migrate, and alembic takes longer to load than the check above.
    from alembic import command
    from alembic.config import Config

    config = Config()
    with importlib.resources.as_file(importlib.resources.files("migrations")) as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _begin_by_hand(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would commit before DDL
    cursor = connection.cursor()
    cursor.execute(NEW_FILE)
    cursor.close()


def _create_private(file: Path) -> None:
    """A new database is for the owner's eyes only; SQLite gives its `-wal` and `-shm` files the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Never an existing one: closing it here would drop SQLite's locks of this process (POSIX, fcntl).
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
