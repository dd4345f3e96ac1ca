"""Filter expressions of the log, from text to a condition for the database; `app.rules.log_search` reads them."""

import asyncio
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError, ValidationFailed
from app.repositories.named_lists import NamedListRepository
from app.rules.diagnostics import RuleError, Severity
from app.rules.list_names import list_names
from app.rules.log_search import Lists, search
from app.rules.sql import Sql
from app.rules.to_sql import Dialect, to_sql


async def condition(session: AsyncSession, text: str) -> Sql | None:
    """What the filter asks of a row; None where it asks nothing.

    :raises ValidationFailed: it is no filter; `errors` has all that is wrong with it.
    """
    lists = await _lists(session, text) if "$" in text else {}
    dialect = cast(Dialect, session.get_bind().dialect.name)
    try:
        return await asyncio.to_thread(_compiled, text, dialect, lists)
    except RuleError as error:
        raise _refused(error) from None


async def _lists(session: AsyncSession, text: str) -> Lists:
    """All lists by name, with the entries of those that the filter asks for."""
    stored = NamedListRepository(session)
    known: dict[str, frozenset[str]] = dict.fromkeys(await stored.names(), frozenset())
    return known | await stored.entries(list_names(text))


def _compiled(text: str, dialect: Dialect, lists: Lists) -> Sql | None:
    wanted = search(text, lists)
    return None if wanted.root is None else to_sql(wanted, dialect, lists)


def _refused(error: RuleError) -> ValidationFailed:
    faults = tuple(
        FieldError("/filter", found.code, found.message, span=found.span, suggestion=found.suggestion)
        for found in error.diagnostics
        if found.severity is Severity.ERROR
    )
    return ValidationFailed("The filter can't be read.", errors=faults)
