"""One database transaction per admin request: begun by the dependency `db_session`, ended before the answer goes out.

Litestar resolves dependencies side by side. One that refuses its parameters cancels the others, and forgets generators
that have begun; so whatever is left open is closed by the middleware here, not by chance.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.state import gateway_of, services_of
from app.db.session import Database
from app.services.revisions import SESSION_KEY

_STATE_KEY = "gateway_transaction"


class Transaction:
    """At most one of these per request."""

    def __init__(self, database: Database, *, writes: bool) -> None:
        self._context = database.transaction() if writes else database.read()
        self._opening: asyncio.Task[AsyncSession] | None = None
        self._over = False

    async def begin(self) -> AsyncSession:
        """:raises Unavailable:"""
        self._opening = asyncio.create_task(self._context.__aenter__())
        return await asyncio.shield(self._opening)

    async def end(self, error: BaseException | None = None) -> None:
        """Commit, or roll back with an error. What happened already stays.

        :raises Unavailable:
        """
        if self._opening is None or self._over:
            return
        self._over = True
        with contextlib.suppress(Exception):  # not begun: who waited for it was told
            await self._opening
        if self._opening.exception() is not None:
            return
        if error is None:
            await self._context.__aexit__(None, None, None)
            return
        with contextlib.suppress(type(error)):
            await self._context.__aexit__(type(error), error, error.__traceback__)


class Abandoned(Exception):
    """Nobody asked for the changes to be kept."""


async def provide_db_session(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """Dependency `db_session`: a session that is committed, and its changes served, once the handler has its answer.

    A commit that fails is the answer.
    """
    services = services_of(request)
    transaction = Transaction(services.database, writes=request.method not in ("GET", "HEAD"))
    request.scope["state"][_STATE_KEY] = transaction
    session = await transaction.begin()
    try:
        yield session
    except BaseException as error:
        await transaction.end(error)
        raise
    await transaction.end()
    revision = session.info.get(SESSION_KEY)
    if revision is not None:
        await gateway_of(request).changed(services.snapshot, revision)


def close_transactions(app: ASGIApp) -> ASGIApp:
    """Middleware: roll back what was begun and then forgotten."""

    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            transaction: Transaction | None = scope.get("state", {}).get(_STATE_KEY)
            if transaction is not None:
                await transaction.end(Abandoned())

    return closing
