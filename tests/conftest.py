"""Fixtures for all tests: databases of their own, on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from app.common.secrets import Keyring
from app.db.session import Database
from tests.support.databases import Postgres, postgres, sqlite_template, sqlite_url

pytest_plugins = ["tests.support.fixtures"]

MASTER = "master-secret-of-the-tests-0123456789"

# A machine that is busy with something else must not fail a test: time is measured in `tests/bench`.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def postgres_server(worker_id: str) -> Iterator[Postgres]:
    with postgres(worker_id) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def sqlite_database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database."""
    return sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "gateway.db")))


@pytest.fixture
def postgres_database_url(postgres_server: Postgres) -> Iterator[str]:
    """A migrated PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database; each test that asks runs once per kind."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; of SQLite not even a file."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "new" / "gateway.db")
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database(migrated=False) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.aclose()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(MASTER)
