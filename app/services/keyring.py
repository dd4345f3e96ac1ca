"""Opens the keyring at start, and makes sure that it is the one the database was set up with."""

import hmac
from pathlib import Path
from typing import Final

from app.common.secrets import Keyring, KeyringError, read_master
from app.config import Settings
from app.db.session import Database
from app.db.tables.meta import MetaRow
from app.services import revisions

CHECK: Final = "encryption_check"
"""Where the check value of the master secret is kept."""


async def open_keyring(database: Database, settings: Settings) -> Keyring:
    """The keyring of this database. At the first start its check value is stored, and a key file made where asked.

    :raises KeyringError: another master secret than the database was set up with, or none at all.
    :raises Unavailable: the database does not answer.
    """
    async with database.transaction() as session:
        await revisions.lock(session)  # processes that start together must not make a key file each
        stored = await session.get(MetaRow, CHECK)
        master = read_master(
            settings.encryption_key, Path(settings.encryption_key_file), may_create=stored is None
        )
        keyring = Keyring(master)
        if stored is None:
            session.add(MetaRow(key=CHECK, value=keyring.check_value))
        elif not hmac.compare_digest(stored.value, keyring.check_value):
            name = "ENCRYPTION_KEY" if settings.encryption_key else "ENCRYPTION_KEY_FILE"
            raise KeyringError(
                f"{name}: not the key this database was set up with. Stored credentials need that one."
            )
    return keyring
