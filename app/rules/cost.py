"""What conditions cost, so that cheap ones are asked first. No rule can raise, so the order changes no outcome."""

from app.rules.ast import Call, Compare, Const, Member, NamedSet, Node, Path, Quant, children
from app.rules.finite import finite

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


def cost(node: Node) -> int:
    """About what it takes to evaluate the node once, all operands of `and` and `or` included."""
    if isinstance(node, Path):
        return _ROOTS.get(node.root, 1) + len(node.steps)
    if isinstance(node, Quant):
        return cost(node.list) + _SCAN + 10 * cost(node.condition)
    own = 1
    if isinstance(node, Call):
        own = _FUNCTIONS.get(node.function, 3)
    elif isinstance(node, Member):
        own = 3 if isinstance(node.set, NamedSet) else 2
    elif isinstance(node, Compare) and node.op == "matches" and isinstance(node.right, Const):
        own = 2 if finite(str(node.right.value)) is not None else _PATTERN
    return own + sum(map(cost, children(node)))
