"""What can stand in which set: lists, ranges, named lists, blocks of addresses. `check` has typed the value before."""

from collections.abc import Mapping

from app.rules.ast import Const, ListSet, Member, NamedSet, RangeSet
from app.rules.comparisons import is_constant, is_no_scalar, known_value, scalar_kinds
from app.rules.diagnostics import Code, Edit
from app.rules.fields import NAMED_SET, Field, near
from app.rules.networks import read_block
from app.rules.report import Report, in_words
from app.rules.resolve import is_hole

_KIND = {str: "str", int: "num", float: "num", bool: "bool", type(None): "null"}


def member(report: Report, node: Member, field: Field, lists: Mapping[str, frozenset[str]]) -> None:
    """Report what is wrong with a membership."""
    shown = report.source(node.value)
    if is_hole(node.value) or (isinstance(node.set, NamedSet) and not node.set.name):
        return
    if is_constant(node.value):
        message = f"`{shown}` is a fixed value, so the outcome never changes"
        report.error(Code.CONSTANT_COMPARISON, node.value.span, message, "ask for a field")
    elif "any" not in field.kinds and "list" in field.kinds and field.kinds <= {"list", "map"}:
        ours = f"any({shown}, . in {report.text[node.set.span[0] : node.set.span[1]]})"
        message = f"`{shown}` is a list, not one value"
        report.error(Code.IS_A_LIST, node.value.span, message, f"use `{ours}`", Edit(node.span, ours))
    elif is_no_scalar(report, node.value, field):
        return
    elif isinstance(node.set, ListSet):
        _list(report, node, node.set, field)
    elif isinstance(node.set, RangeSet):
        _range(report, node, node.set, field)
    else:
        _named(report, node, node.set, field, lists)


def _list(report: Report, node: Member, items: ListSet, field: Field) -> None:
    if not items.items:
        message = "the list is empty, so nothing is ever in it"
        report.error(Code.EMPTY_LIST, items.span, message, "put values in the brackets")
        return
    allowed = scalar_kinds(field)
    for item in items.items:
        kind = _KIND[type(item.value)]
        if kind not in allowed:
            _wrong_item(report, node, item, kind, field)
            return
        known_value(report, item, field)
        if field.kinds == {"ip"}:
            _block(report, item)


def _wrong_item(report: Report, node: Member, item: Const, kind: str, field: Field) -> None:
    shown, value = report.source(node.value), report.source(item)
    if field.kinds == {"header"} and kind == "num":
        message = f"a header is text: `{shown}` is never the number `{value}`"
        hint = f'quote the number, `"{value}"`, or ask for `number({shown})`'
        report.error(Code.HEADER_IS_TEXT, item.span, message, hint, Edit(node.value.span, f"number({shown})"))
        return
    message = f"`{shown}` is {in_words(field.type)}, and `{value}` is {in_words(kind)}"
    quote = scalar_kinds(field) == {"str"} and kind in ("num", "bool")
    report.error(
        Code.TYPE_MISMATCH,
        item.span,
        message,
        f'quote it: `"{value}"`' if quote else None,
        Edit(item.span, f'"{value}"') if quote else None,
    )


def _block(report: Report, item: Const) -> None:
    value = str(item.value)
    block = read_block(value)
    if block is None:
        message = f"`{value}` is no address and no block of addresses (CIDR)"
        report.error(Code.BAD_ADDRESS, item.span, message, "for example `203.0.113.0/24`, `2001:db8::/32`")
    elif "/" in value and str(block.network_address) != value.partition("/")[0].lower():
        ours = f'"{block}"'
        message = f"the block that `{value}` lies in is meant: `{block}`"
        report.warn(Code.BAD_ADDRESS, item.span, message, f"write `{ours}`", Edit(item.span, ours))


def _range(report: Report, node: Member, bounds: RangeSet, field: Field) -> None:
    shown = report.source(node.value)
    low, high = bounds.low.value, bounds.high.value
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        ours = f"{report.source(bounds.high)}..{report.source(bounds.low)}"
        message = "the range is empty: it ends before it begins"
        report.error(Code.EMPTY_RANGE, bounds.span, message, f"use `{ours}`", Edit(bounds.span, ours))
    elif field.kinds == {"header"}:
        message = f"a header is text: `{shown}` is in no range of numbers"
        ours = f"number({shown})"
        report.error(
            Code.HEADER_IS_TEXT, node.value.span, message, f"use `{ours}`", Edit(node.value.span, ours)
        )
    elif "num" not in scalar_kinds(field):
        message = f"`{shown}` is {in_words(field.type)}, and a range holds numbers"
        report.error(Code.TYPE_MISMATCH, node.value.span, message)


def _named(
    report: Report, node: Member, named: NamedSet, field: Field, lists: Mapping[str, frozenset[str]]
) -> None:
    shown = report.source(node.value)
    if named.name not in lists:
        meant = near(named.name, lists)
        known = ", ".join(f"`${name}`" for name in sorted(lists))
        hint = f"known are {known}" if lists else "no named list has been made yet"
        hint = f"did you mean `${meant}`?" if meant else hint
        edit = Edit(named.span, f"${meant}") if meant else None
        report.error(Code.UNKNOWN_LIST, named.span, f"there is no list `${named.name}`", hint, edit)
    elif scalar_kinds(field).isdisjoint(NAMED_SET):
        message = f"`{shown}` is {in_words(field.type)}, and a named list holds text"
        report.error(Code.TYPE_MISMATCH, node.value.span, message)
    elif field.kinds == {"ip"}:
        wrong = sorted(entry for entry in lists[named.name] if read_block(entry) is None)
        if wrong:
            message = (
                f"`${named.name}` has entries that are no addresses, such as `{wrong[0]}`; they never match"
            )
            report.warn(Code.LIST_ENTRY, named.span, message)
