"""Rules in canonical form, in words, as a form draws them; and rules from and to other notations."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.api.admin.schemas.problem import Span
from app.api.admin.schemas.rules import RuleText
from app.rules.importers.converted import ConvertedRule
from app.rules.rows import Chip, Group, Row, Scalar
from app.services.rule_texts import Conversion, Formatted, Notation


class RuleFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to bring into canonical form."""

    text: RuleText


class RuleRow(msgspec.Struct, frozen=True, tag_field="kind", tag="row"):
    """A condition that a form shows as field, operator and value."""

    field: Annotated[str, Meta(description="The field, e.g. `body.messages[0].role`.")]
    operator: Annotated[
        str,
        Meta(
            description="eq, ne, gt, lt, gte, lte, contains, regex, starts_with, ends_with, in, not_in; over a number, "
            "those of a header read it as a number."
        ),
    ]
    value: Annotated[
        str | float | bool | list[str | float | bool | None] | None,
        Meta(description="What it is compared with; a list for in and not_in."),
    ]
    span: Annotated[Span, Meta(description="The condition in the text.")]


class RuleChip(msgspec.Struct, frozen=True, tag_field="kind", tag="chip"):
    """A condition that only text can say."""

    text: Annotated[str, Meta(description="The condition, as written.")]
    span: Annotated[Span, Meta(description="The condition in the text.")]


class RuleGroup(msgspec.Struct, frozen=True, tag_field="kind", tag="group"):
    """Conditions under one `and` or `or`."""

    logic: Annotated[Literal["AND", "OR"], Meta(description="How the conditions are joined.")]
    items: Annotated[
        list["RuleRow | RuleChip | RuleGroup"], Meta(description="The conditions, in the order of the text.")
    ]
    span: Annotated[Span, Meta(description="The group in the text.")]

    @classmethod
    def of(cls, found: Group) -> "RuleGroup":
        return cls(found.logic, [_part(item) for item in found.items], Span(*found.span))


def _part(found: Row | Chip | Group) -> RuleRow | RuleChip | RuleGroup:
    if isinstance(found, Group):
        return RuleGroup.of(found)
    if isinstance(found, Chip):
        return RuleChip(found.text, Span(*found.span))
    value: Scalar | list[Scalar] = list(found.value) if isinstance(found.value, tuple) else found.value
    return RuleRow(found.field, found.operator, value, Span(*found.span))


class RuleFormatted(msgspec.Struct, frozen=True):
    """A rule as it should be written."""

    text: Annotated[str, Meta(description="The rule in canonical form.")]
    changed: Annotated[bool, Meta(description="It was written otherwise.")]
    words: Annotated[
        str, Meta(description="What it says, in English; an indented list where conditions nest.")
    ]
    builder: Annotated[
        RuleGroup,
        Meta(description="What a form draws, with spans of the canonical text; the outermost group."),
    ]
    as_written: Annotated[
        RuleGroup,
        Meta(
            description="The same with spans of the text that was sent, for edits that leave the rest of it alone."
        ),
    ]

    @classmethod
    def of(cls, found: Formatted) -> "RuleFormatted":
        return cls(
            found.text,
            found.changed,
            found.words,
            RuleGroup.of(found.builder),
            RuleGroup.of(found.as_written),
        )


class RuleConvert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules in another notation."""

    notation: Annotated[
        Notation,
        Meta(
            description="`json`: a rule list (`rules`, `logic`); `bifrost`: routing rules or one CEL expression; "
            "`portkey`: a configuration with conditions; `litellm`: settings in YAML; `text`: a rule, to JSON."
        ),
    ] = msgspec.field(name="from")
    source: Annotated[str, Meta(max_length=900_000, description="The text of it.")]


class RuleConverted(msgspec.Struct, frozen=True):
    """One rule that passes the checker."""

    name: Annotated[str, Meta(description="What it is called there.")]
    target: Annotated[str, Meta(description="What it chooses there; empty where it says nothing.")]
    text: Annotated[str, Meta(description="The rule.")]
    words: Annotated[str, Meta(description="What it says, in English.")]
    priority: Annotated[int, Meta(description="Its place in the order of the source, from 0.")]

    @classmethod
    def of(cls, found: ConvertedRule, words: str) -> "RuleConverted":
        return cls(found.name, found.target, found.text, words, found.priority)


class RuleUnmapped(msgspec.Struct, frozen=True):
    """Something that was left out, or works differently here."""

    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) into the source; empty for all of it.")]
    what: Annotated[str, Meta(description="The part of the source.")]
    why: Annotated[str, Meta(description="What is the matter with it.")]
    span: Annotated[Span | None, Meta(description="The part, where the source is a rule.")] = None


class RuleConversion(msgspec.Struct, frozen=True):
    """What became of a source."""

    rules: Annotated[list[RuleConverted], Meta(description="The rules, in the order of the source.")]
    unmapped: Annotated[
        list[RuleUnmapped],
        Meta(description="What has no counterpart, or one that differs; nothing is guessed."),
    ]
    json: Annotated[
        dict[str, Any] | None,
        Meta(
            description="From `text`: the rule list. Null where only an expression can say the rule; `unmapped` then "
            "has the conditions that no row can show."
        ),
    ]

    @classmethod
    def of(cls, found: Conversion) -> "RuleConversion":
        return cls(
            [RuleConverted.of(rule, words) for rule, words in found.rules],
            [
                RuleUnmapped(note.pointer, note.what, note.why, None if span is None else Span(*span))
                for note, span in found.notes
            ],
            found.json,
        )
