"""A rule under one model: `model` is that model's name, and what follows from it is worked out before any request.

A model's rules see requests for that model only (`gateway.routing`), so this changes no outcome.
"""

from collections.abc import Iterator, Mapping

import msgspec

from app.rules import ast as tree
from app.rules.ast import Const, Node, Span
from app.rules.check import Checked, check, counts_tokens
from app.rules.context import Facts
from app.rules.evaluate import Evaluation
from app.rules.parser import parse
from app.rules.values import MISSING

_CLOCKS = ("hour", "weekday")


def fold(root: Node, model: str) -> Node:
    """A checked tree with all that depends on `model` alone as constants, and without what they decide.

    Fit for `compile`, not for display: a node that is left of a group does not have the group's span.
    """
    return _Fold(model).node(root)


def folded(rule: Checked, model: str) -> Checked:
    """The rule with its tree folded: empty where the model's name alone makes it pass."""
    if rule.root is None:
        return rule
    root: Node | None = fold(rule.root, model)
    if isinstance(root, Const) and root.value is True:
        root = None
    counts = root is not None and counts_tokens(root)
    return msgspec.structs.replace(rule, root=root, needs_tokens=counts)


def folded_constants(text: str, model: str, lists: Mapping[str, frozenset[str]]) -> list[tuple[Span, bool]]:
    """`constants` of a text. Raises RuleError for a wrong rule."""
    root = check(parse(text), lists).root
    return [] if root is None else constants(root, model)


def constants(root: Node, model: str) -> list[tuple[Span, bool]]:
    """Conditions that are the same for every request to the model, and what they are, in the order of the text.

    `and`, `or` and `not` of such conditions are left out.
    """
    return list(_constants(root, _Fold(model)))


def reads_model(root: Node) -> bool:
    """Folding can change the tree."""
    return any(isinstance(node, tree.Path) and node.root == "model" for node in tree.walk(root))


def _constants(node: Node, folding: "_Fold") -> Iterator[tuple[Span, bool]]:
    if isinstance(node, tree.Compare | tree.Member | tree.Quant) or _is_not_in(node):
        folded = folding.node(node)
        if isinstance(folded, Const) and isinstance(folded.value, bool):
            yield node.span, folded.value
            return
    for child in tree.children(node):
        yield from _constants(child, folding)


def _is_not_in(node: Node) -> bool:
    return isinstance(node, tree.Not) and node.operand.span == node.span


class _Fold:
    def __init__(self, model: str) -> None:
        self.evaluation = Evaluation(Facts(b"", [], "", model, False, None, None, 0.0), {})

    def node(self, node: Node) -> Node:
        if isinstance(node, Const | tree.Elem):
            return node
        if _is_fixed(node):
            value = self.evaluation.value(node)
            if value is not MISSING:
                return Const(value, span=node.span, type=node.type)
        if isinstance(node, tree.And | tree.Or):
            return self._group(node)
        if isinstance(node, tree.Not):
            operand = self.node(node.operand)
            if isinstance(operand, Const):
                return Const(operand.value is not True, span=node.span, type=node.type)
            return msgspec.structs.replace(node, operand=operand)
        if isinstance(node, tree.Compare):
            if "ip" in (node.left.type, node.right.type):
                return node  # an address is read from fixed texts only
            return msgspec.structs.replace(node, left=self.node(node.left), right=self.node(node.right))
        if isinstance(node, tree.Call):
            return msgspec.structs.replace(node, args=tuple(map(self.node, node.args)))
        if isinstance(node, tree.Quant):
            return msgspec.structs.replace(node, condition=self.node(node.condition))
        return node

    def _group(self, node: tree.And | tree.Or) -> Node:
        """Without the operands that decide nothing; a constant where one decides everything."""
        decisive = isinstance(node, tree.Or)
        items: list[Node] = []
        for item in map(self.node, node.items):
            if not isinstance(item, Const):
                items.append(item)
            elif (item.value is True) is decisive:
                return Const(decisive, span=node.span, type=node.type)
        if not items:
            return Const(not decisive, span=node.span, type=node.type)
        if len(items) == 1 and _is_truth(items[0]):
            return items[0]
        return msgspec.structs.replace(node, items=tuple(items))


def _is_truth(node: Node) -> bool:
    """True or false by itself; a field in the place of a condition may be anything, which `and` turns into false."""
    if isinstance(node, tree.Call):
        return node.function == "exists"
    return not isinstance(node, tree.Path | tree.Elem)


def _is_fixed(node: Node) -> bool:
    """The value depends on the model's name and on nothing else."""
    parts = list(tree.walk(node))
    roots = {part.root for part in parts if isinstance(part, tree.Path)}
    return roots == {"model"} and not any(map(_varies, parts))


def _varies(node: Node) -> bool:
    if isinstance(node, tree.Call):
        return node.function in _CLOCKS
    if isinstance(node, tree.Member):
        return isinstance(node.set, tree.NamedSet)
    return isinstance(node, tree.Elem | tree.Quant)
