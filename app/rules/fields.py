"""The fields that rules and log filters can read, as trees made from the tables of `rules_grammar`. `context` has the
values."""

from collections.abc import Iterable, Mapping

import msgspec

from rules_grammar import FIELDS, LOG_FIELDS, OPERATORS, FieldRow


class Field(msgspec.Struct):
    """What is known of a value before any request. `kinds` are type names; `any` alone stands for all."""

    kinds: frozenset[str]
    optional: bool = True
    nullable: bool = False
    """JSON null can stand here."""
    children: dict[str, "Field"] = {}
    wildcard: "Field | None" = None
    """What any other name below it is."""
    element: "Field | None" = None
    values: tuple[str, ...] = ()
    """All possible values; empty where they are open."""
    known: tuple[str, ...] = ()
    """Values worth offering, `values` among them."""
    doc: str = ""

    @property
    def type(self) -> str:
        """The kinds as the tree's nodes carry them."""
        return "|".join(sorted(self.kinds))

    def holds(self, *kinds: str) -> bool:
        """A value of one of the kinds can stand here."""
        return "any" in self.kinds or not self.kinds.isdisjoint(kinds)


def scalar(kind: str, *, optional: bool = False) -> Field:
    """A computed value of one kind."""
    return Field(frozenset((kind,)), optional)


ANY = Field(frozenset(("any",)), nullable=True)
"""A value nothing is known of."""
ANY.element = ANY.wildcard = ANY

BROKEN = Field(frozenset(("any",)), optional=False, nullable=True)
"""A value with a fault in it: whatever is asked of it brings no second message."""
BROKEN.element = BROKEN.wildcard = BROKEN

NAMED_SET = frozenset(("str", "num"))
"""What a named list can hold."""


class Vocabulary(msgspec.Struct, frozen=True):
    """What one kind of text in the language can speak of."""

    noun: str
    """What such a text is called in messages: `rule`, `filter`."""
    root: Field
    """Its children are the names a path can begin with."""
    functions: frozenset[str]
    quantifiers: frozenset[str]
    unreadable: frozenset[str] = frozenset()
    """Headers that carry credentials."""
    instead: Mapping[str, str] = {}
    """Our names by others that people try."""
    reasons: Mapping[str, str] = {}
    """Why a field or function of another vocabulary cannot be used, by its name."""
    untyped: str | None = None
    """The root below which `["name"]` may be a field the table does not know; None: no such way out."""

    lists: tuple[str, ...] = ()
    """Some fields that are lists, to show as examples."""

    @property
    def calls(self) -> frozenset[str]:
        """All that can stand before a parenthesis."""
        return self.functions | self.quantifiers


def _plant(rows: Iterable[FieldRow], untyped: str | None) -> Field:
    root = Field(frozenset(("map",)), optional=False)
    for row in rows:
        *above, name = row["name"].replace("[]", ".[]").split(".")
        parent = root
        for part in above:
            parent = _below(parent, part)
        field = _below(parent, name)
        field.kinds = frozenset(row["type"].split("|"))
        field.optional = row["optional"]
        field.nullable = row["name"].startswith(f"{untyped}.") or field.holds("any")
        field.known = tuple(row.get("values", ()))
        field.values = field.known if row.get("closed") else ()
        field.doc = row["doc"]
        if field.kinds == ANY.kinds:
            field.element = field.wildcard = ANY
    return root


def _below(parent: Field, part: str) -> Field:
    """The field one step below, made when new: an element that has no row of its own is a map."""
    if part == "[]":
        parent.element = parent.element or Field(frozenset(("map",)), optional=False, nullable=True)
        return parent.element
    if part == "*":
        parent.wildcard = parent.wildcard or Field(frozenset())
        return parent.wildcard
    return parent.children.setdefault(part, Field(frozenset()))


_FUNCTIONS = frozenset(row["name"] for row in OPERATORS["functions"])
_QUANTIFIERS = frozenset(row["name"] for row in OPERATORS["quantifiers"])

RULES = Vocabulary(
    "rule",
    _plant(FIELDS["fields"], "body"),
    _FUNCTIONS,
    _QUANTIFIERS,
    frozenset(FIELDS["unreadable_headers"]),
    untyped="body",
    lists=("body.messages", "api_key.tags"),
)
"""What the rules of models and targets read: the request, before it is sent."""

LOGS = Vocabulary(
    "filter",
    _plant(LOG_FIELDS["fields"], None),
    _FUNCTIONS.intersection(LOG_FIELDS["functions"]),
    _QUANTIFIERS.intersection(LOG_FIELDS["quantifiers"]),
    instead=LOG_FIELDS["instead"],
    reasons=LOG_FIELDS["reasons"],
)
"""What a filter of the request log reads: one row, after the answer."""


def near(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the name, when one is within two slips of it (one in short names)."""
    best, limit = None, 1 if len(name) < 5 else 2
    letters = frozenset(name)
    for candidate in candidates:
        # One slip changes the length by one and the set of letters by two at most.
        if (
            abs(len(candidate) - len(name)) <= limit
            and len(letters.symmetric_difference(candidate)) <= 2 * limit
        ):
            slips = _slips(name, candidate)
            if slips <= limit:
                best, limit = candidate, slips - 1
    return best


def _slips(one: str, other: str) -> int:
    """Letters added, dropped, changed or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, match in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (char != match))
            if above and j > 1 and char == other[j - 2] and match == one[i - 2]:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
