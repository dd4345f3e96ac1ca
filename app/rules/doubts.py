"""Warnings about a rule that passes the check: parts that are never true, always true, or said twice.

Only what is certain from the text is told. `analysis` next door looks across the rules of a model, with examples.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.diagnostics import Code, Edit
from app.rules.literals import quoted
from app.rules.patterns import searcher
from app.rules.report import Report
from app.rules.values import contains, ends_with, same, starts_with

Key: TypeAlias = tuple[Any, ...]
"""A node without its places: the same for whatever means the same by its form."""

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_WHOLE = {"len": (0, math.inf), "count": (0, math.inf), "hour": (0, 23), "weekday": (1, 7)}
"""Least and greatest value of what gives whole numbers."""
_SURE = ("hour", "weekday", "count")
"""Gives a number for every request."""
_COMPARED = 16
"""Conditions on one field that each later one is compared with."""
_CASES = {"lower": "capital", "upper": "small"}


class _Claim(msgspec.Struct, frozen=True):
    """What one condition says of one operand. `wanted` is false where the condition stands behind `not`."""

    node: Node
    key: Key
    """Of the whole condition, without `not`."""
    wanted: bool
    operand: Node | None = None
    """None where the condition is not about a single operand and fixed values."""
    op: str = ""
    """An operator, `in`, `range` or `exists`."""
    value: Any = None


def look(report: Report, root: Node) -> None:
    """Warn about the conditions of a checked tree."""
    for node in tree.walk(root):
        if isinstance(node, tree.And | tree.Or):
            _group(report, node)
        elif isinstance(node, tree.Compare | tree.Member):
            _alone(report, node)


def _group(report: Report, node: tree.And | tree.Or) -> None:
    """An `or` is always true exactly when its negated parts are never true together."""
    claims = [_claim(item) for item in node.items]
    if isinstance(node, tree.Or):
        claims = [msgspec.structs.replace(claim, wanted=not claim.wanted) for claim in claims]
    seen: dict[tuple[Key, bool], Node] = {}
    for before, claim in zip([None, *node.items], claims, strict=False):
        first = seen.setdefault((claim.key, claim.wanted), claim.node)
        if first is not claim.node and before is not None:
            _said_twice(report, first, before, claim.node)
    clash = _clash(claims)
    if clash is None:
        return
    one, other = (report.source(claim.node) for claim in clash)
    if isinstance(node, tree.And):
        message = f"`{other}` is never true together with `{one}`"
        report.warn(Code.NEVER_TRUE, clash[1].node.span, message, _either(report, clash))
    else:
        report.warn(Code.ALWAYS_TRUE, clash[1].node.span, f"one of `{one}` and `{other}` is always true")


def _said_twice(report: Report, first: Node, before: Node, again: Node) -> None:
    between = report.text[before.span[1] : again.span[0]]
    edit = (
        Edit((before.span[1], again.span[1]), "")
        if between.strip().isalpha() or between.strip() in ("&&", "||")
        else None
    )
    message = f"`{report.source(again)}` is said twice"
    if report.source(first) != report.source(again):
        message = f"`{report.source(again)}` says the same as `{report.source(first)}`"
    report.warn(Code.SAID_TWICE, again.span, message, "leave it out", edit)


def _either(report: Report, clash: Sequence[_Claim]) -> str | None:
    """What two different values of one field most likely mean."""
    operand = clash[0].operand
    if operand is None or any(
        claim.op != "==" or not claim.wanted or isinstance(claim.value, bool) for claim in clash
    ):
        return None
    values = ", ".join(_spelled(claim.value) for claim in clash)
    return f"for either: `{report.source(operand)} in [{values}]`"


def _spelled(value: str | int | float | None) -> str:
    return quoted(value) if isinstance(value, str) else "null" if value is None else str(value)


def _alone(report: Report, node: tree.Compare | tree.Member) -> None:
    """A condition that its own operand decides: `hour("UTC") > 24`, `lower(x) == "High"`."""
    claim = _claim(node)
    call = claim.operand
    name = _name(call)
    if name in _CASES:
        _wrong_case(report, node, name)
    elif call is not None and (name in _WHOLE or name == "bucket"):
        reach = f"`{report.source(call)}` {_reach(name)}"
        flipped = msgspec.structs.replace(claim, wanted=not claim.wanted)
        if _empty((claim,)):
            report.warn(Code.NEVER_TRUE, node.span, f"this is never true: {reach}")
        elif (name in _SURE or not claim.wanted) and _empty((flipped,)):
            report.warn(Code.ALWAYS_TRUE, node.span, f"this is always true: {reach}")


def _name(node: Node | None) -> str:
    """The function or quantifier that a value comes from."""
    return node.function if isinstance(node, tree.Call) else node.kind if isinstance(node, tree.Quant) else ""


def _reach(name: str) -> str:
    if name == "bucket":
        return "is from 0 to below 100"
    least, greatest = _WHOLE[name]
    return f"is at least {least}" if greatest == math.inf else f"is from {least} to {greatest}"


def _wrong_case(report: Report, node: tree.Compare | tree.Member, name: str) -> None:
    if isinstance(node, tree.Compare):
        literals = [side for side in (node.left, node.right) if isinstance(side, tree.Const)]
    else:
        literals = [*node.set.items] if isinstance(node.set, tree.ListSet) else []
    for literal in literals:
        value = literal.value
        if not isinstance(value, str) or (isinstance(node, tree.Compare) and node.op == "matches"):
            continue
        ours = value.lower() if name == "lower" else value.upper()
        if ours != value:
            message = f"`{value}` is never met: `{name}` leaves no {_CASES[name]} letters"
            edit = Edit(literal.span, quoted(ours))
            report.warn(Code.NEVER_TRUE, literal.span, message, f"use `{quoted(ours)}`", edit)


def _claim(node: Node) -> _Claim:
    """A condition in its simplest form: no `not`, no `!=`, the field on the left, a bare field as `== true`."""
    inner, wanted = node, True
    while isinstance(inner, tree.Not):
        inner, wanted = inner.operand, not wanted
    if isinstance(inner, tree.Compare):
        left, right, op = inner.left, inner.right, inner.op
        if isinstance(left, tree.Const) and op in _FLIPPED:
            left, right, op = right, left, _FLIPPED[op]
        if op == "!=":
            op, wanted = "==", not wanted
        key = (op, _key(left), _key(right))
        if isinstance(right, tree.Const):
            return _Claim(node, key, wanted, left, op, right.value)
        return _Claim(node, key, wanted)
    if isinstance(inner, tree.Member) and isinstance(inner.set, tree.ListSet) and inner.value.type != "ip":
        items = frozenset((type(item.value) is bool, item.value) for item in inner.set.items)
        return _Claim(node, _key(inner), wanted, inner.value, "in", items)
    if isinstance(inner, tree.Member) and isinstance(inner.set, tree.RangeSet):
        bounds = (inner.set.low.value, inner.set.high.value)
        return _Claim(node, _key(inner), wanted, inner.value, "range", bounds)
    if isinstance(inner, tree.Call) and inner.function == "exists":
        return _Claim(node, _key(inner), wanted, inner.args[0], "exists")
    if isinstance(inner, tree.Path | tree.Elem):
        return _Claim(node, ("==", _key(inner), (bool, True)), wanted, inner, "==", True)
    return _Claim(node, _key(inner), wanted)


def _key(node: Any) -> Key:
    if isinstance(node, tree.Const):
        return (type(node.value), node.value)
    if isinstance(node, tree.Path | tree.Elem):
        return (
            type(node).__name__,
            getattr(node, "root", ""),
            *((type(step.key), step.key) for step in node.steps),
        )
    if isinstance(node, msgspec.Struct):
        names = [name for name in node.__struct_fields__ if name not in ("span", "type")]
        return (type(node).__name__, *(_key(getattr(node, name)) for name in names))
    if isinstance(node, tuple):
        return tuple(map(_key, node))
    return (node,)


def _clash(claims: Sequence[_Claim]) -> tuple[_Claim, _Claim] | None:
    """Two of the claims that are never met together; None where there may be a way."""
    seen: dict[Key, _Claim] = {}
    about: dict[Key, list[_Claim]] = {}
    for claim in claims:
        other = seen.setdefault(claim.key, claim)
        if other.wanted is not claim.wanted:
            return other, claim
        if claim.operand is None or "ip" in claim.operand.type:
            continue
        group = about.setdefault(_key(claim.operand), [])
        group.append(claim)
        for one in group[:-1][:_COMPARED]:
            if _excluded(one, claim):
                return one, claim
    return None


def _excluded(one: _Claim, other: _Claim) -> bool:
    """No value of the operand, nor its absence, meets both."""
    for first, second in ((one, other), (other, one)):
        if first.op == "exists" and not first.wanted and second.wanted:
            return True
        if first.wanted and first.op in ("==", "in"):
            values = (first.value,) if first.op == "==" else [value for _, value in first.value]
            return not any(_meets(value, second) for value in values)
    return _empty((one, other))


def _meets(value: Any, claim: _Claim) -> bool:
    """The value meets the claim, or may."""
    held = _holds(value, claim.op, claim.value)
    return held is None or held is claim.wanted


def _holds(value: Any, op: str, wanted: Any) -> bool | None:
    """None where the order of texts decides, which is not the same for all fields."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if op == "==":
        return same(value, wanted)
    if op == "in":
        return (type(value) is bool, value) in wanted
    if op == "range":
        return number and wanted[0] <= value <= wanted[1]
    if op in _OPPOSITE:
        if isinstance(value, str) and isinstance(wanted, str):
            return None
        return number and not isinstance(wanted, str) and _ORDER[op](value, wanted)
    if op == "exists":
        return True
    if op == "matches":
        return isinstance(value, str) and searcher(wanted)(value)
    return {"contains": contains, "starts_with": starts_with, "ends_with": ends_with}[op](value, wanted)


