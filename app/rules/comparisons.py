"""Which operands go together in a comparison. `check` has typed them before; `memberships` next door knows sets."""

import re
from collections.abc import Set as AbstractSet

from app.rules.ast import Call, Compare, Const, Elem, Node, Path, dotted, uses_element, walk
from app.rules.diagnostics import Code, Edit
from app.rules.fields import Field, near
from app.rules.literals import quoted
from app.rules.networks import read_address, read_block
from app.rules.patterns import PatternFault, searcher
from app.rules.report import Report, in_words
from app.rules.resolve import is_hole

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_SCALARS = frozenset(("str", "num", "bool", "null"))
_CLOCKS = ("hour", "weekday")
_SMALL_ROOTS = ("model", "endpoint", "api_key", "client")
"""Roots whose values the caller cannot make long."""


def is_constant(node: Node) -> bool:
    """The value is the same for every request."""
    if isinstance(node, Call):
        return node.function not in _CLOCKS and bool(node.args) and all(map(is_constant, node.args))
    return isinstance(node, Const)


def compare(report: Report, node: Compare, left: Field, right: Field, present: AbstractSet[str]) -> None:
    """Report what is wrong with a comparison; `present` are paths known to exist where it stands."""
    if is_hole(node.left) or is_hole(node.right):
        return
    if is_constant(node.left) and is_constant(node.right):
        message = "both sides are fixed values, so the outcome never changes"
        report.error(Code.CONSTANT_COMPARISON, node.span, message, "compare with a field")
    elif node.op in ("==", "!="):
        _equality(report, node, left, right, present)
    elif node.op == "contains":
        _contains(report, node, left, right)
    elif node.op in ("matches", "starts_with", "ends_with"):
        _text_operator(report, node, left, right)
    else:
        _order(report, node, left, right)


def scalar_kinds(field: Field) -> AbstractSet[str]:
    """The scalar kinds a value can have when it is compared."""
    if "any" in field.kinds:
        return _SCALARS
    kinds = {"str" if kind in ("header", "ip") else kind for kind in field.kinds} & _SCALARS
    return kinds | {"null"} if field.nullable else kinds


def _equality(report: Report, node: Compare, left: Field, right: Field, present: AbstractSet[str]) -> None:
    if is_no_scalar(report, node.left, left) or is_no_scalar(report, node.right, right):
        return
    if scalar_kinds(left).isdisjoint(scalar_kinds(right)):
        _mismatch(report, node, left, right)
        return
    for (one, field), other in (((node.left, left), node.right), ((node.right, right), node.left)):
        if isinstance(other, Const):
            known_value(report, other, field)
            if field.kinds == {"ip"}:
                _address(report, node, one, other)
    if node.op == "!=":
        _not_equal(report, node, ((node.left, left), (node.right, right)), present)


def _not_equal(
    report: Report, node: Compare, sides: tuple[tuple[Node, Field], ...], present: AbstractSet[str]
) -> None:
    """Warn that a missing side makes `!=` true, unless the rule asks for it to exist."""
    for operand, field in sides:
        paths = [part for part in walk(operand) if isinstance(part, Path | Elem)]
        if field.optional and not all(dotted(part) in present for part in paths):
            shown = report.source(operand)
            ours = f"exists({shown}) and {report.source(node)}"
            if report.text[: node.span[0]].rstrip().lower().endswith(("not", "!")):
                ours = f"({ours})"
            message = f"`!=` is true as well when `{shown}` is missing"
            edit = Edit(node.span, ours)
            report.warn(Code.NOT_EQUAL_OPTIONAL, node.span, message, f"if that is not meant: `{ours}`", edit)
            return


def _address(report: Report, node: Compare, ip: Node, literal: Const) -> None:
    value = literal.value
    if not isinstance(value, str) or read_address(value) is not None:
        return
    message = f"`{value}` is no address"
    if read_block(value) is None:
        report.error(Code.BAD_ADDRESS, literal.span, message)
        return
    ours = f"{report.source(ip)} {'not in' if node.op == '!=' else 'in'} [{report.source(literal)}]"
    report.error(
        Code.BAD_ADDRESS, literal.span, f"{message} but a block", f"use `{ours}`", Edit(node.span, ours)
    )


