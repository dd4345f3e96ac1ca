"""The one canonical form of a rule. `spelling` next door has names, texts and numbers; this file lays out lines."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node, Span
from app.rules.diagnostics import RuleError
from app.rules.parser import Comment, parse
from app.rules.spelling import Style, group_needed, inline, literal, members, operand, operand_needs_group

WIDTH = 80
"""Columns a line may have before it is broken; comments do not count."""
_INDENT = 2
_COMMENT = re.compile("#[^\n]*")
_BRACKET = re.compile(r"""r"[^"]*"|r'[^']*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|#[^\n]*|[()\[\]]""")
_GLUE = re.compile(r"(?:[\s()\[\],!]|&&|\|\||\b(?:and|AND|or|OR|not|NOT|any|all|none|count)\b)*")
"""What can stand between two operands."""


def format_rule(text: str) -> str:
    """The rule in its canonical form: same tree, same comments in the same order. Type errors do not matter.

    Where the lines would break a limit (4,096 characters, or 24 levels with the parentheses that only help readers),
    the answer is the tight form: no line breaks but those after comments, no such parentheses, shortest spellings. A
    text that was written tighter still is left as it is.

    Raises RuleError where the text has syntax errors.
    """
    parsed = parse(text)
    if parsed.diagnostics:
        raise RuleError(parsed.diagnostics)
    for style, width in ((Style.CLEAR, WIDTH), (Style.TIGHT, len(text) * 8)):
        printed = _Lines(text, parsed.comments, style, width).run(parsed.root)
        if _is_rule(printed):
            return printed
    return text


def print_node(node: Node, width: int = WIDTH) -> str:
    """The text of a tree, in canonical form; spans and types do not matter. Limits are the caller's to check."""
    return _Lines("", (), Style.CLEAR, width).run(node)


def _is_rule(text: str) -> bool:
    try:
        return not parse(text).diagnostics
    except RuleError:
        return False


class _Line(msgspec.Struct):
    """What goes round a node on its lines: `before` ahead of its first word, `after` behind its last."""

    indent: int
    before: str = ""
    after: str = ""
    end: int = 0
    """Where what `after` holds ends in the source."""
    closing: int | None = None
    """Where the bracket that follows on the next line stands in the source; None where there is none."""