def _empty(claims: Iterable[_Claim]) -> bool:
    """No number meets all claims; what they ask for besides the size of a number is left out."""
    low, high = (-math.inf, 0), (math.inf, 0)
    for claim in claims:
        name = _name(claim.operand)
        if not claim.wanted and name not in _SURE:
            continue
        op = claim.op if claim.wanted else _OPPOSITE.get(claim.op, "")
        least, greatest = _between(op, claim.value, whole=name in _WHOLE)
        low, high = max(low, least), min(high, greatest)
        if name in _WHOLE or name == "bucket":
            first, last = _WHOLE.get(name, (0, 100))
            low, high = max(low, (first, 0)), min(high, (last, -(name == "bucket")))
    return low[0] > high[0] or (low[0] == high[0] and (low[1], high[1]) != (0, 0))


_End: TypeAlias = tuple[float, int]
"""A bound, and whether it is left out (1 for a lower one, -1 for an upper one), so that ends compare as tuples."""


def _between(op: str, value: Any, *, whole: bool) -> tuple[_End, _End]:
    """The numbers that a comparison lets pass, all of them when it is about something else."""
    least, greatest = (-math.inf, 0), (math.inf, 0)
    if op == "range":
        return (value[0], 0), (value[1], 0)
    if isinstance(value, str | bool | frozenset) or value is None:
        return least, greatest
    if op in (">=", "=="):
        least = (value, 0)
    elif op == ">":
        least = (math.floor(value) + 1, 0) if whole else (value, 1)
    if op in ("<=", "=="):
        greatest = (value, 0)
    elif op == "<":
        greatest = (math.ceil(value) - 1, 0) if whole else (value, -1)
    return least, greatest
