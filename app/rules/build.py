"""Makes the tree: one method for each rule of the grammar, called by `parser` next door as it reduces."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.literals import read_number


class Group(msgspec.Struct, frozen=True):
    """A node in parentheses. They belong to the span of what is around the node, not to its own."""

    node: Node
    span: Span


Part: TypeAlias = Any
"""A token, a node or a group: what a grammar rule is made of, in the order of the text. A token is a `str` with `type`,
`start_pos` and `end_pos`."""


def _span(parts: list[Part]) -> Span:
    first, last = parts[0], parts[-1]
    start = first.span[0] if hasattr(first, "span") else first.start_pos
    end = last.span[1] if hasattr(last, "span") else last.end_pos
    return int(start or 0), int(end or 0)


def _nodes(parts: list[Part]) -> tuple[Any, ...]:
    """The nodes among the parts, without tokens and parentheses."""
    return tuple(
        part.node if isinstance(part, Group) else part for part in parts if not isinstance(part, str)
    )


def _flat(kind: type[tree.And] | type[tree.Or], parts: list[Part]) -> Node:
    items: list[Node] = []
    for node in _nodes(parts):
        items += node.items if isinstance(node, kind) else (node,)
    return kind(tuple(items), span=_span(parts))


def _steps(tokens: list[Part]) -> tuple[tree.Step, ...]:
    return tuple(
        tree.Step(int(token))
        if token.type == "POSITION"
        else tree.Step(str(token), bracket=True)
        if token.type == "KEY"
        else tree.Step(token[1:])
        for token in tokens
    )


_WORDS = {"TRUE": True, "FALSE": False, "NULL": None}


def _const(token: Part) -> tree.Const:
    value: str | int | float | bool | None = str(token)
    if token.type in _WORDS:
        value = _WORDS[token.type]
    elif token.type in ("INT", "FLOAT"):
        value = read_number(token)
    return tree.Const(value, span=_span([token]))


class Build:
    """No second pass over a tree, and no recursion."""

    def __init__(self, token: Callable[..., Part]) -> None:
        """`token` makes a token of terminal, text and place."""
        self._token = token

    def start(self, parts: list[Part]) -> Node | None:
        return next(iter(_nodes(parts)), None)

    def disjunction(self, parts: list[Part]) -> Node:
        return _flat(tree.Or, parts)

    def conjunction(self, parts: list[Part]) -> Node:
        return _flat(tree.And, parts)

    def negated(self, parts: list[Part]) -> Node:
        return tree.Not(*_nodes(parts), span=_span(parts))

    def comparison(self, parts: list[Part]) -> Node:
        return tree.Compare(str(parts[1]), *_nodes(parts), span=_span(parts))

    def membership(self, parts: list[Part]) -> Node:
        member = tree.Member(*_nodes(parts), span=_span(parts))
        return tree.Not(member, span=member.span) if len(parts) == 4 else member

    def group(self, parts: list[Part]) -> Group:
        return Group(_nodes(parts)[0], _span(parts))

    def path(self, parts: list[Part]) -> Node:
        steps = _steps(parts[1:])
        if parts[0] == "headers" and steps and isinstance(steps[0].key, str):
            # Header names do not depend on case (RFC 9110 part 5.1).
            steps = (tree.Step(steps[0].key.lower(), steps[0].bracket), *steps[1:])
        return tree.Path(str(parts[0]), steps, span=_span(parts))

    def element(self, parts: list[Part]) -> Node:
        steps = parts if parts[0].type == "DOT_NAME" else parts[1:]
        return tree.Elem(_steps(steps), span=_span(parts))

    def position(self, parts: list[Part]) -> Part:
        return self._token("POSITION", parts[1], start_pos=parts[0].start_pos, end_pos=parts[2].end_pos)

    def key(self, parts: list[Part]) -> Part:
        return self._token("KEY", parts[1], start_pos=parts[0].start_pos, end_pos=parts[2].end_pos)

    def call(self, parts: list[Part]) -> Node:
        return tree.Call(str(parts[0]), _nodes(parts), span=_span(parts))

    def quantifier(self, parts: list[Part]) -> Node:
        return tree.Quant(str(parts[0]), *_nodes(parts), span=_span(parts))

    def list_set(self, parts: list[Part]) -> tree.ListSet:
        return tree.ListSet(_nodes(parts), span=_span(parts))

    def range_set(self, parts: list[Part]) -> tree.RangeSet:
        return tree.RangeSet(_const(parts[0]), _const(parts[2]), span=_span(parts))

    def named_set(self, parts: list[Part]) -> tree.NamedSet:
        return tree.NamedSet(parts[0][1:], span=_span(parts))

    def literal(self, parts: list[Part]) -> Node:
        return _const(parts[0])
