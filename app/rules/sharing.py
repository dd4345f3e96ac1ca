"""What the rules of one function have in common, so that it is worked out at most once. `compile` next door asks."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.rules import ast as tree
from app.rules.ast import Const, Node

_NUMERIC = ("==", "!=", "<", "<=", ">", ">=")


class Sharing:
    """Nodes that mean the same have one key (hash-consing). Keys are positions in order of first appearance."""

    def __init__(self, roots: Iterable[Node]) -> None:
        self._roots = tuple(roots)  # kept alive: `_known` goes by identity
        self._known: dict[int, int] = {}
        self._keys: dict[tuple[Any, ...], int] = {}
        self._uses: Counter[int] = Counter()
        self._other_uses: set[int] = set()
        for root in self._roots:
            self._count(root)

    def key(self, node: Node) -> int:
        found = self._known.get(id(node))
        if found is None:
            below = tuple(self.key(child) for child in tree.children(node))
            found = self._keys.setdefault((type(node), _own(node), below), len(self._keys))
            self._known[id(node)] = found
        return found

    def is_shared(self, node: Node) -> bool:
        """Asked for more than once, outside of quantifiers."""
        return self._uses[self.key(node)] > 1

    def only_numbers(self, node: Node) -> bool:
        """All that ask for the value compare it with fixed numbers."""
        return self.key(node) not in self._other_uses

    def _count(self, node: Node, *, as_number: bool = False) -> None:
        key = self.key(node)
        self._uses[key] += 1
        if not as_number:
            self._other_uses.add(key)
        if self._uses[key] == 1:
            for child in reads(node):
                self._count(child, as_number=_compares_numbers(node))


def reads(node: Node) -> tuple[Node, ...]:
    """The nodes below that are evaluated in the same function; elements of a quantifier's list are not."""
    if isinstance(node, tree.Quant):
        return (node.list,)
    if isinstance(node, tree.Member) and node.value.type == "ip":
        return ()
    return tuple(child for child in tree.children(node) if not isinstance(child, Const))


def _compares_numbers(node: Node) -> bool:
    if isinstance(node, tree.Compare):
        sides = (node.left, node.right)
        return node.op in _NUMERIC and any(isinstance(side, Const) and _is_number(side) for side in sides)
    if isinstance(node, tree.Member):
        items = node.set.items if isinstance(node.set, tree.ListSet) else ()
        return isinstance(node.set, tree.RangeSet) or (len(items) > 0 and all(map(_is_number, items)))
    return False


def _is_number(node: Const) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _own(node: Node) -> tuple[Any, ...]:
    """What tells a node from others of its kind, besides the nodes below it."""
    if isinstance(node, Const):
        return type(node.value), node.value
    if isinstance(node, tree.Path | tree.Elem):
        root = node.root if isinstance(node, tree.Path) else ""
        return (root, tuple(step.key for step in node.steps), node.type)
    if isinstance(node, tree.Call):
        return (node.function,)
    if isinstance(node, tree.Quant):
        return (node.kind,)
    if isinstance(node, tree.Compare):
        return (node.op,)
    if isinstance(node, tree.Member):
        wanted = node.set
        if isinstance(wanted, tree.ListSet):
            return ("list", *(_own(item) for item in wanted.items))
        if isinstance(wanted, tree.RangeSet):
            return ("range", *_own(wanted.low), *_own(wanted.high))
        return ("named", wanted.name)
    return ()
