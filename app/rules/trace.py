"""What each node of a rule came to for one request: for people who ask why. `recording` next door evaluates."""

import functools
import math
from typing import Any, Literal, cast

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.context import Facts, header_text
from app.rules.engine import Lists, checked
from app.rules.mismatches import mismatched
from app.rules.operands import is_operand
from app.rules.recording import RUNTIME, UNSEEN, Layout, Recorded, compile_recorded
from app.rules.values import MISSING, Missing, Value

Kind = Literal[
    "and", "or", "not", "compare", "member", "any", "all", "none", "count", "call", "path", "element", "const"
]
Outcome = Literal["true", "false", "value", "missing", "not_evaluated"]

MAX_TEXT = 200
"""Characters of a text that a trace shows."""


class TraceNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """One node. Inside a quantifier it shows the element that decided, or the last one where none did."""

    span: Span
    kind: Kind
    outcome: Outcome
    """`true` and `false` for conditions, `value` and `missing` for what they ask about."""
    value: Any = msgspec.UNSET
    """Of a node that has a value and is no condition: JSON. Texts are cut to MAX_TEXT characters; a list or an object
    is its size, such as `{"list": 20}`; so is a whole number over 64 bits (`{"int": bits}`)."""
    children: tuple["TraceNode", ...] = ()
    mismatch: bool = False
    """There was a value, but not of a type the operator takes, so the condition is false."""
    element: int | None = None
    """Of a quantifier: the position of the element its condition is shown for. None where it looked at none."""


class RuleTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule over one request."""

    passed: bool
    refused_by: Span | None = None
    """The first condition, of those that must all be true, that was false (as `RuleSet.explain`)."""
    root: TraceNode | None = None
    """None for a rule without an expression, which always passes."""


_NO_LISTS: Lists = {}


def trace(text: str, facts: Facts, lists: Lists = _NO_LISTS) -> RuleTrace:
    """Evaluate a rule in the order of its text and note every node. Raises RuleError for a wrong rule, never for a
    request."""
    recorded = _recorded(text, frozenset(lists))
    if recorded is None:
        return RuleTrace(passed=True)
    slots: list[Any] = [UNSEEN] * recorded.layout.size
    passed = recorded.program.link("recorded", lists, RUNTIME)(facts, slots)
    reading = _Reading(recorded.layout, slots)
    refused = None
    if not passed:
        parts = tree.conjuncts(recorded.root)
        refused = next(part.span for part in parts if reading.value(part) is not True)
    return RuleTrace(passed, refused, reading.node(recorded.root, seen=True, condition=True))


@functools.lru_cache(maxsize=512)
def _recorded(text: str, names: frozenset[str]) -> Recorded | None:
    root = checked(text, names).root
    return None if root is None else compile_recorded(root)


class _Reading:
    """What the slots say of one rule's nodes."""

    def __init__(self, layout: Layout, slots: list[Any]) -> None:
        self.layout = layout
        self.slots = slots

    def value(self, node: Node) -> Value:
        """UNSEEN where the node was not evaluated."""
        slot = self.layout.value.get(id(node))
        if slot is None:
            return node.value if isinstance(node, tree.Const) else UNSEEN
        value = self.slots[slot]
        if isinstance(value, bytes):
            return header_text(value)
        return MISSING if value is None and id(node) in self.layout.none_is_missing else value

    def node(self, node: Node, *, seen: bool, condition: bool) -> TraceNode:
        """:param seen: what is above the node was evaluated. `condition`: it stands where a condition does."""
        asked = self.layout.asked.get(id(node))
        seen = seen and (asked is None or self.slots[asked] is not UNSEEN)
        value = self.value(node) if seen else UNSEEN
        seen = value is not UNSEEN
        below = tree.children(node)
        places = [_is_condition(node, index) for index in range(len(below))]
        shown = tuple(
            self.node(child, seen=seen, condition=place) for child, place in zip(below, places, strict=True)
        )
        if not seen:
            return TraceNode(node.span, _kind(node), "not_evaluated", children=shown)
        operands = [MISSING if (found := self.value(child)) is UNSEEN else found for child in below]
        wrong = mismatched(node, operands)
        outcome: Outcome = "true" if value is True else "false"
        if value is MISSING:
            outcome = "missing"
        elif not condition and (is_operand(node) or isinstance(node, tree.Const)):
            outcome = "value"
        elif not isinstance(value, bool):
            wrong = True
        told = outcome == "value" or not isinstance(value, bool | Missing)
        content = _shape(value) if told else msgspec.UNSET
        element = None
        if isinstance(node, tree.Quant):
            position = self.slots[self.layout.element[id(node)]]
            element = position if position >= 0 else None
        return TraceNode(node.span, _kind(node), outcome, content, shown, wrong, element)


_KINDS: dict[type, Kind] = {
    tree.And: "and",
    tree.Or: "or",
    tree.Not: "not",
    tree.Compare: "compare",
    tree.Member: "member",
    tree.Call: "call",
    tree.Path: "path",
    tree.Elem: "element",
    tree.Const: "const",
}


def _kind(node: Node) -> Kind:
    return cast(Kind, node.kind) if isinstance(node, tree.Quant) else _KINDS[type(node)]


def _is_condition(above: Node, index: int) -> bool:
    """The child at `index` stands where a condition does."""
    return isinstance(above, tree.And | tree.Or | tree.Not) or (isinstance(above, tree.Quant) and index == 1)


def _shape(value: Value) -> Any:
    """The value as JSON of a bounded size."""
    if isinstance(value, str):
        return value[:MAX_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return {"list": len(value)}
    if isinstance(value, dict):
        return {"map": len(value)}
    if isinstance(value, int) and value.bit_length() > 63:
        return {"int": value.bit_length()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value
