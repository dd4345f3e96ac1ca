"""The master secret has to be the one the database was set up with."""

import asyncio
from pathlib import Path

import pytest

from app.common.secrets import KeyringError
from app.config import Settings
from app.db.session import Database
from app.services.keyring import open_keyring

RIGHT = "right-secret-0123456789-0123456789"
WRONG = "wrong-secret-0123456789-0123456789"


async def test_the_first_start_decides(database: Database) -> None:
    first = await open_keyring(database, Settings(encryption_key=RIGHT))
    again = await open_keyring(database, Settings(encryption_key=RIGHT))
    assert first.digest("v") == again.digest("v")


async def test_a_wrong_secret_is_refused_and_not_shown(database: Database, tmp_path: Path) -> None:
    await open_keyring(database, Settings(encryption_key=RIGHT))
    with pytest.raises(KeyringError, match=r"^ENCRYPTION_KEY: ") as caught:
        await open_keyring(database, Settings(encryption_key=WRONG))
    assert WRONG not in str(caught.value)
    file = tmp_path / "gateway.key"
    file.write_text(WRONG)
    with pytest.raises(KeyringError, match=r"^ENCRYPTION_KEY_FILE: ") as caught:
        await open_keyring(database, Settings(encryption_key_file=str(file)))
    assert WRONG not in str(caught.value)
    file.write_text(RIGHT + "\n")
    await open_keyring(database, Settings(encryption_key_file=str(file)))


async def test_a_lost_key_file_is_not_replaced(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "gateway.key"
    settings = Settings(encryption_key_file=str(file))
    await open_keyring(database, settings)
    file.unlink()
    with pytest.raises(KeyringError, match="ENCRYPTION_KEY_FILE"):
        await open_keyring(database, settings)
    assert not file.exists()


async def test_processes_that_start_together_agree(database_url: str, tmp_path: Path) -> None:
    settings = Settings(encryption_key_file=str(tmp_path / "gateway.key"))
    databases = [Database(database_url) for _ in range(4)]
    keyrings = await asyncio.gather(*(open_keyring(database, settings) for database in databases))
    assert len({keyring.check_value for keyring in keyrings}) == 1
    for database in databases:
        await database.aclose()
