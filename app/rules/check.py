"""The meaning of a tree before any request: every name known, every type right. `compile` and `evaluate` rely on it."""

from collections.abc import Mapping

import msgspec

from app.rules import ast as tree
from app.rules import calls, comparisons, doubts, memberships, resolve, searchable
from app.rules.ast import Node
from app.rules.diagnostics import Code, Diagnostic, Edit
from app.rules.fields import ANY, BROKEN, LOGS, RULES, Field, Vocabulary, scalar
from app.rules.parser import Comment, Parsed
from app.rules.report import Report, in_words

_COUNTED = ("input_tokens", "total_tokens")


class Checked(msgspec.Struct, frozen=True):
    """A rule without errors, each node with its type. Without an expression (`root` None) it always passes."""

    text: str
    root: Node | None
    comments: tuple[Comment, ...]
    warnings: tuple[Diagnostic, ...]
    needs_tokens: bool
    """The rule asks for a number of tokens that has to be counted."""


def check(parsed: Parsed, lists: Mapping[str, frozenset[str]], vocabulary: Vocabulary = RULES) -> Checked:
    """Type a tree. `lists` are the named lists a rule may use, `vocabulary` has the fields and functions.

    Raises RuleError with all errors found, those of the parser included.
    """
    report = Report(parsed.text, parsed.diagnostics, vocabulary)
    root = parsed.root
    if root is not None:
        root = _Check(report, lists).condition(root)
        if vocabulary is LOGS:
            searchable.look(report, root, lists)
    report.raise_errors()
    if root is not None:
        doubts.look(report, root)
    return Checked(
        parsed.text, root, parsed.comments, report.diagnostics(), root is not None and counts_tokens(root)
    )


def counts_tokens(root: Node) -> bool:
    """The tree asks for a number of tokens that has to be counted."""
    return any(
        isinstance(node, tree.Path)
        and node.root == "token_usage"
        and node.steps
        and node.steps[0].key in _COUNTED
        for node in tree.walk(root)
    )


