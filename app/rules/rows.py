"""A rule as a form draws it: groups of rows, and chips of text for what is no row. `legacy_json` is the way back."""

from typing import Any, Literal, TypeAlias

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.diagnostics import RuleError
from app.rules.field_names import spell_field
from app.rules.parser import parse

OPERATOR_NAMES = {
    "==": "eq",
    "!=": "ne",
    ">": "gt",
    "<": "lt",
    ">=": "gte",
    "<=": "lte",
    "contains": "contains",
    "matches": "regex",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
}
"""Names that rows have for our operators; `in` and `not_in` besides."""
Scalar: TypeAlias = str | int | float | bool | None


class Row(msgspec.Struct, frozen=True, tag="row"):
    """Field, operator and value."""

    field: str
    operator: str
    value: Scalar | tuple[Scalar, ...]
    """Several for `in` and `not_in`."""
    span: Span


class Chip(msgspec.Struct, frozen=True, tag="chip"):
    """A condition that no row can say."""

    text: str
    span: Span


class Group(msgspec.Struct, frozen=True, tag="group"):
    logic: Literal["AND", "OR"]
    items: tuple["Part", ...]
    span: Span


Part: TypeAlias = Row | Chip | Group


def builder_tree(text: str) -> Group:
    """The rule as groups of rows and chips; the outermost is always a group, empty for a rule without expression.

    Raises RuleError where the text has syntax errors.
    """
    parsed = parse(text)
    if parsed.diagnostics:
        raise RuleError(parsed.diagnostics)
    if parsed.root is None:
        return Group("AND", (), (0, len(text)))
    part = _part(text, parsed.root)
    return part if isinstance(part, Group) else Group("AND", (part,), part.span)


def chips(group: Group) -> tuple[Chip, ...]:
    """What keeps the rule from being drawn as rows alone, in the order of the text."""
    found: list[Chip] = []
    for item in group.items:
        if isinstance(item, Group):
            found += chips(item)
        elif isinstance(item, Chip):
            found.append(item)
    return tuple(found)


def to_json(group: Group) -> dict[str, Any] | None:
    """The group as a rule list in JSON; None where a chip is in it."""
    rules: list[dict[str, Any]] = []
    for item in group.items:
        if isinstance(item, Chip):
            return None
        if isinstance(item, Row):
            value = list(item.value) if isinstance(item.value, tuple) else item.value
            rules.append({"field": item.field, "operator": item.operator, "value": value})
        else:
            inner = to_json(item)
            if inner is None:
                return None
            rules.append(inner)
    return {"rules": rules, "logic": group.logic}


def _part(text: str, node: Node) -> Part:
    if isinstance(node, tree.And | tree.Or):
        items = tuple(_part(text, item) for item in node.items)
        return Group("AND" if isinstance(node, tree.And) else "OR", items, node.span)
    row = _row(node)
    if row is None:
        return Chip(text[node.span[0] : node.span[1]], node.span)
    field, operator, value = row
    return Row(spell_field(field), operator, value, node.span)


def _row(node: Node) -> tuple[tree.Path, str, Scalar | tuple[Scalar, ...]] | None:
    """Field, operator and value, where the node is made of these. A field alone must be true; `not` turns it round."""
    if isinstance(node, tree.Path):
        return node, "eq", True
    if isinstance(node, tree.Compare) and isinstance(node.right, tree.Const):
        field = _field(node.left, (node.right.value,))
        if field is not None and (node.op != "contains" or field is node.left):
            return field, OPERATOR_NAMES[node.op], node.right.value
    if isinstance(node, tree.Member) and isinstance(node.set, tree.ListSet):
        values = tuple(item.value for item in node.set.items)
        field = _field(node.value, values)
        return None if field is None or not values else (field, "in", values)
    if isinstance(node, tree.Not) and isinstance(node.operand, tree.Path):
        return node.operand, "ne", True
    if isinstance(node, tree.Not) and isinstance(node.operand, tree.Member):
        row = _row(node.operand)
        return None if row is None else (row[0], "not_in", row[2])
    return None


def _field(node: Node, values: tuple[Scalar, ...]) -> tree.Path | None:
    """The field of an operand: itself, or what `number(...)` of a header is compared with numbers."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if isinstance(node, tree.Path):
        return None if node.root == "headers" and numbers else node
    if isinstance(node, tree.Call) and node.function == "number" and len(node.args) == 1 and numbers:
        arg = node.args[0]
        return arg if isinstance(arg, tree.Path) and arg.root == "headers" else None
    return None
