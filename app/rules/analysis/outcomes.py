"""What conditions say of many requests at once, and quickly: analysis asks thousands of times."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.rules import ast as tree
from app.rules import values
from app.rules.analysis.footprint import spelled
from app.rules.ast import Node
from app.rules.check import Checked
from app.rules.compile import compile_rule
from app.rules.context import Facts
from app.rules.evaluate import Evaluation
from app.rules.networks import Blocks, read_address
from app.rules.values import MISSING, Value

Lists = Mapping[str, frozenset[str]]

_SIMPLE: Mapping[str, Callable[[Value, Value], bool]] = {
    "==": values.same,
    "!=": lambda one, other: not values.same(one, other),
    "<": values.less,
    "<=": values.less_or_same,
    ">": lambda one, other: values.less(other, one),
    ">=": lambda one, other: values.less_or_same(other, one),
}


def asker(root: Node, lists: Lists) -> Callable[[Facts], bool]:
    """A rule as a function: compiled where it asks for named lists, which may be long; else it is not worth that."""
    if any(isinstance(node, tree.Member) and isinstance(node.set, tree.NamedSet) for node in tree.walk(root)):
        return compile_rule(Checked("", root, (), (), False)).link("passes", lists, {})
    return lambda facts: Evaluation(facts, lists).passes(root)


class Outcomes:
    """Asks conditions of the same requests, and keeps the values of operands that many of them share."""

    def __init__(self, requests: Sequence[Facts], lists: Lists) -> None:
        self._requests = requests
        self._lists = lists
        self._columns: dict[str, list[Value]] = {}

    def of(self, node: Node) -> int:
        """The requests a condition is true of, as bits."""
        if isinstance(node, tree.Member):
            test, operand = _member(node, self._lists), node.value
            passed = [test(value) for value in self._column(operand)]
        elif (
            isinstance(node, tree.Compare)
            and node.op in _SIMPLE
            and isinstance(node.right, tree.Const)
            and node.left.type != "ip"
        ):
            compare, limit = _SIMPLE[node.op], node.right.value
            passed = [compare(value, limit) for value in self._column(node.left)]
        else:
            passed = list(map(asker(node, self._lists), self._requests))
        return int("".join("1" if outcome else "0" for outcome in reversed(passed)), 2)

    def _column(self, operand: Node) -> list[Value]:
        key = spelled(operand)
        if key not in self._columns:
            self._columns[key] = [Evaluation(facts, self._lists).value(operand) for facts in self._requests]
        return self._columns[key]


def _member(node: tree.Member, lists: Lists) -> Callable[[Value], bool]:
    """As `Evaluation` has it, with the set made once."""
    wanted = node.set
    if isinstance(wanted, tree.RangeSet):
        low, high = wanted.low.value, wanted.high.value
        return lambda value: values.less_or_same(low, value) and values.less_or_same(value, high)
    items: Iterable[Any] = (
        lists[wanted.name] if isinstance(wanted, tree.NamedSet) else [i.value for i in wanted.items]
    )
    if node.value.type == "ip":
        blocks = Blocks(item for item in items if isinstance(item, str))
        return lambda value: isinstance(value, str) and blocks.holds(read_address(value))
    texts = frozenset(item for item in items if isinstance(item, str))
    numbers = frozenset(n for n in items if isinstance(n, int | float) and not isinstance(n, bool))
    if isinstance(wanted, tree.NamedSet):
        numbers = frozenset(number for item in texts if (number := values.number(item)) is not MISSING)
    words = tuple(item for item in items if item is None or isinstance(item, bool))
    return lambda value: values.one_of(value, texts, numbers, words)
