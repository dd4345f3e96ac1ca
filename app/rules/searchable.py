"""What would make sense in a filter of the log, and the databases do not answer alike. `check` asks for filters."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from app.rules import ast as tree
from app.rules.ast import Const, Node
from app.rules.diagnostics import Code, Edit
from app.rules.literals import quoted
from app.rules.networks import read_block
from app.rules.patterns import PatternFault, plain, searcher
from app.rules.report import Report

_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_time(node: Node) -> bool:
    return isinstance(node, tree.Path) and tree.dotted(node) == "request_time"


def milliseconds(text: str) -> int | float | None:
    """Since the epoch; None for what is no date and no time of ISO 8601. UTC unless it says."""
    try:
        time = datetime.fromisoformat(text)
        since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    whole, rest = divmod(since, timedelta(milliseconds=1))
    # Rows have whole milliseconds: any part of one stands in the same place among them.
    return whole + 0.5 if rest else whole


def look(report: Report, root: Node, lists: Mapping[str, frozenset[str]]) -> None:
    """Report what can't be searched for; the tree may have other faults."""
    for node in tree.walk(root):
        if isinstance(node, tree.Compare):
            _compare(report, node)
        elif isinstance(node, tree.Member):
            _member(report, node, lists)
        elif isinstance(node, tree.Call) and node.function != "exists" and any(map(is_time, node.args)):
            _no_moment(report, node)
        for literal in _literals(node):
            if "\0" in str(literal.value):
                message = "no text of the log holds the character U+0000"
                report.error(Code.NOT_SEARCHABLE, literal.span, message)


def _literals(node: Node) -> Iterable[Const]:
    if isinstance(node, Const):
        return (node,)
    return node.set.items if isinstance(node, tree.Member) and isinstance(node.set, tree.ListSet) else ()


def _compare(report: Report, node: tree.Compare) -> None:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if is_time(one):
            if node.op not in _COMPARISONS or not isinstance(other, Const):
                _no_moment(report, node)
                return
            _moments(report, (other,))
        elif _is_address(one) and isinstance(other, Const) and node.op in ("==", "!="):
            _blocks(report, (other,))
    if node.op == "matches" and isinstance(node.right, Const):
        _pattern(report, node, str(node.right.value))


def _member(report: Report, node: tree.Member, lists: Mapping[str, frozenset[str]]) -> None:
    if is_time(node.value):
        if isinstance(node.set, tree.ListSet):
            _moments(report, node.set.items)
        else:
            _no_moment(report, node)
    elif _is_address(node.value):
        if isinstance(node.set, tree.ListSet):
            _blocks(report, node.set.items)
        elif isinstance(node.set, tree.NamedSet):
            blocks = sorted(filter(_is_block, lists.get(node.set.name, ())))
            if blocks:
                message = f"`${node.set.name}` has blocks such as `{blocks[0]}`; a search compares addresses as text"
                report.error(Code.NOT_SEARCHABLE, node.set.span, message)


def _moments(report: Report, literals: Iterable[Const]) -> None:
    for literal in literals:
        if isinstance(literal.value, str) and milliseconds(literal.value) is None:
            hint = 'write it as ISO 8601 has it, for example `"2026-11-24"`, `"2026-11-24T08:00:00Z"`'
            report.error(Code.BAD_TIME, literal.span, f"`{literal.value}` is no time", hint)


def _no_moment(report: Report, node: Node) -> None:
    message = "`request_time` can only be compared with a fixed time"
    hint = 'for example `request_time >= "2026-11-24T08:00:00Z"`'
    report.error(Code.NOT_SEARCHABLE, node.span, message, hint)


def _is_address(node: Node) -> bool:
    return isinstance(node, tree.Path) and tree.dotted(node) == "client.ip"


def _is_block(text: str) -> bool:
    return "/" in text and read_block(text) is not None


def _blocks(report: Report, literals: Iterable[Const]) -> None:
    for literal in literals:
        if _is_block(str(literal.value)):
            message = f"`{literal.value}` is a block; a search compares addresses as text"
            hint = 'ask how they begin, for example `client.ip starts_with "10.1."`'
            report.error(Code.NOT_SEARCHABLE, literal.span, message, hint)


def _pattern(report: Report, node: tree.Compare, pattern: str) -> None:
    """Databases have pattern languages of their own; only text and anchors mean the same in all."""
    try:
        searcher(pattern)
    except PatternFault:  # the checker has reported it
        return
    if plain(pattern) is not None:
        return
    shown = report.source(node.left)
    message = "a search finds texts, not patterns: each database reads those in its own way"
    texts = [plain(part) for part in pattern.split("|")]
    parts = [part.text for part in texts if part is not None and not part.at_start and not part.at_end]
    if 1 < len(parts) == len(texts):
        ours = " or ".join(f"{shown} contains {quoted(part)}" for part in parts)
        report.error(Code.NOT_SEARCHABLE, node.span, message, f"use `{ours}`", Edit(node.span, f"({ours})"))
    else:
        hint = "use `contains`, `starts_with`, `ends_with` or `in`, joined by `and` and `or`"
        report.error(Code.NOT_SEARCHABLE, node.right.span, message, hint)