class _Check:
    """One walk over a tree. Recursion is safe: the parser bounds the depth."""

    def __init__(self, report: Report, lists: Mapping[str, frozenset[str]]) -> None:
        self.report = report
        self.lists = lists
        self.elements: list[Field] = []
        """Elements of the quantifiers around the current node, the innermost last."""
        self.present: frozenset[str] = frozenset()
        """Paths that an `exists` beside the current node asks for."""

    def condition(self, node: Node) -> Node:
        """A node that must be true or false."""
        if isinstance(node, tree.And):
            before = self.present
            self.present = before | {path for item in node.items for path in _asked(item)}
            items = tuple(self.condition(item) for item in node.items)
            self.present = before
            return msgspec.structs.replace(node, items=items, type="bool")
        if isinstance(node, tree.Or):
            return msgspec.structs.replace(node, items=tuple(map(self.condition, node.items)), type="bool")
        if isinstance(node, tree.Not):
            return msgspec.structs.replace(node, operand=self.condition(node.operand), type="bool")
        typed, field = self.value(node)
        if isinstance(typed, tree.Const) and isinstance(typed.value, bool):
            message = f"this condition is always {self.report.source(typed)}"
            self.report.warn(Code.CONSTANT_CONDITION, typed.span, message)
        elif not field.holds("bool"):
            self._no_condition(typed, field)
        return typed

    def value(self, node: Node) -> tuple[Node, Field]:
        """The node with its type, and what is known of its value."""
        typed, field = self._value(node)
        return msgspec.structs.replace(typed, type=field.type), field

    def _value(self, node: Node) -> tuple[Node, Field]:
        if isinstance(node, tree.Const):
            return node, _constant(node)
        if isinstance(node, tree.Path):
            return resolve.path(self.report, node)
        if isinstance(node, tree.Elem):
            return node, resolve.element(self.report, node, self.elements[-1] if self.elements else None)
        if isinstance(node, tree.Call):
            pairs = [self.value(arg) for arg in node.args]
            node = msgspec.structs.replace(node, args=tuple(arg for arg, _ in pairs))
            return node, calls.call(self.report, node, [field for _, field in pairs])
        if isinstance(node, tree.Quant):
            return self._quantifier(node)
        if isinstance(node, tree.Compare):
            self.report.around = node.span
            left, left_field = self.value(node.left)
            right, right_field = self.value(node.right)
            node = msgspec.structs.replace(node, left=left, right=right)
            comparisons.compare(self.report, node, left_field, right_field, self.present)
        elif isinstance(node, tree.Member):
            self.report.around = node.span
            value, field = self.value(node.value)
            node = msgspec.structs.replace(node, value=value)
            memberships.member(self.report, node, field, self.lists)
        else:
            node = self.condition(node)
        return node, scalar("bool")

    def _quantifier(self, node: tree.Quant) -> tuple[Node, Field]:
        result = scalar("num" if node.kind == "count" else "bool")
        if node.kind not in self.report.vocabulary.quantifiers:
            span = (node.span[0], node.span[0] + len(node.kind))
            message = f"a {self.report.vocabulary.noun} cannot use `{node.kind}`"
            reason = self.report.vocabulary.reasons.get(node.kind)
            self.report.error(Code.UNKNOWN_FUNCTION, span, message, reason)
            return node, result
        listed, field = self.value(node.list)
        if self.elements and not isinstance(node.list, tree.Elem) and not resolve.is_hole(node.list):
            shown = self.report.source(node.list)
            message = f"the inner list must belong to the element: `{shown}` does not begin with a dot"
            self.report.error(Code.INNER_LIST, node.list.span, message, "for example `any(.content, ...)`")
        if len(self.elements) > 1:
            message = "`any`, `all`, `none` and `count` nest at most two deep"
            self.report.error(Code.QUANTIFIER_DEPTH, node.span, message)
        if not field.holds("list"):
            self._no_list(listed, field)
            field = BROKEN
        before = self.present
        self.present = frozenset(path for path in before if not path.startswith("."))
        self.elements.append(field.element or ANY)
        condition = self.condition(node.condition)
        self.elements.pop()
        self.present = before
        return msgspec.structs.replace(node, list=listed, condition=condition), result

    def _no_list(self, node: Node, field: Field) -> None:
        shown = self.report.source(node)
        message = f"`{shown}` is {in_words(field.type)}, not a list"
        if field.kinds == {"header"}:
            ours = f"values({shown})"
            self.report.error(Code.NOT_A_LIST, node.span, message, f"use `{ours}`", Edit(node.span, ours))
        else:
            known = ", ".join(f"`{name}`" for name in self.report.vocabulary.lists)
            hint = f"for example {known}" if known else None
            self.report.error(Code.NOT_A_LIST, node.span, message, hint)

    def _no_condition(self, node: Node, field: Field) -> None:
        shown = self.report.source(node)
        message = f"`{shown}` is {in_words(field.type)}, not a condition"
        if isinstance(node, tree.Const):
            hint = "compare a field with it"
        elif field.holds("list"):
            hint = f"for example `len({shown}) > 0`"
        elif field.holds("num"):
            hint = f"for example `{shown} > 0`"
        elif field.holds("map"):
            hint = f"for example `exists({shown})`"
        else:
            hint = f'for example `{shown} == "..."`' + (f", `exists({shown})`" if field.optional else "")
        self.report.error(Code.NOT_A_CONDITION, node.span, message, hint)


def _asked(node: Node) -> set[str]:
    """Paths that must exist for the node to be true."""
    if isinstance(node, tree.Call) and node.function == "exists":
        return {tree.dotted(arg) for arg in node.args if isinstance(arg, tree.Path | tree.Elem)}
    return set()


def _constant(node: tree.Const) -> Field:
    if node.value is None:
        return Field(frozenset(("null",)), optional=False, nullable=True)
    if isinstance(node.value, bool):
        return scalar("bool")
    return scalar("str" if isinstance(node.value, str) else "num")
