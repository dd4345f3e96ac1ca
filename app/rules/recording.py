"""Code that evaluates a rule in source order and notes what each node came to. `trace` next door reads the notes."""

import ast
from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.rules import ast as tree
from app.rules import pycode as py
from app.rules.ast import Node
from app.rules.compile import Program, program, refuse_unchecked
from app.rules.conditions import Conditions, loop, unless_list
from app.rules.operands import Operand, is_operand

UNSEEN: Final[Any] = object()
"""In a slot: the node was not evaluated."""


class Layout(msgspec.Struct):
    """Which slot holds what, by the identity of a node of the rule's tree."""

    size: int = 0
    value: dict[int, int] = {}
    """The node's value. Nodes without a slot are constants, evaluated whenever the node above them is."""
    asked: dict[int, int] = {}
    """For the topmost nodes inside a quantifier that no element changes: asked for by the element that decided. Their
    own slots, and those below them, keep what was worked out once for all elements."""
    element: dict[int, int] = {}
    """The position of the element a quantifier looked at last."""
    none_is_missing: set[int] = set()

    def slot(self) -> int:
        self.size += 1
        return self.size - 1


class Recorded(msgspec.Struct):
    """A program whose function `recorded` takes Facts and a list of slots, and returns whether the rule passes."""

    root: Node
    program: Program
    layout: Layout


def compile_recorded(root: Node) -> Recorded:
    """Raises ValueError for a tree that `check` has not passed."""
    refuse_unchecked(root)
    conditions = _Recording()
    truth = py.choice(conditions.condition(root), py.constant(True), py.constant(False))
    main = py.function("recorded", ["f", "s"], [ast.Return(truth)])
    return Recorded(root, program(conditions, main), conditions.layout)


class _Recording(Conditions):
    """The code of compiled rules with `put` round every node, which notes a value and returns it."""

    def __init__(self) -> None:
        super().__init__()
        self.layout = Layout()
        self._varying: list[int] = []
        """Slots of the innermost quantifier around, which each element begins with empty."""

    def condition(self, node: Node) -> ast.expr:
        if is_operand(node):
            return py.compare(self.operand(node).load, "is", py.constant(True))
        return self._once(node, self._truth)

    def operand(self, node: Node) -> Operand:
        if isinstance(node, tree.Const):
            return self._operand(node)
        if not is_operand(node):
            return Operand(self.condition(node), "bool")
        found = Operand(py.constant(None))

        def load(node: Node) -> ast.expr:
            nonlocal found
            found = self._operand(node)
            return found.load

        code = self._once(node, load)
        if found.is_header or found.none_is_missing:
            self.layout.none_is_missing.add(id(node))
        return Operand(code, found.sure, none_is_missing=found.none_is_missing)

    def _truth(self, node: Node) -> ast.expr:
        return py.choice(self._condition(node), py.constant(True), py.constant(False))

    def _once(self, node: Node, make: Callable[[Node], ast.expr]) -> ast.expr:
        """Code that notes what `make` writes. What no element changes is worked out for the first that asks."""
        if not self._is_fixed(node):
            slot = self.layout.value[id(node)] = self._slot()
            return _put(slot, make(node))
        asked = self.layout.asked[id(node)] = self._slot()
        with self._outside():
            slot = self.layout.value[id(node)] = self._slot()
            code = _put(slot, make(node))
        kept = self.names.fresh("t")
        known = py.compare(py.kept(kept, py.item(py.name("s"), slot)), "is not", py.name("unseen"))
        return py.call("second", _put(asked, py.constant(True)), py.choice(known, py.name(kept), code))

    def _slot(self) -> int:
        slot = self.layout.slot()
        if self._depth:
            self._varying.append(slot)
        return slot

    def _ordered(self, items: tuple[Node, ...]) -> list[Node]:
        return list(items)

    def _member(self, node: tree.Member) -> ast.expr:
        code = super()._member(node)
        if node.value.type == "ip":  # the test asks for the address as a number
            code = py.call("second", self.operand(node.value).load, code)
        return code

    def _contains(self, node: tree.Compare, left: Operand, literal: str | int | float | None) -> ast.expr:
        code = super()._contains(node, left, literal)
        if not isinstance(
            node.right, tree.Const
        ):  # the test does not look for it in what is no text and no list
            code = py.call("second", self.operand(node.right).load, code)
        return code

    def _quantifier(self, node: tree.Quant) -> ast.expr:
        listed = self.operand(node.list)
        element = self.layout.element[id(node)] = self._slot()
        around, self._varying = self._varying, []
        with self._inside():
            test = self.condition(node.condition)
        varying = self._varying
        self._varying = [*around, *varying] if self._depth else around
        begin = py.call("begin", py.name("s"), py.constant(element), self.names.hold(tuple(varying)))
        name = self.names.fresh("q")
        body = [
            ast.Expr(_put(element, py.constant(-1))),
            unless_list(node.kind, listed),
            *loop(node.kind, test, [ast.Expr(begin)]),
        ]
        self.functions.append(py.function(name, ["v", "f", "s"], body))
        return py.call(name, listed.load, py.name("f"), py.name("s"))


def _put(slot: int, code: ast.expr) -> ast.expr:
    return py.call("put", py.name("s"), py.constant(slot), code)


def put(slots: list[Any], slot: int, value: Any) -> Any:
    slots[slot] = value
    return value


def begin(slots: list[Any], element: int, varying: tuple[int, ...]) -> None:
    """The next element: nothing that depends on it has been seen."""
    slots[element] += 1
    for slot in varying:
        slots[slot] = UNSEEN


def second(_: Any, value: Any) -> Any:
    return value


RUNTIME: Final = {"put": put, "begin": begin, "second": second, "unseen": UNSEEN}
"""What the code names beyond other rules' code."""
