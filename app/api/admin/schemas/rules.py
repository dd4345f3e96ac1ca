"""Checking the text of a rule."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.problem import Span
from app.rules.diagnostics import Severity


class RuleCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to check."""

    text: Annotated[
        str, Meta(max_length=100_000, description="The rule. An empty text is a rule that always passes.")
    ]


class RuleEdit(msgspec.Struct, frozen=True):
    """A change that removes a fault."""

    span: Annotated[Span, Meta(description="The piece of the text to replace.")]
    text: Annotated[str, Meta(description="What to put in its place.")]


class RuleDiagnostic(msgspec.Struct, frozen=True):
    """One fault of a rule, or a warning."""

    code: Annotated[str, Meta(description="Stable name of the fault.")]
    severity: Annotated[
        Severity, Meta(description="A rule with errors can't be saved; warnings are for reading.")
    ]
    span: Annotated[Span, Meta(description="The piece of the text at fault.")]
    line: Annotated[int, Meta(description="Line of its first character, from 1.")]
    column: Annotated[int, Meta(description="Column of its first character, from 1.")]
    message: Annotated[str, Meta(description="What is wrong.")]
    suggestion: Annotated[str | None, Meta(description="A way out, in words.")]
    edit: Annotated[RuleEdit | None, Meta(description="A way out, as a change of the text.")]


class RuleCheckResult(msgspec.Struct, frozen=True):
    """What the check found."""

    valid: Annotated[bool, Meta(description="The rule can be saved: there is no error.")]
    diagnostics: Annotated[
        list[RuleDiagnostic], Meta(description="Errors and warnings in the order of the text.")
    ]