def known_value(report: Report, literal: Const, field: Field) -> None:
    """Warn when a literal is none of the values a closed field can have."""
    if field.values and isinstance(literal.value, str) and literal.value not in field.values:
        meant = near(literal.value, field.values)
        message = f"`{literal.value}` is none of {', '.join(field.values)}"
        hint = f"did you mean `{meant}`?" if meant else None
        report.warn(Code.UNKNOWN_VALUE, literal.span, message, hint)


def is_no_scalar(report: Report, node: Node, field: Field) -> bool:
    """Report a list or an object where one value is needed."""
    if "any" in field.kinds or not field.kinds <= {"list", "map"}:
        return False
    shown = report.source(node)
    if "list" in field.kinds:
        names = list(field.element.children) if field.element is not None else []
        hint = (
            f"ask its elements: `any({shown}, .{names[0]} == ...)`"
            if names
            else f"use `{shown} contains ...`"
        )
        report.error(Code.IS_A_LIST, node.span, f"`{shown}` is a list, not one value", hint)
    else:
        report.error(
            Code.TYPE_MISMATCH, node.span, f"`{shown}` is an object, not one value", "name a field below it"
        )
    return True


def _order(report: Report, node: Compare, left: Field, right: Field) -> None:
    if is_no_scalar(report, node.left, left) or is_no_scalar(report, node.right, right):
        return
    common = scalar_kinds(left) & scalar_kinds(right)
    if "ip" in left.kinds | right.kinds:
        shown = report.source(node.left if "ip" in left.kinds else node.right)
        message, hint = "addresses have no order", f"ask for a block: `{shown} in [...]`"
        report.error(Code.TYPE_MISMATCH, node.span, message, hint)
    elif common and not common & {"num", "str"}:
        report.error(Code.TYPE_MISMATCH, node.span, f"`{node.op}` compares numbers or texts")
    elif not common:
        _mismatch(report, node, left, right)


def _mismatch(report: Report, node: Compare, left: Field, right: Field) -> None:
    """Two types that never meet; the literal of the two, if there is one, is what most likely has to change."""
    literal, (other, field) = node.right, (node.left, left)
    if isinstance(node.left, Const):
        literal, (other, field) = node.left, (node.right, right)
    if right.kinds == {"header"}:
        literal, (other, field) = node.left, (node.right, right)
    shown = report.source(other)
    if field.kinds == {"header"}:
        _header_mismatch(report, node, other, literal)
        return
    message = f"{in_words(left.type)} is compared with {in_words(right.type)}"
    span = node.span
    if not isinstance(literal, Const):
        report.error(Code.TYPE_MISMATCH, span, message)
        return
    value = literal.value
    ours: str | None
    if value is None:
        message = f"`{shown}` is never null"
        ours = f"not exists({shown})" if node.op == "==" else f"exists({shown})"
        way = (f"use `{ours}`", Edit(span, ours)) if field.optional else ()
        report.error(Code.TYPE_MISMATCH, span, message, *way)
        return
    ours = _converted(field, value)
    if ours is None or (node.op not in ("==", "!=") and field.kinds == {"bool"}):
        report.error(Code.TYPE_MISMATCH, span, message)
        return
    report.error(Code.TYPE_MISMATCH, span, message, f"use `{ours}`", Edit(literal.span, ours))


def _converted(field: Field, value: str | int | float | bool) -> str | None:
    """A literal that means the same in the field's type."""
    if field.kinds == {"bool"}:
        return {"true": "true", "false": "false", "1": "true", "0": "false"}.get(str(value).lower())
    if field.kinds == {"num"} and isinstance(value, str):
        return value if _NUMBER.fullmatch(value) else None
    if field.kinds == {"str"} and not isinstance(value, str):
        return quoted(str(value).lower() if isinstance(value, bool) else str(value))
    return None