class _Lines:
    """Prints one tree. Comments come out in the order of the text, each at the first place that can hold it."""

    def __init__(self, text: str, comments: Sequence[Comment], style: Style, width: int) -> None:
        self.text = text
        self.comments = list(reversed(comments))
        """Those still to print, the next one last."""
        self.style = style
        self.width = width
        self.lines: list[str] = []
        self.position = 0
        """End of what was printed last, in the source."""
        self.brackets = dict(_pairs(text)) if comments else {}

    def run(self, root: Node | None) -> str:
        if root is not None:
            self.condition(root, _Line(0))
        self._flush(len(self.text) + 1, 0)
        return "\n".join(self.lines)

    def condition(self, node: Node, line: _Line) -> None:
        """Print a node, on one line where it fits and no comment stands inside."""
        self._lead(node, line.indent)
        flat = f"{line.before}{inline(node, self.style)}{line.after}"
        if self._fits(flat, node, line) or not self._broken(node, line):
            self._end(flat, node, line)

    def _lead(self, node: Node, indent: int) -> None:
        """Comments that stand before a node, or inside it where its lines cannot hold them."""
        start, end = _inside(node)
        if any(end <= comment.span[0] < _stop(node) for comment in self.comments):
            start = _stop(node)
        self._flush(start, indent)
        first = _first(node)
        if first is not None:
            self._lead(first, indent)

    def _fits(self, flat: str, node: Node, line: _Line) -> bool:
        commented = bool(self.comments) and self.comments[-1].span[0] < _stop(node)
        return not commented and line.indent + len(flat) <= self.width

    def _broken(self, node: Node, line: _Line) -> bool:
        """Print a node on several lines. False where it has no place to break."""
        if isinstance(node, tree.And | tree.Or):
            self._items(node, line)
        elif isinstance(node, tree.Quant):
            self._quantifier(node, line)
        elif isinstance(node, tree.Member):
            return self._member(node, "in", line)
        elif isinstance(node, tree.Not) and isinstance(node.operand, tree.Member):
            return self._member(node.operand, "not in", line)
        elif isinstance(node, tree.Not):
            inside = _with(line, before=f"{line.before}not ")
            if group_needed(node, node.operand, self.style):
                self._group(node.operand, inside)
            else:
                return self._broken(node.operand, inside)
        elif isinstance(node, tree.Compare):
            return self._compare(node, line)
        else:
            return False
        return True

    def _items(self, node: tree.And | tree.Or, line: _Line) -> None:
        word = "and " if isinstance(node, tree.And) else "or "
        last = len(node.items) - 1
        for index, item in enumerate(node.items):
            around = _Line(
                line.indent,
                word if index else line.before,
                line.after if index == last else "",
                line.end if index == last else 0,
                line.closing if index == last else None,
            )
            if group_needed(node, item, self.style):
                self._group(item, around)
            else:
                self.condition(item, around)

    def _group(self, node: Node, line: _Line) -> None:
        """A node in parentheses."""
        self._lead(node, line.indent)
        flat = f"{line.before}({inline(node, self.style)}){line.after}"
        if self._fits(flat, node, line):
            self._end(flat, node, line)
            return
        self._put(f"{line.before}(", line.indent)
        closing = self._closing(node)
        self.condition(node, _Line(line.indent + _INDENT, closing=closing))
        self._close(")", closing, line)

    def _quantifier(self, node: tree.Quant, line: _Line) -> None:
        self._put(f"{line.before}{node.kind}(", line.indent)
        listed = _Line(line.indent + _INDENT, after=",")
        if operand_needs_group(node.list):
            self._group(node.list, listed)
        else:
            self.condition(node.list, listed)
        self.condition(node.condition, _Line(line.indent + _INDENT, closing=node.span[1] - 1))
        self._close(")", node.span[1] - 1, line)

    def _compare(self, node: tree.Compare, line: _Line) -> bool:
        if _breaks(node.left):
            after = f" {node.op} {operand(node.right, self.style)}{line.after}"
            return self._operand(node.left, _with(line, after=after, end=max(line.end, node.span[1])))
        before = f"{line.before}{operand(node.left, self.style)} {node.op} "
        return _breaks(node.right) and self._operand(node.right, _with(line, before=before))

    def _operand(self, node: Node, line: _Line) -> bool:
        if operand_needs_group(node):
            self._group(node, line)
            return True
        return self._broken(node, line)

    def _member(self, node: tree.Member, word: str, line: _Line) -> bool:
        value = operand(node.value, self.style)
        if isinstance(node.set, tree.ListSet):
            self._put(f"{line.before}{value} {word} [", line.indent)
            self._list(node.set, line)
            return True
        after = f" {word} {members(node.set, self.style)}{line.after}"
        around = _with(line, after=after, end=max(line.end, node.span[1]))
        return _breaks(node.value) and self._operand(node.value, around)

    def _list(self, items: tree.ListSet, line: _Line) -> None:
        """As many items on a line as fit; a comment ends the line."""
        indent = line.indent + _INDENT
        row = ""
        self.position = items.span[0] + 1
        closing = items.span[1] - 1
        last = len(items.items) - 1
        for index, item in enumerate(items.items):
            if row and self.comments and self.comments[-1].span[0] < item.span[1]:
                self._put(row, indent)
                row = ""
            self._flush(item.span[1], indent)
            word = literal(item.value, self.style) + ("," if index < last else "")
            if row and indent + len(row) + 1 + len(word) > self.width:
                self._put(row, indent)
                row = ""
            row = f"{row} {word}" if row else word
            self.position = item.span[1]
            if self._is_trailing(closing if index == last else None):
                self._put(f"{row}  {self.comments.pop().text}", indent)
                row = ""
        if row:
            self._put(row, indent)
        self._close("]", closing, line)

    def _close(self, bracket: str, closing: int, line: _Line) -> None:
        """A bracket on a line of its own, behind the comments that stand before it."""
        self._flush(closing, line.indent + _INDENT)
        self.position = max(self.position, line.end)
        taken = self._is_before(line.closing) and not self._owns_line()
        trailing = f"  {self.comments.pop().text}" if taken else ""
        self._put(f"{bracket}{line.after}{trailing}", line.indent)

    def _end(self, flat: str, node: Node, line: _Line) -> None:
        """The only line of a node, and the comment behind it."""
        self.position = max(_stop(node), line.end)
        trailing = f"  {self.comments.pop().text}" if self._is_trailing(line.closing) else ""
        self._put(f"{flat}{trailing}", line.indent)

    def _closing(self, node: Node) -> int:
        """Where the parentheses round a node end in the source, or the node itself where it has none."""
        start, end = node.span
        for opened, closed in self.brackets.items():
            if opened < start and end <= closed:
                around = self.text[opened + 1 : start] + "\n" + self.text[end:closed]
                if not _COMMENT.sub("", around).strip():
                    return closed
        return end

    def _is_trailing(self, closing: int | None) -> bool:
        """The next comment stands on the line of what was printed last."""
        return self._is_before(closing) and "\n" not in (self._gap() or "")

    def _is_before(self, closing: int | None) -> bool:
        """The next comment follows what was printed last, and does not stand behind the bracket to come."""
        return self._gap() is not None and (closing is None or self.comments[-1].span[0] < closing)

    def _gap(self) -> str | None:
        """What stands between the last thing printed and the next comment; None where there is an operand."""
        if not self.comments:
            return None
        gap = _COMMENT.sub("", self.text[self.position : self.comments[-1].span[0]])
        return gap if _GLUE.fullmatch(gap) else None

    def _owns_line(self) -> bool:
        """Nothing stands before the next comment on its line."""
        start = self.comments[-1].span[0]
        return not self.text[self.text.rfind("\n", 0, start) + 1 : start].strip()

    def _flush(self, end: int, indent: int) -> None:
        """Print the comments that begin before the offset, each on a line of its own."""
        while self.comments and self.comments[-1].span[0] < end:
            self._put(self.comments.pop().text, indent)

    def _put(self, line: str, indent: int) -> None:
        self.lines.append(" " * indent + line)


