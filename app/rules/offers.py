"""What can be offered at a place in a rule: fields, operators, functions, values. `complete` chooses and ranks."""

import functools
import zoneinfo
from collections.abc import Collection, Iterator, Mapping, Set
from typing import Literal, TypeAlias

import msgspec

from app.rules.calls import FUNCTIONS
from app.rules.comparisons import scalar_kinds
from app.rules.fields import Field, Vocabulary
from app.rules.literals import quoted
from app.rules.place import Element
from app.rules.report import in_words
from rules_grammar import OPERATORS, FunctionRow, QuantifierRow

Kind: TypeAlias = Literal["field", "function", "operator", "keyword", "value", "list", "snippet", "bracket"]

HEADERS = (
    "user-agent",
    "content-type",
    "accept-language",
    "anthropic-beta",
    "anthropic-version",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "origin",
    "referer",
    "traceparent",
    "x-request-id",
    "x-stainless-lang",
    "x-stainless-package-version",
    "x-title",
)
"""Headers that clients of the two dialects send."""


class Seen(msgspec.Struct, frozen=True):
    """Names and values from traffic and configuration. Keys are spelled as in the table of fields."""

    names: Mapping[str, tuple[str, ...]] = {}
    """Below a field with free names: `headers`, `api_key.metadata`."""
    values: Mapping[str, tuple[str, ...]] = {}
    """Of a field: `model`, `api_key.tags[]`."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One offer."""

    label: str
    insert: str
    """What to put in the place of the span."""
    kind: Kind
    detail: str = ""
    """Type or signature."""
    doc: str = ""
    cursor: int | None = None
    """Where the cursor goes, counted from the start of `insert`; None: behind it."""


def field(label: str, found: Field, insert: str | None = None) -> Completion:
    return Completion(
        label=label, insert=insert or label, kind="field", detail=in_words(found.type), doc=found.doc
    )


def step(name: str) -> str:
    """A name as the next step of a path."""
    plain = name.isascii() and name.replace("-", "_").isidentifier()
    odd = not plain or name.startswith("-") or name.endswith("-") or "--" in name
    return f"[{quoted(name)}]" if odd else f".{name}"


def names_below(name: str, parent: Field, vocabulary: Vocabulary, seen: Seen) -> Iterator[tuple[str, Field]]:
    """Fields one step below a field, those with free names as far as they were seen."""
    yield from parent.children.items()
    if parent.wildcard is not None and "any" not in parent.kinds:
        known = (*seen.names.get(name, ()), *(HEADERS if name == "headers" else ()))
        for below in dict.fromkeys(known):
            if below.lower() not in vocabulary.unreadable and below not in parent.children:
                yield below, parent.wildcard


def paths(vocabulary: Vocabulary) -> tuple[tuple[str, Field], ...]:
    """Every field that has a name of its own, those of list elements left out, the short names first."""
    if vocabulary.noun not in _PATHS:
        _PATHS[vocabulary.noun] = tuple(_paths("", vocabulary.root))
    return _PATHS[vocabulary.noun]


_PATHS: dict[str, tuple[tuple[str, Field], ...]] = {}


def _paths(above: str, parent: Field) -> Iterator[tuple[str, Field]]:
    for name, found in parent.children.items():
        yield f"{above}{name}", found
    for name, found in parent.children.items():
        yield from _paths(f"{above}{name}.", found)


def is_a(found: Field, wanted: Set[str]) -> bool:
    """A value of the field is of a wanted type."""
    if "any" in found.kinds:
        return "header" not in wanted
    return not {*found.kinds, *scalar_kinds(found) - {"null"}}.isdisjoint(wanted)


def leads_to(found: Field, wanted: Set[str]) -> bool:
    """A value of the field, or of one below it, is of a wanted type."""
    if is_a(found, wanted) or "any" in found.kinds:
        return is_a(found, wanted)
    below = (*found.children.values(), *((found.wildcard,) if found.wildcard else ()))
    return any(leads_to(child, wanted) for child in below)


def signature(row: FunctionRow | QuantifierRow) -> str:
    """Parameters and result: `(text) → a number`."""
    names = ", ".join(param if isinstance(param, str) else param["name"] for param in row["params"])
    return f"({names}) → {in_words(row['result'])}"


