"""Retention: removes log records and stored payloads whose time is over, a few at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.config import Settings
from app.db.session import Database
from app.repositories.payload_files import payload_files, remove_payloads
from app.repositories.request_logs import RequestLogRepository, first_id

CHUNK: Final = 500
"""Rows removed in one transaction."""
PAUSE_SECONDS: Final = 0.05
"""Between two transactions, so that writers come in between."""
EVERY_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 60.0
"""Until the next run after one that the database did not let end."""
DAY_MS: Final = 24 * 3600 * 1000
BATCHES_MS: Final = 2 * 3600 * 1000
"""How long a live tail may be gone and resume, and more (`services.log_tail.KEPT_MS`)."""

_log = logging.getLogger(__name__)


class Removed(msgspec.Struct, frozen=True):
    """What one run removed."""

    logs: int
    payloads: int
    batches: int = 0


class Retention:
    """On SQLite what is removed is overwritten in the files; in the database's journal (`-wal`) with time."""

    def __init__(self, database: Database, settings: Settings, clock: Clock | None = None) -> None:
        self._database = database
        self._log_days = settings.log_retention_days
        self._payload_days = min(settings.payload_retention_days, settings.log_retention_days)
        self._clock = clock or SystemClock()

    async def run(self) -> None:
        """Remove at once and then every hour, until cancelled."""
        while True:
            seconds = EVERY_SECONDS
            try:
                removed = await self.remove_expired()
            except Unavailable:
                seconds = RETRY_SECONDS
            except Exception:
                _log.exception("expired log records could not be removed; trying again in an hour")
            else:
                if removed.logs or removed.payloads:
                    _log.info(
                        "removed %d expired log records and %d payloads", removed.logs, removed.payloads
                    )
            await self._clock.sleep(seconds)

    async def remove_expired(self) -> Removed:
        """Remove all that has expired by now.

        :raises Unavailable: the database failed on the way; what was removed until then stays removed.
        """
        now = int(self._clock.time() * 1000)
        expired = now - self._payload_days * DAY_MS
        payloads = await self._remove(lambda logs: logs.remove_payloads(expired, CHUNK))
        folder = self._database.payload_folder
        if folder is not None:
            for file in await asyncio.to_thread(payload_files, folder):
                payloads += await asyncio.to_thread(self._remove_from, file, first_id(expired))
        logs = await self._remove(lambda logs: logs.remove_logs(now - self._log_days * DAY_MS, CHUNK))
        batches = await self._remove(lambda logs: logs.remove_batches(now - BATCHES_MS, CHUNK))
        return Removed(logs=logs, payloads=payloads, batches=batches)

    def _remove_from(self, file: Path, before: str) -> int:
        try:
            return remove_payloads(file, before)
        except OSError as error:  # the others can be removed
            _log.error("expired payloads in %s can't be removed (%s)", file, error.strerror)
            return 0

    async def _remove(self, remove: Callable[[RequestLogRepository], Awaitable[int]]) -> int:
        total = 0
        while True:
            async with self._database.transaction() as session:
                count = await remove(RequestLogRepository(session))
            total += count
            if count < CHUNK:
                return total
            await self._clock.sleep(PAUSE_SECONDS)
