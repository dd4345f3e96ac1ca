"""Start and stop order: migrations, keyring, snapshot, log writer, transport, pipeline, pollers; stopping backwards.

A database that does not answer at the start is waited for, for ever: the process lives and says it is not ready.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar

from app.api.proxy.pipeline import STATE_KEY
from app.api.state import Gateway, Services
from app.common.errors import Unavailable
from app.common.secrets import KeyringError
from app.config import SettingsError
from app.db.session import Database
from app.gateway.pipeline import Pipeline
from app.providers.transport import Transport
from app.services import keyring, migrations
from app.services.admin_auth import AdminAuth
from app.services.log_tail import LogTails
from app.services.log_writer import LogWriter
from app.services.migrations import SchemaError
from app.services.overview import Overviews
from app.services.retention import Retention
from app.services.snapshot import SnapshotService

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Between two tries to reach the database at the start."""


@asynccontextmanager
async def run(app: Litestar) -> AsyncIterator[None]:
    """Litestar's lifespan."""
    gateway: Gateway = app.state.gateway
    async with AsyncExitStack() as parts:
        try:
            await _start(app, gateway, parts)
        except Unavailable as error:
            logger.warning("%s Trying again until it does.", error.message)
            await parts.enter_async_context(_background(_start_later(app, gateway, parts)))
        try:
            yield
        finally:
            gateway.draining = True


async def _start(app: Litestar, gateway: Gateway, parts: AsyncExitStack) -> None:
    """Bring everything up that needs the database.

    :raises Unavailable: it does not answer.
    :raises SettingsError, KeyringError, SchemaError: it answers, but not to these settings or not to this version.
    """
    settings = gateway.settings
    database = Database(settings.database_url)
    async with AsyncExitStack() as begun:
        begun.push_async_callback(database.aclose)
        await migrations.upgrade(settings)
        keys = await keyring.open_keyring(database, settings)
        auth = AdminAuth(database, keys, settings.admin_token)
        setup_token = await auth.issue_setup_token()
        if setup_token is not None:
            sys.stderr.write(
                f"No administrator yet. One-time setup token, good for 24 hours: {setup_token}\n"
            )
        snapshot = SnapshotService(database, keys, settings)
        await snapshot.refresh()
        log_writer = LogWriter(database, settings)
        log_writer.start()
        begun.push_async_callback(log_writer.close)
        transport = gateway.transport or Transport()
        begun.push_async_callback(transport.aclose)
        pipeline = Pipeline(
            snapshot, log_writer, transport, settings, gateway.metrics, is_draining=lambda: gateway.draining
        )
        begun.push_async_callback(pipeline.drain)
        await begun.enter_async_context(_background(snapshot.run()))
        await begun.enter_async_context(_background(Retention(database, settings).run()))
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
    )


async def _start_later(app: Litestar, gateway: Gateway, parts: AsyncExitStack) -> None:
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
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
