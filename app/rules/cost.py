"""What conditions cost, so that cheap ones are asked first. No rule can raise, so the order changes no outcome."""

from collections.abc import Iterable

from app.rules.ast import Call, Compare, Const, Member, NamedSet, Node, Path, Quant, children
from app.rules.patterns import plain

_ROOTS = {
    "headers": 2,
    "body": 4,
    "has_tools": 5,
    "message_count": 5,
    "client": 6,
    "has_images": 60,
    "last_user_text": 30,
    "system_text": 60,
}
"""Units are about 20 ns on a usual request; other fields are 1."""
_FUNCTIONS = {
    "text": 60,
    "bucket": 60,
    "hour": 40,
    "weekday": 40,
    "values": 20,
    "number": 20,
    "lower": 5,
    "upper": 5,
}
_PATTERN = 35
_SCAN = 60


def cheapest_first(nodes: Iterable[Node]) -> list[Node]:
    """Sorted by cost; equal ones stay in the order of the text."""
    return sorted(nodes, key=_cost)


def first_roots(node: Node) -> set[str]:
    """Roots of paths that are read whatever the request is, when operands go cheapest first."""
    if isinstance(node, Path):
        return {node.root}
    if isinstance(node, Quant):
        return first_roots(node.list)
    below = children(node)
    if not below or isinstance(node, Const):
        return set()
    if isinstance(node, Compare | Call | Member) or len(below) == 1:
        return set().union(*map(first_roots, below))
    return first_roots(cheapest_first(below)[0])


def _cost(node: Node) -> int:
    if isinstance(node, Path):
        return _ROOTS.get(node.root, 1) + len(node.steps)
    if isinstance(node, Quant):
        return _cost(node.list) + _SCAN + 10 * _cost(node.condition)
    own = 1
    if isinstance(node, Call):
        own = _FUNCTIONS.get(node.function, 3)
    elif isinstance(node, Member):
        own = 3 if isinstance(node.set, NamedSet) else 2
    elif isinstance(node, Compare) and node.op == "matches" and isinstance(node.right, Const):
        own = 2 if plain(str(node.right.value)) is not None else _PATTERN
    return own + sum(map(_cost, children(node)))
