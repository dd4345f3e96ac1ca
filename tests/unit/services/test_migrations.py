"""Bringing a schema up to date: from nothing, by several at once, after a failure, and not backwards."""

import asyncio
import importlib
import os
import pkgutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import app.db.tables
import migrations
from app.config import Settings
from app.db.session import Database
from app.db.tables.base import Base
from app.services.migrations import SchemaError, known_revisions, upgrade


async def execute(url: str, *statements: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def tables(url: str) -> set[str]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def test_the_number_of_a_file_is_its_revision() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert known_revisions() == [revision.revision for revision in reversed(list(script.walk_revisions()))]
    assert script.get_heads() == known_revisions()[-1:]


async def test_the_migrations_make_the_tables_of_the_program(database: Database) -> None:
    for module in pkgutil.iter_modules(app.db.tables.__path__, "app.db.tables."):
        importlib.import_module(module.name)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_several_processes_migrate_an_empty_database_once(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)
    assert sorted(await asyncio.gather(*(upgrade(settings) for _ in range(3)))) == [False, False, True]
    assert await upgrade(settings) is False


async def test_a_failed_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)
    if settings.is_sqlite:
        Path(empty_database_url.partition(":///")[2]).parent.mkdir()
    await execute(empty_database_url, "CREATE TABLE revision (id INTEGER)")
    with pytest.raises(Exception, match="revision"):
        await upgrade(settings)
    assert await tables(empty_database_url) == {"revision"}
    await execute(empty_database_url, "DROP TABLE revision")
    assert await upgrade(settings) is True
    assert {"provider", "model", "revision"} <= await tables(empty_database_url)


async def test_a_newer_database_is_refused(database_url: str) -> None:
    await execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="9999"):
        await upgrade(Settings(database_url=database_url))


async def test_a_new_sqlite_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    url = f"sqlite+aiosqlite:///{file}"
    await upgrade(Settings(database_url=url))
    database = Database(url)
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO meta VALUES ('a', 'b')"))
        modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}
    await database.aclose()
    assert modes == {"gateway.db": 0o600, "gateway.db-wal": 0o600, "gateway.db-shm": 0o600}


async def test_a_new_sqlite_file_has_large_pages(tmp_path: Path) -> None:
    """Which can't be changed later."""
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.db"
    await upgrade(Settings(database_url=url))
    database = Database(url)
    async with database.read() as session:
        assert await session.scalar(text("PRAGMA page_size")) == 16384
    await database.aclose()


def test_nothing_to_do_is_quick(sqlite_database_url: str) -> None:
    program = (
        "import asyncio, sys; from app.config import Settings; from app.services.migrations import upgrade;"
        f"assert not asyncio.run(upgrade(Settings(database_url={sqlite_database_url!r})));"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
