"""All that an editor wants to know of a text at once; `complete` and `hover` next door answer for one place of it."""

import msgspec

from app.rules.diagnostics import Code, Diagnostic, RuleError, Severity, diagnose
from app.rules.engine import Lists, check
from app.rules.fields import RULES, Vocabulary
from app.rules.fold import folded_constants
from app.rules.format import format_rule
from app.rules.in_words import in_words
from app.rules.limits import MAX_CHARS
from app.rules.tokens import Coloured, colours


class Reading(msgspec.Struct, frozen=True):
    """What a text says and what is wrong with it."""

    diagnostics: tuple[Diagnostic, ...]
    """In the order of the text."""
    words: str | None
    """What a rule says; None where it has errors, and for a log filter."""
    formatted: str | None
    """The text in canonical form; None where its syntax is wrong."""
    colours: tuple[Coloured, ...]
    """Empty for a text that is too long to be a rule."""

    @property
    def valid(self) -> bool:
        return not any(found.severity is Severity.ERROR for found in self.diagnostics)


def read(text: str, lists: Lists, vocabulary: Vocabulary = RULES, model: str | None = None) -> Reading:
    """Check, word, format and colour a text. `model` is the name of the model whose rule it is, where that is known:
    conditions that are the same for all its requests get a warning."""
    found = check(text, lists, vocabulary)
    is_rule = vocabulary is RULES and not any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    if is_rule and model is not None:
        found = tuple(sorted((*found, *_constant(text, model, lists)), key=lambda item: item.span))
    return Reading(
        diagnostics=found,
        words=in_words(text) if is_rule else None,
        formatted=_formatted(text),
        colours=colours(text) if len(text) <= MAX_CHARS else (),
    )


def _constant(text: str, model: str, lists: Lists) -> list[Diagnostic]:
    return [
        diagnose(
            text,
            Code.CONSTANT_CONDITION,
            span,
            f"for the model `{model}` this condition is always {'true' if truth else 'false'}",
            severity=Severity.WARNING,
        )
        for span, truth in folded_constants(text, model, lists)
    ]


def _formatted(text: str) -> str | None:
    try:
        return format_rule(text)
    except RuleError:
        return None
