"""How each piece of a rule is spelled on one line. `format` next door breaks lines and keeps comments."""

import re
from enum import Enum

from app.rules import ast as tree
from app.rules.ast import Node, Step


class Style(Enum):
    """CLEAR has parentheses that help readers; TIGHT has only those the tree needs, and the shortest texts."""

    CLEAR = 1
    TIGHT = 2


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")
_CONTROL = re.compile("[\x00-\x1f]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Characters an editor does not show, or that turn the reading direction (UTS 55)."""
_SHORT = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: str | int | float | bool | None, style: Style = Style.CLEAR) -> str:
    """A fixed value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return _text(value, style)
    return repr(value)


def _text(value: str, style: Style) -> str:
    if style is Style.TIGHT:
        spelled = [_quoted(value, quote, _CONTROL) for quote in "\"'"]
        if not _CONTROL.search(value):
            spelled += [f"r{quote}{value}{quote}" for quote in "\"'" if quote not in value]
        return min(spelled, key=len)
    if "\\" in value and '"' not in value and not _UNSEEN.search(value):
        return f'r"{value}"'
    return _quoted(value, '"', _UNSEEN)


def _quoted(value: str, quote: str, escaped: re.Pattern[str]) -> str:
    value = value.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped.sub(_escape, value)}{quote}"


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"


def steps(found: tuple[Step, ...], style: Style = Style.CLEAR) -> str:
    """The steps of a path; names that need quotes get brackets."""
    return "".join(
        f"[{step.key}]"
        if isinstance(step.key, int)
        else f"[{_text(step.key, style)}]"
        if step.bracket or not _NAME.fullmatch(step.key)
        else f".{step.key}"
        for step in found
    )


def members(found: tree.ListSet | tree.RangeSet | tree.NamedSet, style: Style = Style.CLEAR) -> str:
    """A set."""
    if isinstance(found, tree.ListSet):
        comma = ", " if style is Style.CLEAR else ","
        return f"[{comma.join(literal(item.value, style) for item in found.items)}]"
    if isinstance(found, tree.RangeSet):
        return f"{literal(found.low.value, style)}..{literal(found.high.value, style)}"
    return f"${found.name}"


def inline(node: Node, style: Style = Style.CLEAR) -> str:
    """The node on one line."""
    if isinstance(node, tree.Const):
        return literal(node.value, style)
    if isinstance(node, tree.Path):
        return node.root + steps(node.steps, style)
    if isinstance(node, tree.Elem):
        spelled = steps(node.steps, style)
        return spelled if spelled.startswith(".") else f".{spelled}"
    if isinstance(node, tree.Call):
        return f"{node.function}({', '.join(inline(arg, style) for arg in node.args)})"
    if isinstance(node, tree.Quant):
        return f"{node.kind}({operand(node.list, style)}, {inline(node.condition, style)})"
    if isinstance(node, tree.Compare):
        return f"{operand(node.left, style)} {node.op} {operand(node.right, style)}"
    if isinstance(node, tree.Member):
        return f"{operand(node.value, style)} in {members(node.set, style)}"
    if isinstance(node, tree.Not):
        return _negated(node, style)
    word = " and " if isinstance(node, tree.And) else " or "
    return word.join(_grouped(item, style, group_needed(node, item, style)) for item in node.items)


def _negated(node: tree.Not, style: Style) -> str:
    inner = node.operand
    if isinstance(inner, tree.Member):
        return f"{operand(inner.value, style)} not in {members(inner.set, style)}"
    return f"not {_grouped(inner, style, group_needed(node, inner, style))}"


def operand(node: Node, style: Style = Style.CLEAR) -> str:
    """A side of a comparison, or the list of a quantifier."""
    return _grouped(node, style, operand_needs_group(node))


def operand_needs_group(node: Node) -> bool:
    """Only an expression in parentheses can stand as an operand."""
    return isinstance(node, tree.And | tree.Or | tree.Not | tree.Compare | tree.Member)


def group_needed(around: tree.And | tree.Or | tree.Not, item: Node, style: Style) -> bool:
    """The item of `and`, `or` or `not` has to stand in parentheses: for the tree, or for readers."""
    clear = style is Style.CLEAR
    if isinstance(around, tree.And):
        return isinstance(item, tree.Or)
    if isinstance(around, tree.Or):
        return clear and isinstance(item, tree.And)
    if isinstance(item, tree.Not):
        return clear and isinstance(item.operand, tree.Member)
    return isinstance(item, tree.And | tree.Or) or (clear and isinstance(item, tree.Compare))


def _grouped(node: Node, style: Style, needed: bool) -> str:
    return f"({inline(node, style)})" if needed else inline(node, style)


def visible(value: str) -> str:
    """A text with everything in it to be seen, for prose: not to be read back."""
    return _UNSEEN.sub(_escape, value)


def is_name(key: str) -> bool:
    """The key can stand behind a dot."""
    return _NAME.fullmatch(key) is not None