def _header_mismatch(report: Report, node: Compare, header: Node, literal: Node) -> None:
    shown, value = report.source(header), report.source(literal)
    message = f"a header is text: `{shown}` cannot be compared with `{value}`"
    if literal.type == "num":
        ours = f"number({shown})"
        whole = report.source(node).replace(shown, ours, 1)
        hint = f"use `{whole}`"
        if node.op in ("==", "!=") and isinstance(literal, Const):
            hint = f'quote the number, `"{value}"`, or use `{whole}`'
        report.error(Code.HEADER_IS_TEXT, node.span, message, hint, Edit(header.span, ours))
    elif isinstance(literal, Const) and isinstance(literal.value, bool):
        ours = f'"{value}"'
        report.error(Code.HEADER_IS_TEXT, node.span, message, f"quote it: `{ours}`", Edit(literal.span, ours))
    elif isinstance(literal, Const) and literal.value is None:
        ours = f"not exists({shown})" if node.op == "==" else f"exists({shown})"
        report.error(Code.HEADER_IS_TEXT, node.span, message, f"use `{ours}`", Edit(node.span, ours))
    else:
        report.error(Code.HEADER_IS_TEXT, node.span, message)


def _contains(report: Report, node: Compare, left: Field, right: Field) -> None:
    shown = report.source(node.left)
    if is_no_scalar(report, node.right, right):
        return
    if uses_element(node.right) and not uses_element(node.left) and _is_large(node.left):
        message = f"`{shown}` would be searched once for each element: the work would grow with its square"
        report.error(Code.NOT_LINEAR, node.span, message, "search the element instead, or move the test out")
    texts = "str" in scalar_kinds(left) and "str" in scalar_kinds(right)
    inner = scalar_kinds(left.element) if left.element is not None else scalar_kinds(right)
    elements = left.holds("list") and not inner.isdisjoint(scalar_kinds(right))
    if texts or elements:
        _parts(report, node, left)
    elif left.holds("list") and left.element is not None and "map" in left.element.kinds:
        message = f"`{shown}` is a list of objects"
        report.error(
            Code.IS_A_LIST, node.span, message, f"ask its elements: `any({shown}, text(.) contains ...)`"
        )
    elif left.holds("list", "str", "header", "ip"):
        _mismatch(report, node, left if left.element is None else left.element, right)
    else:
        message = f"`contains` searches text or a list; `{shown}` is {in_words(left.type)}"
        report.error(Code.TYPE_MISMATCH, node.span, message)


def _is_large(node: Node) -> bool:
    """The value's length is up to the caller."""
    return any(isinstance(part, Path) and part.root not in _SMALL_ROOTS for part in walk(node))


def _parts(report: Report, node: Compare, left: Field) -> None:
    """Warn about content that may be a list of parts."""
    if left.kinds >= {"str", "list"} and left.element is not None and "text" in left.element.children:
        shown = report.source(node.left)
        ours = f"text({shown})"
        message = f"`{shown}` may be a list of parts"
        report.warn(Code.CONTENT_PARTS, node.left.span, message, f"use `{ours}`", Edit(node.left.span, ours))


def _text_operator(report: Report, node: Compare, left: Field, right: Field) -> None:
    shown = report.source(node.left)
    if node.op == "matches" and not (isinstance(node.right, Const) and isinstance(node.right.value, str)):
        message = "a pattern is a fixed text: what is compiled must not come from a request"
        report.error(
            Code.PATTERN_NOT_LITERAL, node.right.span, message, "use `contains`, `starts_with` or `==`"
        )
    elif "str" not in scalar_kinds(left):
        if left.holds("list"):
            element = "." if left.element is not None and left.element.kinds == {"str"} else "text(.)"
            ours = f"any({shown}, {element} {node.op} {report.source(node.right)})"
            message = f"`{shown}` is a list, not text"
            report.error(Code.IS_A_LIST, node.left.span, message, f"use `{ours}`", Edit(node.span, ours))
        else:
            message = f"`{node.op}` needs text; `{shown}` is {in_words(left.type)}"
            report.error(Code.TYPE_MISMATCH, node.left.span, message)
    elif "str" not in scalar_kinds(right):
        message = f"`{node.op}` needs text; `{report.source(node.right)}` is {in_words(right.type)}"
        report.error(Code.TYPE_MISMATCH, node.right.span, message)
    elif node.op == "matches" and isinstance(node.right, Const):
        _pattern(report, node.right)
        _parts(report, node, left)
    else:
        _parts(report, node, left)


def _pattern(report: Report, literal: Const) -> None:
    try:
        searcher(str(literal.value))
    except PatternFault as fault:
        report.error(fault.code, literal.span, str(fault), fault.suggestion)
