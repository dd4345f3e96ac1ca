"""Checking a rule before it is stored: the diagnostics of `app.rules` as faults of a field.

Whether the tests of its model pass is asked afterwards: `rule_proof.py` next door.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import FieldError
from app.repositories.named_lists import NamedListRepository
from app.rules import engine
from app.rules.diagnostics import Severity


async def rule_faults(session: AsyncSession, rule: str, pointer: str) -> list[FieldError]:
    """What keeps a rule from being stored; warnings don't."""
    names = await NamedListRepository(session).names() if "$" in rule else ()
    return [
        FieldError(pointer, found.code, found.message, span=found.span, suggestion=found.suggestion)
        for found in engine.check(rule, dict.fromkeys(names, frozenset()))
        if found.severity is Severity.ERROR
    ]
