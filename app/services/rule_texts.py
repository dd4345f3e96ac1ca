"""Other ways to write rules: canonical form, words, rows of a form, JSON, the notations of other gateways."""

import asyncio
from typing import Any, Final, Literal, TypeAlias

import msgspec

from app.common.errors import FieldError, ValidationFailed
from app.rules.ast import Span
from app.rules.diagnostics import RuleError, Severity
from app.rules.format import format_rule
from app.rules.importers import bifrost, litellm, portkey
from app.rules.importers.converted import Converted, ConvertedRule, Unmapped
from app.rules.in_words import in_words
from app.rules.legacy_json import convert as convert_json
from app.rules.rows import Group, builder_tree, chips, to_json

Notation: TypeAlias = Literal["json", "bifrost", "portkey", "litellm", "text"]
IMPORTERS: Final = {
    "json": convert_json,
    "bifrost": bifrost.convert,
    "portkey": portkey.convert,
    "litellm": litellm.convert,
}


class Formatted(msgspec.Struct, frozen=True):
    text: str
    changed: bool
    words: str
    builder: Group
    """Spans are those of `text`."""
    as_written: Group
    """Spans are those of the text that was given."""


class Conversion(msgspec.Struct, frozen=True):
    rules: list[tuple[ConvertedRule, str]]
    """Each with what it says in words."""
    notes: list[tuple[Unmapped, Span | None]]
    json: dict[str, Any] | None = None


async def format_text(text: str) -> Formatted:
    """The canonical form of a rule, and what it says.

    :raises ValidationFailed: its syntax is wrong.
    """
    return await asyncio.to_thread(_formatted, text, "/text")


async def convert_text(notation: Notation, source: str) -> Conversion:
    """Rules from another notation; from `text`, the rule itself and its JSON.

    :raises ValidationFailed: a rule in `text` has wrong syntax.
    """
    return await asyncio.to_thread(_converted, notation, source)


def _formatted(text: str, pointer: str) -> Formatted:
    try:
        formatted = format_rule(text)
    except RuleError as error:
        faults = tuple(
            FieldError(pointer, found.code, found.message, span=found.span, suggestion=found.suggestion)
            for found in error.diagnostics
            if found.severity is Severity.ERROR
        )
        raise ValidationFailed("The rule can't be read.", errors=faults) from None
    return Formatted(
        formatted, formatted != text, in_words(formatted), builder_tree(formatted), builder_tree(text)
    )


def _converted(notation: Notation, source: str) -> Conversion:
    if notation != "text":
        found: Converted = IMPORTERS[notation](source)
        return Conversion(
            [(rule, in_words(rule.text)) for rule in found.rules], [(note, None) for note in found.notes]
        )
    rule = _formatted(source, "/source")
    why = "no row of field, operator and value can say it"
    notes: list[tuple[Unmapped, Span | None]] = [
        (Unmapped("", chip.text, why), chip.span) for chip in chips(builder_tree(source))
    ]
    return Conversion([(ConvertedRule("rule", "", rule.text), rule.words)], notes, to_json(rule.builder))
