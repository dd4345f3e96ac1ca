"""What a word of a rule means, for the pointer resting on it. `complete` next door offers words."""

import msgspec

from app.rules.ast import Node, Span
from app.rules.calls import FUNCTIONS
from app.rules.fields import RULES, Vocabulary
from app.rules.limits import MAX_CHARS
from app.rules.offers import signature
from app.rules.place import field_of, place
from app.rules.report import in_words
from app.rules.tokens import tokens
from app.rules.words import Word
from rules_grammar import OPERATORS, FunctionRow, QuantifierRow

_OPERATORS = {spelling: row for row in OPERATORS["operators"] for spelling in row["spellings"]}
_CALLS: dict[str, FunctionRow | QuantifierRow] = {
    **FUNCTIONS,
    **{row["name"]: row for row in OPERATORS["quantifiers"]},
}


class Hover(msgspec.Struct, frozen=True):
    """A word's place, its type or signature, and one sentence; the sentence is empty where the table has none."""

    span: Span
    type: str
    doc: str


def hover(text: str, offset: int, vocabulary: Vocabulary = RULES) -> Hover | None:
    """What the character at `offset` belongs to; None for literals, brackets and what is unknown. Never raises."""
    words = tokens(text) if len(text) <= MAX_CHARS else []
    at = next((index for index, word in enumerate(words) if word.start <= offset < word.end), None)
    if at is None:
        return None
    word = words[at]
    span = (word.start, word.end)
    if word.kind == "LIST_NAME":
        return Hover(span, "a named list", "Its entries are kept apart from the rule.")
    if word.text in _OPERATORS and word.kind not in ("NAME", "STRING"):
        row = _OPERATORS[word.text]
        return Hover(span, "operator", row["doc"])
    if word.kind == "QUANTIFIER" or (
        word.kind == "NAME" and at + 1 < len(words) and words[at + 1].kind == "LPAR"
    ):
        called = _CALLS.get(word.text)
        return None if called is None else Hover(span, signature(called), called["doc"])
    if word.kind in ("NAME", "DOT_NAME", "DOT"):
        return _field(words[: at + 1], vocabulary)
    return None


def _field(words: list[Word], vocabulary: Vocabulary) -> Hover | None:
    found = place(words, vocabulary)
    node: Node | None = None if found is None else found.path
    if found is None or node is None:
        return None
    field = field_of(node, found.elements, vocabulary)
    if "any" in field.kinds and not field.doc:
        return None
    shown = in_words(field.type)
    if field.optional:
        shown += ", or missing"
    return Hover(node.span, shown, field.doc)
