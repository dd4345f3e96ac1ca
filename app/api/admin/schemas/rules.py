"""Reading the text of a rule: check, completion, hover."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.api.admin.schemas.problem import Span
from app.rules.complete import Completions
from app.rules.diagnostics import Diagnostic, Severity
from app.rules.hover import Hover
from app.rules.offers import Kind
from app.rules.reading import Reading
from app.services.rule_editor import VocabularyName

RuleText = Annotated[
    str, Meta(max_length=100_000, description="The rule. An empty text is a rule that always passes.")
]
RuleVocabulary = Annotated[
    VocabularyName,
    Meta(description="What the text speaks of: `rules` of requests, `logs` of the rows of the request log."),
]


class RuleCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to check."""

    text: RuleText
    vocabulary: RuleVocabulary = "rules"
    model: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="Name of the model the rule belongs to: conditions it decides get a warning."),
    ] = None


class RulePlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in a text."""

    text: RuleText
    cursor: Annotated[int, Meta(ge=0, description="Characters before the cursor; for hover, the character.")]
    vocabulary: RuleVocabulary = "rules"


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

    @classmethod
    def of(cls, found: Diagnostic) -> "RuleDiagnostic":
        return cls(
            code=found.code.value,
            severity=found.severity,
            span=Span(*found.span),
            line=found.line,
            column=found.column,
            message=found.message,
            suggestion=found.suggestion,
            edit=RuleEdit(Span(*found.edit.span), found.edit.text) if found.edit else None,
        )


class RuleToken(msgspec.Struct, frozen=True):
    """One token of the text."""

    span: Annotated[Span, Meta(description="Its place.")]
    kind: Annotated[
        str,
        Meta(
            description="What to colour it as: `field`, `function`, `operator`, `keyword`, `constant`, `string`, "
            "`number`, `list`, `comment`, `bracket`, or `error` for what is no token."
        ),
    ]


class RuleCheckResult(msgspec.Struct, frozen=True):
    """What the check found."""

    valid: Annotated[bool, Meta(description="The rule can be saved: there is no error.")]
    diagnostics: Annotated[
        list[RuleDiagnostic], Meta(description="Errors and warnings in the order of the text.")
    ]
    words: Annotated[
        str | None,
        Meta(description="The rule in plain words; null where it has errors, and for log filters."),
    ]
    formatted: Annotated[
        str | None, Meta(description="The text in canonical form; null where its syntax is wrong.")
    ]
    tokens: Annotated[
        list[RuleToken],
        Meta(description="All tokens of the text, comments included; none when it is too long."),
    ]

    @classmethod
    def of(cls, reading: Reading) -> "RuleCheckResult":
        return cls(
            valid=reading.valid,
            diagnostics=[RuleDiagnostic.of(found) for found in reading.diagnostics],
            words=reading.words,
            formatted=reading.formatted,
            tokens=[RuleToken(Span(*token.span), token.kind) for token in reading.colours],
        )


class RuleCompletion(msgspec.Struct, frozen=True):
    """One offer."""

    label: Annotated[str, Meta(description="What to show.")]
    insert: Annotated[str, Meta(description="What to put in the place of the span.")]
    kind: Annotated[Kind, Meta(description="What it is.")]
    detail: Annotated[str, Meta(description="Its type or signature; may be empty.")]
    doc: Annotated[str, Meta(description="One sentence on it; may be empty.")]
    cursor: Annotated[
        int, Meta(description="Where the cursor goes, in characters from the start of `insert`.")
    ]


class RuleCompletions(msgspec.Struct, frozen=True):
    """What can be written at a place."""

    span: Annotated[Span, Meta(description="The piece of the text that an offer replaces.")]
    items: Annotated[list[RuleCompletion], Meta(description="At most 100 offers, the likeliest first.")]

    @classmethod
    def of(cls, found: Completions) -> "RuleCompletions":
        return cls(
            span=Span(*found.span),
            items=[
                RuleCompletion(
                    item.label,
                    item.insert,
                    item.kind,
                    item.detail,
                    item.doc,
                    len(item.insert) if item.cursor is None else item.cursor,
                )
                for item in found.items
            ],
        )


class RuleMeaning(msgspec.Struct, frozen=True):
    """What a word means."""

    span: Annotated[Span, Meta(description="The word, or the path up to it.")]
    type: Annotated[str, Meta(description="Its type or signature.")]
    doc: Annotated[str, Meta(description="One sentence on it; may be empty.")]


class RuleHover(msgspec.Struct, frozen=True):
    """What is at a place."""

    found: Annotated[
        RuleMeaning | None, Meta(description="Null for literals, brackets, and what is not known.")
    ]

    @classmethod
    def of(cls, found: Hover | None) -> "RuleHover":
        return cls(None if found is None else RuleMeaning(Span(*found.span), found.type, found.doc))
