"""What is wrong with a rule, and how it is shown. `syntax` and `check` next door find it."""

from enum import StrEnum

import msgspec

from app.rules.ast import Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Stable names; `docs/rules.md` explains each."""

    TOO_LONG = "RULE_TOO_LONG"
    TOO_DEEP = "RULE_TOO_DEEP"
    TOO_LARGE = "RULE_TOO_LARGE"
    LIST_TOO_LONG = "RULE_LIST_TOO_LONG"
    PATTERN_TOO_LONG = "RULE_PATTERN_TOO_LONG"
    PATTERN_TOO_BIG = "RULE_PATTERN_TOO_BIG"
    TOO_MANY_RULES = "RULE_TOO_MANY_RULES"
    BAD_CHARACTER = "RULE_BAD_CHARACTER"
    UNEXPECTED_END = "RULE_UNEXPECTED_END"
    UNEXPECTED = "RULE_UNEXPECTED"
    UNCLOSED_STRING = "RULE_UNCLOSED_STRING"
    UNKNOWN_ESCAPE = "RULE_UNKNOWN_ESCAPE"
    NUMBER_RANGE = "RULE_NUMBER_RANGE"
    MISSING_LOGIC = "RULE_MISSING_LOGIC"
    MISSING_OPERATOR = "RULE_MISSING_OPERATOR"
    CHAINED = "RULE_CHAINED"
    FOREIGN_SPELLING = "RULE_FOREIGN_SPELLING"
    NO_ARITHMETIC = "RULE_NO_ARITHMETIC"
    UNKNOWN_FIELD = "RULE_UNKNOWN_FIELD"
    UNKNOWN_FUNCTION = "RULE_UNKNOWN_FUNCTION"
    UNKNOWN_LIST = "RULE_UNKNOWN_LIST"
    UNREADABLE_HEADER = "RULE_UNREADABLE_HEADER"
    OUTPUT_USAGE = "RULE_OUTPUT_USAGE"
    TYPE_MISMATCH = "RULE_TYPE_MISMATCH"
    HEADER_IS_TEXT = "RULE_HEADER_IS_TEXT"
    IS_A_LIST = "RULE_IS_A_LIST"
    NOT_A_LIST = "RULE_NOT_A_LIST"
    NOT_A_CONDITION = "RULE_NOT_A_CONDITION"
    CONSTANT_COMPARISON = "RULE_CONSTANT_COMPARISON"
    DOT_OUTSIDE = "RULE_DOT_OUTSIDE"
    INNER_LIST = "RULE_INNER_LIST"
    QUANTIFIER_DEPTH = "RULE_QUANTIFIER_DEPTH"
    NOT_LINEAR = "RULE_NOT_LINEAR"
    EMPTY_LIST = "RULE_EMPTY_LIST"
    EMPTY_RANGE = "RULE_EMPTY_RANGE"
    PATTERN_NOT_LITERAL = "RULE_PATTERN_NOT_LITERAL"
    BAD_PATTERN = "RULE_BAD_PATTERN"
    BAD_ADDRESS = "RULE_BAD_ADDRESS"
    UNKNOWN_TIME_ZONE = "RULE_UNKNOWN_TIME_ZONE"
    BAD_ARGUMENTS = "RULE_BAD_ARGUMENTS"
    NOT_EQUAL_OPTIONAL = "RULE_NOT_EQUAL_OPTIONAL"
    CONTENT_PARTS = "RULE_CONTENT_PARTS"
    UNKNOWN_VALUE = "RULE_UNKNOWN_VALUE"
    CONSTANT_CONDITION = "RULE_CONSTANT_CONDITION"
    ALWAYS_TRUE = "RULE_ALWAYS_TRUE"
    NEVER_TRUE = "RULE_NEVER_TRUE"
    SAID_TWICE = "RULE_SAID_TWICE"
    LIST_ENTRY = "RULE_LIST_ENTRY"
    NOT_SEARCHABLE = "RULE_NOT_SEARCHABLE"
    BAD_TIME = "RULE_BAD_TIME"


class Edit(msgspec.Struct, frozen=True):
    """A change of the rule's text that removes the fault: put `text` in the place of `span`."""

    span: Span
    text: str


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. `line` and `column` count from 1, in characters; `span` is an offset pair."""

    code: Code
    severity: Severity
    span: Span
    line: int
    column: int
    message: str
    suggestion: str | None = None
    """A way out, in words."""
    edit: Edit | None = None


class RuleError(Exception):
    """A text that is no rule. `diagnostics` has at least one error, in the order of the text."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = next(d for d in diagnostics if d.severity is Severity.ERROR)
        super().__init__(f"{first.code} {first.line}:{first.column} {first.message}")
        self.diagnostics = diagnostics


def diagnose(
    text: str,
    code: Code,
    span: Span,
    message: str,
    suggestion: str | None = None,
    edit: Edit | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic with line and column worked out from `span`."""
    start = span[0]
    line_start = text.rfind("\n", 0, start) + 1
    return Diagnostic(
        code=code,
        severity=severity,
        span=span,
        line=text.count("\n", 0, start) + 1,
        column=start - line_start + 1,
        message=message,
        suggestion=suggestion,
        edit=edit,
    )


_WINDOW = 100
"""Columns of a line that are shown."""


def render(text: str, diagnostic: Diagnostic) -> str:
    """For a terminal: code and place, the line with a caret mark, the cause, and the way out."""
    start, end = diagnostic.span
    line_start = start - diagnostic.column + 1
    line_end = text.find("\n", start)
    shown_start = line_start if diagnostic.column <= _WINDOW else start - _WINDOW // 2
    line = text[shown_start : line_end if line_end >= 0 else len(text)][:_WINDOW]
    marked = max(1, min(end - start, len(line) - (start - shown_start)))
    column = diagnostic.column
    rows = [
        f"{diagnostic.severity}: {diagnostic.code} {diagnostic.line}:{column}-{column + end - start}",
        f"  {_printable(line)}",
        "  " + " " * (start - shown_start) + "^" * marked,
        f"  {_printable(diagnostic.message)}",
    ]
    if diagnostic.suggestion is not None:
        rows.append(f"  fix: {_printable(diagnostic.suggestion)}")
    return "\n".join(rows)


def _printable(text: str) -> str:
    """One column for each character: a terminal must not obey what a rule's text holds."""
    return "".join(
        char if char.isprintable() else " " if char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
