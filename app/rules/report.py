"""Collects what `check` and its neighbours `resolve`, `comparisons` and `calls` find wrong with one rule."""

from app.rules.ast import Node, Span
from app.rules.diagnostics import Code, Diagnostic, Edit, RuleError, Severity, diagnose
from app.rules.fields import RULES, Vocabulary
from app.rules.limits import MAX_FAULTS

_WORDS = {
    "str": "text",
    "num": "a number",
    "bool": "true or false",
    "null": "null",
    "list": "a list",
    "map": "an object",
    "header": "the text of a header",
    "ip": "an address",
    "any": "any value",
}


def in_words(type_: str) -> str:
    """A node's type as a sentence has it: `a list or text`."""
    return " or ".join(_WORDS[kind] for kind in type_.split("|"))


class Report:
    """The faults of one text, so far. An operand with a fault counts as `any` afterwards: one fault, one message."""

    def __init__(self, text: str, found: tuple[Diagnostic, ...] = (), vocabulary: Vocabulary = RULES) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.found = list(found)
        self.around: Span | None = None
        """The comparison the current path stands in, for mends that take in the whole of it."""

    def error(
        self, code: Code, span: Span, message: str, suggestion: str | None = None, edit: Edit | None = None
    ) -> None:
        """Note an error; raises RuleError when there are too many to go on."""
        self.found.append(diagnose(self.text, code, span, message, suggestion, edit))
        if len(self.found) >= MAX_FAULTS:
            self.raise_errors()

    def warn(
        self, code: Code, span: Span, message: str, suggestion: str | None = None, edit: Edit | None = None
    ) -> None:
        """Note a warning; those behind many others would only be buried."""
        if len(self.found) < MAX_FAULTS:
            self.found.append(diagnose(self.text, code, span, message, suggestion, edit, Severity.WARNING))

    def source(self, node: Node) -> str:
        """The text of a node, as its author wrote it."""
        return self.text[node.span[0] : node.span[1]]

    def raise_errors(self) -> None:
        """Raises RuleError with everything found, when an error is among it."""
        if any(item.severity is Severity.ERROR for item in self.found):
            raise RuleError(self.diagnostics())

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In the order of the text."""
        return tuple(sorted(self.found, key=lambda item: item.span))
