"""Whether a false condition is one because a value was of the wrong type. Not needed to evaluate; `trace` shows it."""

from collections.abc import Sequence

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.values import MISSING, Value
from rules_grammar import OPERATORS

_KINDS: dict[type, str] = {
    str: "str",
    int: "num",
    float: "num",
    bool: "bool",
    type(None): "null",
    list: "list",
    tuple: "list",
    dict: "map",
}
_TAKEN = {
    row["name"]: frozenset("str" if kind == "header" else kind for kind in row["params"][0]["types"])
    for row in OPERATORS["functions"]
}
"""Kinds the first argument of a function may have."""
_TEXT_TYPES = frozenset(("str", "header", "ip", "any"))


def mismatched(node: Node, operands: Sequence[Value]) -> bool:
    """A value was there, but the operator takes none of its type. `operands` are those of `children(node)`."""
    kinds = [_KINDS[type(value)] for value in operands if value is not MISSING]
    if isinstance(node, tree.Compare):
        return bool(kinds) and _compare(node, kinds, left_is_there=operands[0] is not MISSING)
    if not kinds:
        return False
    if isinstance(node, tree.Member):
        return node.value.type != "ip" and kinds[0] not in _in_set(node.set)
    if isinstance(node, tree.Call):
        taken = _TAKEN[node.function]
        return taken.isdisjoint(("field", "literal")) and kinds[0] not in taken
    return isinstance(node, tree.Quant) and kinds[0] != "list"


def _compare(node: tree.Compare, kinds: list[str], *, left_is_there: bool) -> bool:
    if node.op in ("==", "!="):
        return not {"list", "map"}.isdisjoint(kinds) or ("null" not in kinds and len(set(kinds)) > 1)
    if node.op in ("<", "<=", ">", ">="):
        return not set(kinds) <= {"str", "num"} or len(set(kinds)) > 1
    if node.op != "contains":
        return set(kinds) != {"str"}
    if not left_is_there:
        return False
    declared = frozenset(node.left.type.split("|"))
    if kinds[0] == "list":
        return declared.isdisjoint(("list", "any"))
    return kinds[0] != "str" or declared.isdisjoint(_TEXT_TYPES) or kinds[-1] != "str"


def _in_set(wanted: tree.ListSet | tree.RangeSet | tree.NamedSet) -> frozenset[str]:
    """Kinds of values that could be in the set; null can be compared with anything."""
    if isinstance(wanted, tree.RangeSet):
        return frozenset(("num",))
    if isinstance(wanted, tree.NamedSet):
        return frozenset(("str", "num"))
    return frozenset(("null", *(_KINDS[type(item.value)] for item in wanted.items)))
