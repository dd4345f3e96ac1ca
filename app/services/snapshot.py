"""Keeps the routing snapshot up to date: after each change made here, and by polling for those made elsewhere.

The hot path reads `current`; `snapshot_build.py` next door makes it.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable, Mapping
from typing import Final

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.domain.snapshot import RoutingSnapshot
from app.repositories.api_keys import ApiKeyRepository
from app.repositories.models import ModelRepository
from app.repositories.named_lists import NamedListRepository
from app.repositories.providers import ProviderRepository
from app.repositories.revisions import RevisionRepository
from app.repositories.targets import TargetRepository
from app.services.snapshot_build import EMPTY, Tables, build, edition

logger = logging.getLogger(__name__)

READ_SECONDS: Final = 10.0
POLL_SECONDS: Final = 3.0
"""A poll asks for one number. Until it fails, an unknown API key is taken for a wrong one."""


class SnapshotService:
    """The gateway's `SnapshotSource`. Until the first read has succeeded, `loaded` is False and nothing is routed."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: Settings,
        clock: Clock | None = None,
        environ: Mapping[str, str] = os.environ,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.current: RoutingSnapshot = EMPTY.snapshot
        self.fresh = False
        self.loaded = False
        self.problems: list[str] = []
        """What the current snapshot had to leave out, in sentences for an administrator; no secrets."""
        self.key_digest: Callable[[str], bytes] = keyring.api_key_digest
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._clock = clock or SystemClock()
        self._environ = environ
        self._jitter = jitter
        self._built = EMPTY
        self._complained = False
        self._turn = asyncio.Lock()

    async def refresh(self, revision: int | None = None) -> None:
        """Read the configuration and make it current. Failures are logged, and leave the old one with `fresh` False.

        :param revision: the change to be served; nothing is done where a snapshot made meanwhile has it already.
        """
        async with self._turn:
            if revision is not None and self.loaded and self.current.revision >= revision:
                return
            try:
                tables = await self._read()
                built = await asyncio.to_thread(
                    build,
                    tables,
                    self._built,
                    self._keyring,
                    self._settings,
                    self._environ,
                    self._clock.time(),
                )
            except Exception as error:  # a bug must not stop the serving of what we have
                self._failed(error)
                return
            for problem in built.problems:
                if problem not in self.problems:
                    logger.warning("configuration: %s", problem)
            self._built, self.problems = built, built.problems
            self.current, self.loaded = built.snapshot, True
            self._succeeded()

    async def run(self) -> None:
        """Poll for changes until cancelled, a little irregularly so that replicas don't ask all at once."""
        while True:
            await self.poll()
            await self._clock.sleep(self._settings.snapshot_poll_seconds * (0.9 + 0.2 * self._jitter()))

    async def poll(self) -> None:
        """Look once whether the configuration has changed, and take it over if so."""
        try:
            async with asyncio.timeout(POLL_SECONDS), self._database.read() as session:
                latest = await RevisionRepository(session).latest()
        except Exception as error:  # as above
            self._failed(error)
            return
        if self.loaded and latest == self.current.revision:
            self._succeeded()
        else:  # a smaller revision counts as well: a backup was restored
            await self.refresh()

    async def _read(self) -> Tables:
        async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
            lists = await NamedListRepository(session).editions()
            unread = [row.id for row in lists if edition(row) not in self._built.lists]
            return Tables(
                revision=await RevisionRepository(session).latest(),
                providers=await ProviderRepository(session).active(),
                models=await ModelRepository(session).active(),
                targets=await TargetRepository(session).active(),
                api_keys=await ApiKeyRepository(session).active(),
                lists=lists,
                entries=await NamedListRepository(session).texts(unread),
            )

    def _succeeded(self) -> None:
        if self._complained:
            logger.info("configuration: the database answers again")
        self.fresh, self._complained = True, False

    def _failed(self, error: Exception) -> None:
        self.fresh = False
        if not self._complained:
            expected = isinstance(error, Unavailable | TimeoutError)
            logger.error(
                "configuration: can't be read; serving what is known", exc_info=None if expected else error
            )
        self._complained = True
