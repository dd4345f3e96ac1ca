"""A time limit for the queries of one block, on either database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

_CANCELED = "57014"
"""PostgreSQL manual, appendix A: query_canceled."""


class QueryTooSlow(Exception):
    """The time was up before the database had an answer."""


@asynccontextmanager
async def deadline(session: AsyncSession, seconds: float) -> AsyncIterator[None]:
    """Stop a query of the block that takes longer. On PostgreSQL the session is of no more use after that.

    :raises QueryTooSlow:
    """
    connection = await session.connection()
    timer: asyncio.Task[None] | None = None
    if connection.dialect.name == "sqlite":
        driver = (await connection.get_raw_connection()).driver_connection
        timer = asyncio.create_task(_interrupt(driver, seconds))
    else:
        await connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(int(seconds * 1000), 1)}")
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise QueryTooSlow from error
        if getattr(error.orig, "sqlstate", None) == _CANCELED:
            raise QueryTooSlow from error
        raise
    finally:
        if timer is not None:
            timer.cancel()


async def _interrupt(driver: Any, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await driver.interrupt()  # does nothing while no statement runs
