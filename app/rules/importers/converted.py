"""What an importer answers, and the building blocks they share."""

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.check import check
from app.rules.diagnostics import RuleError
from app.rules.format import print_node
from app.rules.parser import parse

NOWHERE = (0, 0)
"""Span of nodes that come from no text of ours."""
MAX_DEPTH = 24
"""Levels of a foreign condition."""
MAX_RULES = 500
"""Rules of one source; each costs a millisecond or two."""


class ConvertedRule(msgspec.Struct, frozen=True):
    """One rule that passes the checker."""

    name: str
    target: str
    """What the rule chose there, to find the target by; empty where it says nothing."""
    text: str
    priority: int = 0
    """Place in the order of the source: there the first rule that passes decides."""


class Unmapped(msgspec.Struct, frozen=True):
    """Something that was left out, or works differently here."""

    pointer: str
    """JSON pointer (RFC 6901) into the source; empty for all of it."""
    what: str
    why: str


class Converted(msgspec.Struct, frozen=True):
    rules: list[ConvertedRule]
    notes: list[Unmapped]


class NoCounterpart(Exception):
    """A part of a condition that cannot be said here. `what` quotes it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why


class Report:
    """Collects one conversion."""

    def __init__(self) -> None:
        self.rules: list[ConvertedRule] = []
        self.notes: dict[Unmapped, None] = {}

    def note(self, pointer: str, what: str, why: str) -> None:
        """Note something once."""
        self.notes.setdefault(Unmapped(pointer, what[:200], why))

    def too_many(self, pointer: str, count: int, most: int = MAX_RULES) -> bool:
        """The source has more rules than are converted at once; noted where it has."""
        if count > most:
            self.note(pointer, f"{count:,} rules", f"at most {most:,} are converted at once; do it in parts")
        return count > most

    def add(self, pointer: str, name: str, target: str, node: Node | None) -> None:
        """Take a condition in as a rule, unless the checker refuses it."""
        text = "" if node is None else print_node(node)
        try:
            check(parse(text), {})
        except RuleError as error:
            first = error.diagnostics[0]
            hint = f" ({first.suggestion})" if first.suggestion else ""
            self.note(pointer, text, f"{first.message}{hint}")
        else:
            self.rules.append(ConvertedRule(name, target, text, len(self.rules)))

    def done(self) -> Converted:
        return Converted(self.rules, list(self.notes))


def const(value: str | int | float | bool | None) -> tree.Const:
    return tree.Const(value, span=NOWHERE)


def path(root: str, *keys: str) -> tree.Path:
    """A path of plain names."""
    return tree.Path(root, tuple(map(tree.Step, keys)), span=NOWHERE)


def call(function: str, *args: Node) -> tree.Call:
    return tree.Call(function, args, span=NOWHERE)


def compare(left: Node, op: str, right: Node) -> Node:
    return tree.Compare(op, left, right, span=NOWHERE)


def member(value: Node, items: list[tree.Const]) -> Node:
    """One of the items; `==` where there is one."""
    if len(items) == 1:
        return compare(value, "==", items[0])
    return tree.Member(value, tree.ListSet(tuple(items), span=NOWHERE), span=NOWHERE)


def negated(node: Node) -> Node:
    """Not the node; `!=` for `==`, which is exactly that."""
    if isinstance(node, tree.Compare) and node.op == "==":
        return msgspec.structs.replace(node, op="!=")
    return node.operand if isinstance(node, tree.Not) else tree.Not(node, span=NOWHERE)


def joined(kind: type[tree.And] | type[tree.Or], items: list[Node]) -> Node:
    """The items under one `and` or `or`, flat; the item itself where there is one."""
    flat: list[Node] = []
    for item in items:
        flat += item.items if isinstance(item, kind) else (item,)
    return flat[0] if len(flat) == 1 else kind(tuple(flat), span=NOWHERE)


def token(pointer: str, key: str | int) -> str:
    """The pointer one level down."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
