"""The tree of a rule: frozen nodes with their place in the text. `parser` makes it, `check` fills in the types."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

Span: TypeAlias = tuple[int, int]
"""Start and end offset in the rule's text, in characters."""


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    span: Span
    type: str = ""
    """Names of `rules_grammar` types joined by `|`; empty until `check` has passed the node."""


class Step(msgspec.Struct, frozen=True):
    """One step of a path: a name or a position. `bracket`: written `["name"]`."""

    key: str | int
    bracket: bool = False


class Const(_Node, frozen=True):
    value: str | int | float | bool | None


class Path(_Node, frozen=True):
    """A field of the request: `body.messages[0].role`."""

    root: str
    steps: tuple[Step, ...]


class Elem(_Node, frozen=True):
    """The current element of a quantifier, or a field of it: `.`, `.role`."""

    steps: tuple[Step, ...]


class Call(_Node, frozen=True):
    function: str
    args: tuple["Node", ...]


class Quant(_Node, frozen=True):
    """`any`, `all`, `none` or `count` of a list."""

    kind: str
    list: "Node"
    condition: "Node"


class Compare(_Node, frozen=True):
    op: str
    left: "Node"
    right: "Node"


class ListSet(_Node, frozen=True):
    items: tuple[Const, ...]


class RangeSet(_Node, frozen=True):
    """Both ends included."""

    low: Const
    high: Const


class NamedSet(_Node, frozen=True):
    name: str


class Member(_Node, frozen=True):
    """`value in set`. `not in` is a Not around it."""

    value: "Node"
    set: "ListSet | RangeSet | NamedSet"


class Not(_Node, frozen=True):
    operand: "Node"


class And(_Node, frozen=True):
    """Flat: no item is an And."""

    items: tuple["Node", ...]


class Or(_Node, frozen=True):
    """Flat: no item is an Or."""

    items: tuple["Node", ...]


Node: TypeAlias = Const | Path | Elem | Call | Quant | Compare | Member | Not | And | Or
"""What can stand where a value or a condition is expected."""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in source order; sets are not nodes."""
    if isinstance(node, And | Or):
        return node.items
    if isinstance(node, Compare):
        return (node.left, node.right)
    if isinstance(node, Member):
        return (node.value,)
    if isinstance(node, Not):
        return (node.operand,)
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Quant):
        return (node.list, node.condition)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in source order."""
    yield node
    for child in children(node):
        yield from walk(child)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """What must all be true for the node to be true, in source order."""
    return node.items if isinstance(node, And) else (node,)


def dotted(node: Path | Elem) -> str:
    """One spelling for a path however it was written, to compare paths by."""
    root = node.root if isinstance(node, Path) else ""
    return root + "".join(
        f"[{step.key}]" if isinstance(step.key, int) else f".{step.key}" for step in node.steps
    )


def uses_element(node: Node) -> bool:
    """The value depends on the current element of the quantifier around the node."""
    if isinstance(node, Elem):
        return True
    if isinstance(node, Quant):
        return uses_element(node.list)
    return any(uses_element(child) for child in children(node))
