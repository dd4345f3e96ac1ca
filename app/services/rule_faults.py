"""Checking a rule before it is stored: the diagnostics of `app.rules` as faults of a field."""

from typing import Final

from app.common.errors import FieldError
from app.rules import engine
from app.rules.diagnostics import Severity

GRAMMAR: Final = 1
"""Version of the rule language, stored beside each rule."""


def rule_faults(rule: str, pointer: str) -> list[FieldError]:
    """What keeps a rule from being stored; warnings don't."""
    return [
        FieldError(pointer, found.code, found.message, span=found.span, suggestion=found.suggestion)
        for found in engine.check(rule, {})
        if found.severity is Severity.ERROR
    ]
