"""What recorded facts leave open: which reads of a rule they can't answer, and the two rules around the true one.

Values that are not known make a condition unknown. Taking all of those for false, or all for true (the other way round
under `not`), gives a rule that passes at most, and one that passes at least, what the rule itself would: where both
agree the outcome is certain. `recorded.py` next door has the facts.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from app.rules import ast as tree
from app.rules.ast import Const, Elem, Node, Path
from app.rules.context import LIMITS
from app.rules.outlines import KNOWN
from app.rules.recorded import NEVER_KEPT, is_passed_over

Use: TypeAlias = Literal["value", "exists", "len", "list"]
"""What is done with a value: anything, asked for, measured, or gone through."""
Read: TypeAlias = tuple[str, Use]
"""A path with positions as `[]`, and what is done with what is there."""

_LIMITS = tuple(f"body.{name}" for name in LIMITS)
_BEHIND = {
    "token_usage.max_output_tokens": _LIMITS,
    "token_usage.total_tokens": ("token_usage.input_tokens", *_LIMITS),
}
"""What derived fields are made of."""


def reads(root: Node) -> frozenset[Read]:
    """All that a rule reads."""
    return frozenset(_reads(root, ()))


def unknown(wanted: frozenset[Read], cut: tuple[str, ...], outlined: tuple[str, ...]) -> frozenset[Read]:
    """The reads that facts with these gaps (`recalled.Recorded`) can't answer."""
    return frozenset(read for read in wanted if not _is_known(read, cut, outlined))


def bound(node: Node, gaps: frozenset[Read], default: bool) -> Node:
    """The rule with its unknown conditions taken for `default`, and for the opposite under a `not`.

    :param gaps: reads of this rule that can't be answered.
    """
    return _bound(node, gaps, default, ())


def _is_known(read: Read, cut: tuple[str, ...], outlined: tuple[str, ...]) -> bool:
    path, use = read
    if path in NEVER_KEPT or (path.startswith("headers.") and is_passed_over(path[8:].encode())):
        return False
    for gap in cut:
        if path == gap:
            if use != "exists" or not gap.startswith("headers."):  # a member may be one that can't be decoded
                return False
        elif _is_below(path, gap) or _is_below(gap, path):
            return False
    for name in outlined:
        member = f"body.{name}"
        if path == member or _is_below(path, member):
            return use in KNOWN[name].get(path[len(member) :], ())
    return True


def _is_below(path: str, above: str) -> bool:
    return path.startswith(above) and path[len(above) : len(above) + 1] in (".", "[")


def _spell(node: Path | Elem, elements: tuple[str, ...]) -> str:
    above = node.root if isinstance(node, Path) else elements[-1]
    return above + "".join("[]" if isinstance(step.key, int) else f".{step.key}" for step in node.steps)


def _reads(node: Node, elements: tuple[str, ...], use: Use = "value") -> Iterator[Read]:
    if isinstance(node, Path | Elem):
        path = _spell(node, elements)
        if not path.startswith("="):
            yield path, use
            for source in _BEHIND.get(path, ()):
                yield source, "value"
    elif isinstance(node, tree.Quant):
        yield from _reads(node.list, elements, "list")
        yield from _reads(node.condition, (*elements, _element(node.list, elements)))
    elif isinstance(node, tree.Call) and node.function in ("exists", "len"):
        for arg in node.args:
            yield from _reads(arg, elements, "exists" if node.function == "exists" else "len")
    else:
        for child in tree.children(node):
            yield from _reads(child, elements)


def _element(listed: Node, elements: tuple[str, ...]) -> str:
    """The path of the elements of a list; `=` for those of a computed one, which are known when it is."""
    return f"{_spell(listed, elements)}[]" if isinstance(listed, Path | Elem) else "="


def _bound(node: Node, gaps: frozenset[Read], default: bool, elements: tuple[str, ...]) -> Node:
    if isinstance(node, tree.And | tree.Or):
        items = tuple(_bound(item, gaps, default, elements) for item in node.items)
        return msgspec.structs.replace(node, items=items)
    if isinstance(node, tree.Not):
        return msgspec.structs.replace(node, operand=_bound(node.operand, gaps, not default, elements))
    if (
        isinstance(node, tree.Quant)
        and node.kind != "count"
        and gaps.isdisjoint(_reads(node.list, elements, "list"))
    ):
        inner = (*elements, _element(node.list, elements))
        below = default if node.kind != "none" else not default
        return msgspec.structs.replace(node, condition=_bound(node.condition, gaps, below, inner))
    if gaps.isdisjoint(_reads(node, elements)):
        return node
    return Const(span=node.span, type="bool", value=default)