def functions(vocabulary: Vocabulary, wanted: frozenset[str] | None) -> Iterator[Completion]:
    """Functions and quantifiers whose result is of a wanted type; None: any."""
    rows: tuple[FunctionRow | QuantifierRow, ...] = (*FUNCTIONS.values(), *OPERATORS["quantifiers"])
    for row in rows:
        name = row["name"]
        if name not in vocabulary.calls or (wanted is not None and row["result"] not in wanted):
            continue
        first = row["params"][0]
        text = not isinstance(first, str) and first["types"] == ["literal"]
        yield Completion(
            label=name,
            insert=f'{name}("")' if text else f"{name}()",
            kind="function",
            detail=signature(row),
            doc=row["doc"],
            cursor=len(name) + (2 if text else 1),
        )


def snippets(vocabulary: Vocabulary, inside: Element | None) -> Iterator[Completion]:
    """Whole quantifiers over the lists there are, the cursor where the condition goes on."""
    if inside is None:
        lists = [(name, found) for name, found in paths(vocabulary) if found.kinds == {"list"}]
    else:
        lists = [(f".{name}", found) for name, found in inside.field.children.items() if found.holds("list")]
    for name, found in lists:
        element = found.element
        names = [] if element is None else list(element.children)
        start = f".{names[0]} == " if names else ". == "
        for kind in ("any", "all") if not names or inside is None else ("any",):
            if kind in vocabulary.quantifiers:
                head = f"{kind}({name}, {start}"
                yield Completion(
                    label=f"{head})", insert=f"{head})", kind="snippet", doc=found.doc, cursor=len(head)
                )


def operators(found: Field) -> Iterator[Completion]:
    """Operators that take the field on their left."""
    kinds = {*scalar_kinds(found)}
    if "any" not in found.kinds and found.kinds <= {"list", "map"}:
        kinds.clear()
    if found.holds("list") and (found.element is None or scalar_kinds(found.element)):
        kinds.add("list")
    for row in OPERATORS["operators"]:
        name = row["name"]
        if name in ("and", "or", "not") or kinds.isdisjoint(row["left"]):
            continue
        if found.kinds == {"ip"} and name in ("<", "<=", ">", ">=", "matches"):
            continue
        yield Completion(
            label=name, insert=name, kind="operator", detail=" or ".join(row["spellings"]), doc=row["doc"]
        )
        if name == "in":
            yield Completion(label="not in", insert="not in", kind="operator", doc="Not one of them.")


def right_kinds(operator: str, left: Field) -> frozenset[str]:
    """Scalar kinds worth having on the right of an operator, null among them."""
    kinds = scalar_kinds(left)
    if operator == "contains":
        element = left.element if left.holds("list") and left.element is not None else None
        kinds = (kinds & {"str"}) | (scalar_kinds(element) if element is not None else frozenset())
    row = next((row for row in OPERATORS["operators"] if row["name"] == operator), None)
    return frozenset(kinds if row is None else kinds & set(row["right"]))


def literal_kind(text: str) -> str:
    """Kind of a literal: of a text in quotes, of `true`, `false` or `null`."""
    return {"true": "bool", "false": "bool", "null": "null"}.get(text, "str")


def value(text: str, insert: str, detail: str = "", cursor: int | None = None) -> Completion:
    return Completion(label=text, insert=insert, kind="value", detail=detail, cursor=cursor)


def values(name: str, found: Field, seen: Seen) -> Iterator[Completion]:
    """Literals a field is worth comparing with: known and seen texts, then true, false and null."""
    for text in dict.fromkeys((*found.known, *seen.values.get(name, ()))):
        yield value(text, quoted(text), "known value" if text in found.known else "seen")
    kinds = scalar_kinds(found)
    if "bool" in kinds and "any" not in found.kinds:
        yield value("true", "true")
        yield value("false", "false")
    if "null" in kinds and "any" not in found.kinds:
        yield value("null", "null", "JSON null; a missing field is something else")


def lists(names: Collection[str]) -> Iterator[Completion]:
    for name in sorted(names):
        yield Completion(label=f"${name}", insert=f"${name}", kind="list", detail="a named list")


@functools.cache
def zones() -> tuple[Completion, ...]:
    """Time zones, UTC and those of cities first."""
    names = sorted(zoneinfo.available_timezones(), key=lambda name: (name != "UTC", "/" not in name, name))
    return tuple(value(name, f'"{name}"', "time zone") for name in names)
