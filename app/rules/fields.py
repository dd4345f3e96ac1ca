"""The fields rules can read, as a tree made from the table of `rules_grammar`. `context` has the values."""

from collections.abc import Iterable

import msgspec

from rules_grammar import FIELDS


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

NAMED_SET = frozenset(("str", "num"))
"""What a named list can hold."""

UNREADABLE_HEADERS = frozenset(FIELDS["unreadable_headers"])
"""Headers that carry credentials."""


def _plant() -> Field:
    root = Field(frozenset(("map",)), optional=False)
    for row in FIELDS["fields"]:
        *above, name = row["name"].replace("[]", ".[]").split(".")
        parent = root
        for part in above:
            parent = _below(parent, part)
        field = _below(parent, name)
        field.kinds = frozenset(row["type"].split("|"))
        field.optional = row["optional"]
        field.nullable = row["name"].startswith("body.") or field.holds("any")
        field.values = tuple(row["values"]) if row.get("closed") else ()
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


ROOT = _plant()
"""Its children are the names a path can begin with."""


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
