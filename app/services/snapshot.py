"""Keeps the routing snapshot up to date: after each change made here, and by polling for those made elsewhere.

The hot path reads `current`; `snapshot_build.py` next door makes it.
"""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from app.common.clock import Clock, SystemClock
from app.common.errors import Unavailable
from app.common.secrets import Keyring
from app.config import Settings
from app.db.session import Database
from app.domain.snapshot import RoutingSnapshot
from app.repositories.revisions import RevisionRepository
from app.services.snapshot_build import CHANGE_CHARS, EMPTY, START_CHARS, Built, build, settle
from app.services.snapshot_read import Tables, read

logger = logging.getLogger(__name__)

READ_SECONDS: Final = 10.0
POLL_SECONDS: Final = 3.0
"""A poll asks for one number. Until it fails, an unknown API key is taken for a wrong one."""
_REST: Final = 3.0
"""After compiling what was left for later, so many times as long is spent on requests alone."""
_TURN_SECONDS: Final = 0.0005
"""How long the event loop waits for Python's lock while a thread builds; 5 ms as Python comes."""


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
        most_chars: tuple[int, int] = (START_CHARS, CHANGE_CHARS),
    ) -> None:
        """:param most_chars: characters of rules compiled for the first snapshot, and for a later one."""
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
        self._most_chars = most_chars
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
                with _short_turns():
                    built = await asyncio.to_thread(
                        build,
                        tables,
                        self._built,
                        self._keyring,
                        self._settings,
                        self._environ,
                        self._clock.time(),
                        self._most_chars[self.loaded],
                    )
            except Exception as error:  # a bug must not stop the serving of what we have
                self._failed(error)
                return
            self._take(built)
            self.loaded = True
            self._succeeded()

    async def settle(self) -> bool:
        """Compile some of the rules that were left for later. Returns whether there are more."""
        async with self._turn:
            if self._built.deferred:
                with _short_turns():
                    self._take(await asyncio.to_thread(settle, self._built))
            return bool(self._built.deferred)

    async def run(self) -> None:
        """Poll for changes until cancelled, a little irregularly so that replicas don't ask all at once."""
        while True:
            await self.poll()
            pause = self._settings.snapshot_poll_seconds * (0.9 + 0.2 * self._jitter())
            while self._built.deferred and pause > 0:
                begun = self._clock.monotonic()
                await self.settle()
                rest = _REST * (self._clock.monotonic() - begun)
                await self._clock.sleep(rest)
                pause -= rest
            await self._clock.sleep(max(pause, 0))

    async def poll(self) -> None:
        """Look once whether the configuration has changed, and take it over if so."""
        try:
            async with asyncio.timeout(POLL_SECONDS), self._database.read() as session:
                newest = await RevisionRepository(session).newest()
        except Exception as error:  # as above
            self._failed(error)
            return
        if self.loaded and newest == self._built.mark:
            self._succeeded()
        else:  # an older change counts as well: a backup was restored
            await self.refresh()

    async def _read(self) -> Tables:
        async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
            known = {stored.edition for stored in self._built.lists.values()}
            return await read(session, self._built.mark, known)

    def _take(self, built: Built) -> None:
        problems = built.problems
        for problem in problems:
            if problem not in self.problems:
                logger.warning("configuration: %s", problem)
        self._built, self.problems, self.current = built, problems, built.snapshot

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


@contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
