"""Start and stop order: migrations, keyring, snapshot, log writer, transport, pipeline, pollers; stopping backwards.

A database that does not answer at the start is waited for, for ever: the process lives and says it is not ready.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from app.api.proxy.pipeline import STATE_KEY
from app.api.state import Application, Gateway, Services
from app.common.errors import Unavailable
from app.common.secrets import KeyringError
from app.config import SettingsError
from app.db.session import Database
from app.gateway.limits import RequestLimits, SharedLimits
from app.gateway.pipeline import Pipeline
from app.providers.proxied import through
from app.providers.transport import Transport
from app.services import keyring, migrations
from app.services.admin_auth import AdminAuth
from app.services.counts import add
from app.services.log_tail import LogTails
from app.services.log_writer import LogWriter
from app.services.migrations import SchemaError
from app.services.overview import Overviews
from app.services.retention import Retention
from app.services.shared_logins import SharedFailures
from app.services.snapshot import SnapshotService
from app.services.team_counts import TeamCounts
from app.workers.frames import Topic

if TYPE_CHECKING:
    from app.workers.team import Team  # not for every system

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Between two tries to reach the database at the start."""


@asynccontextmanager
async def run(app: Application) -> AsyncIterator[None]:
    """From start to stop."""
    gateway = app.state.gateway
    async with AsyncExitStack() as parts:
        if gateway.team is not None:
            await parts.enter_async_context(_counting(gateway, gateway.team))
        try:
            await _start(app, gateway, parts)
        except Unavailable as error:
            logger.warning("%s Trying again until it does.", error.message)
            await parts.enter_async_context(_background(_start_later(app, gateway, parts)))
        try:
            yield
        finally:
            gateway.draining = True


async def _start(app: Application, gateway: Gateway, parts: AsyncExitStack) -> None:
    """Bring everything up that needs the database.

    :raises Unavailable: it does not answer.
    :raises SettingsError, KeyringError, SchemaError: it answers, but not to these settings or not to this version.
    """
    settings, team = gateway.settings, gateway.team
    database = Database(settings.database_url)
    async with AsyncExitStack() as begun:
        begun.push_async_callback(database.aclose)
        await migrations.upgrade(settings)
        keys = await keyring.open_keyring(database, settings)
        auth = AdminAuth(
            database, keys, settings.admin_token, failures=SharedFailures(team.shared) if team else None
        )
        leads = team is None or team.leads.is_set()
        setup_token = await auth.issue_setup_token() if leads else None
        if setup_token is not None:
            sys.stderr.write(
                f"No administrator yet. One-time setup token, good for 24 hours: {setup_token}\n"
            )
        snapshot = SnapshotService(database, keys, settings)
        if team is not None:  # before the first look, so that no change is missed
            team.answer_with(Topic.REVISION, lambda revision: _follow(snapshot, revision))
        await snapshot.refresh()
        log_writer = LogWriter(database, settings)
        log_writer.start()
        begun.push_async_callback(log_writer.close)
        direct = Transport(max_connections_per_origin=settings.max_concurrent_requests)
        transport = gateway.transport or through(
            settings.upstream_proxy, settings.upstream_proxy_except, direct
        )
        begun.push_async_callback(transport.aclose)
        pipeline = Pipeline(
            snapshot,
            log_writer,
            transport,
            settings,
            gateway.metrics,
            limits=RequestLimits() if team is None else SharedLimits(team.shared.keys),
            is_draining=lambda: gateway.draining,
        )
        begun.push_async_callback(pipeline.drain)
        await begun.enter_async_context(_background(snapshot.run()))
        await begun.enter_async_context(_background(_once_leading(team, Retention(database, settings).run)))
        parts.push_async_exit(begun.pop_all())
    app.state[STATE_KEY] = pipeline
    gateway.services = Services(
        keyring=keys,
        database=database,
        snapshot=snapshot,
        log_writer=log_writer,
        auth=auth,
        tails=LogTails(database),
        overviews=Overviews(database),
        transport=transport,
    )


async def _start_later(app: Application, gateway: Gateway, parts: AsyncExitStack) -> None:
    said = None
    while gateway.services is None:
        await asyncio.sleep(RETRY_SECONDS)
        try:
            await _start(app, gateway, parts)
        except Unavailable:
            continue
        except Exception as error:
            # a wrong key or a schema of another version: somebody has to mend it, and one line is enough to know
            if said != str(error):
                said = str(error)
                known = isinstance(error, SettingsError | KeyringError | SchemaError)
                logger.error("can't start with this database; trying again: %s", error, exc_info=not known)
    logger.info("the database answers; the gateway is ready")


@asynccontextmanager
async def _counting(gateway: Gateway, team: "Team") -> AsyncIterator[None]:
    """Go on with the counts of the worker that was here before, and have ours kept, to the last."""
    counts = gateway.team_counts = TeamCounts(team, gateway.counts)
    if counts.inherited is not None:
        add(gateway.metrics, counts.inherited)
    async with _background(counts.run()):
        yield
    counts.keep()


async def _follow(snapshot: SnapshotService, revision: bytes) -> bytes:
    """Serve what another worker has changed."""
    await snapshot.refresh(int.from_bytes(revision, "big"))
    return b""


async def _once_leading(team: "Team | None", work: Callable[[], Awaitable[None]]) -> None:
    """A job that must run once, over all workers."""
    if team is not None:
        await team.leads.wait()
    await work()


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