def _with(line: _Line, before: str | None = None, after: str | None = None, end: int = 0) -> _Line:
    return _Line(
        line.indent,
        line.before if before is None else before,
        line.after if after is None else after,
        end or line.end,
        line.closing,
    )


def _inside(node: Node) -> Span:
    """The part of a node whose lines can hold comments; empty, at its end, where it is always on one line."""
    if isinstance(node, tree.And | tree.Or):
        return _inside(node.items[0])[0], _stop(node)
    if isinstance(node, tree.Quant):
        return node.span
    if isinstance(node, tree.Not):
        return _inside(node.operand)
    if isinstance(node, tree.Member):
        return node.set.span if isinstance(node.set, tree.ListSet) else _within(node.value, node)
    if isinstance(node, tree.Compare):
        return _within(node.left if _breaks(node.left) else node.right, node)
    return node.span[1], node.span[1]


def _first(node: Node) -> Node | None:
    """The part of a node that its first line begins with, where that part can have several lines."""
    if isinstance(node, tree.And | tree.Or):
        return node.items[0]
    if isinstance(node, tree.Not):
        return node.operand
    if isinstance(node, tree.Compare) and _breaks(node.left):
        return node.left
    if isinstance(node, tree.Member) and not isinstance(node.set, tree.ListSet) and _breaks(node.value):
        return node.value
    return None


def _stop(node: Node) -> int:
    """End of a node without the parentheses round its last part, which may not be printed."""
    if isinstance(node, tree.And | tree.Or):
        return _stop(node.items[-1])
    return _stop(node.operand) if isinstance(node, tree.Not) else node.span[1]


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """The places of each two brackets that belong together, the innermost first."""
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] in "([":
            opened.append(match.start())
        elif match[0] in ")]":
            yield opened.pop(), match.start()


def _within(part: Node, node: Node) -> Span:
    return _inside(part) if _breaks(part) else (node.span[1], node.span[1])


def _breaks(node: Node) -> bool:
    """The node has a place to break."""
    if isinstance(node, tree.Not):
        return _breaks(node.operand)
    if isinstance(node, tree.Member):
        return isinstance(node.set, tree.ListSet) or _breaks(node.value)
    if isinstance(node, tree.Compare):
        return _breaks(node.left) or _breaks(node.right)
    return isinstance(node, tree.And | tree.Or | tree.Quant)
