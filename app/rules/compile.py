"""From checked trees to Python functions, built as `ast` nodes and never as source text.

What users wrote gets in as constants or through the table of globals; the code has no builtins and runs nothing but
the functions of `values` and its like.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, cast

import msgspec

from app.rules import ast as tree
from app.rules import content, values
from app.rules import pycode as py
from app.rules.ast import Node
from app.rules.calls import zone
from app.rules.check import Checked
from app.rules.conditions import Conditions
from app.rules.context import Facts, header_text
from app.rules.cost import first_roots
from app.rules.networks import Blocks
from app.rules.operands import Operand
from app.rules.operands import path as load

_OPERATIONS = (
    *("same", "less", "less_or_same", "contains", "starts_with", "ends_with", "one_of"),
    *("length", "lower", "upper", "number", "header_values", "bucket", "hour", "weekday"),
)
_RUNTIME: dict[str, Any] = {
    "__builtins__": {},
    "M": values.MISSING,
    **{kind.__name__: kind for kind in (str, int, float, list, dict, type, tuple)},
    "len": len,
    "text": content.text,
    "header_text": header_text,
    "zone": zone,
    **{name: getattr(values, name) for name in _OPERATIONS},
}
"""Everything generated code can name, besides its own constants."""

_CHEAP = ("model", "endpoint", "stream", "api_key")
"""Roots whose reading costs the same whenever it happens; reading headers or body the first time costs more."""


class Program(msgspec.Struct, frozen=True):
    """Compiled rules, not yet tied to named lists and targets, so that one can serve many snapshots."""

    codes: dict[str, CodeType]
    objects: dict[str, Any]
    named: dict[tuple[str, str], str]

    def link(
        self, main: str, lists: Mapping[str, frozenset[str]], given: Mapping[str, Any]
    ) -> Callable[[Facts], Any]:
        """The function `main`. `given` are the objects its code names beyond its own."""
        space = {**_RUNTIME, **self.objects, **given}
        for (listed, form), name in self.named.items():
            space[name] = _in_form(lists[listed], form)
        for name, code in self.codes.items():
            space[name] = FunctionType(code, space)
        return cast(Callable[[Facts], Any], space[main])


def _in_form(entries: frozenset[str], form: str) -> Any:
    """A named list as code needs it. Entries that spell a number are equal to that number as well."""
    if form == "blocks":
        return Blocks(entries).holds
    if form == "texts":
        return entries
    return frozenset(number for entry in entries if (number := values.number(entry)) is not values.MISSING)


def compile_rule(rule: Checked) -> Program:
    """A program whose function `passes` takes Facts and returns a bool.

    Raises ValueError for a tree that `check` has not passed.
    """
    conditions = Conditions()
    test = py.constant(True) if rule.root is None else conditions.condition(_checked(rule.root))
    truth = py.choice(test, py.constant(True), py.constant(False))
    return _program(conditions, py.function("passes", ["f"], [ast.Return(truth)]))


def compile_choice(model: Checked, rules: Sequence[Checked]) -> Program:
    """A program whose function `choose` takes Facts and returns the targets whose rules pass, in their order.

    It names `all` (the tuple of all targets), `none` (the empty tuple) and each target as `target0`, `target1`, ...
    Raises ValueError for a tree that `check` has not passed.
    """
    conditions = Conditions()
    body: list[ast.stmt] = []
    if model.root is not None:
        test = py.negation(conditions.condition(_checked(model.root)))
        body.append(ast.If(test, [ast.Return(py.name("none"))], []))
    roots = [_checked(rule.root) for rule in rules if rule.root is not None]
    if roots:
        body += _keep(conditions, roots)
        body.append(py.assign("r", ast.List([], ast.Load())))
        body += [_add(conditions, f"target{index}", rule.root) for index, rule in enumerate(rules)]
        body.append(ast.Return(py.call("tuple", py.name("r"))))
    else:
        body.append(ast.Return(py.name("all")))
    return _program(conditions, py.function("choose", ["f"], body))


def compile_refusals(rules: Sequence[Checked]) -> Program:
    """A program whose function `refusals` takes Facts and returns, for each rule, which of its conjuncts (`ast`) is the
    first in source order that is false: its number from 0, or -1 when the rule passes.

    Raises ValueError for a tree that `check` has not passed.
    """
    conditions = Conditions()
    numbers = [_refusal(conditions, rule.root) for rule in rules]
    return _program(conditions, py.function("refusals", ["f"], [ast.Return(ast.List(numbers, ast.Load()))]))


def _refusal(conditions: Conditions, root: Node | None) -> ast.expr:
    if root is None:
        return py.constant(-1)
    name = conditions.names.fresh("w")
    tests = [py.negation(conditions.condition(part)) for part in tree.conjuncts(_checked(root))]
    body: list[ast.stmt] = [
        ast.If(test, [ast.Return(py.constant(index))], []) for index, test in enumerate(tests)
    ]
    conditions.functions.append(py.function(name, ["f"], [*body, ast.Return(py.constant(-1))]))
    return py.call(name, py.name("f"))


def _add(conditions: Conditions, target: str, root: Node | None) -> ast.stmt:
    add = ast.Expr(py.call(py.attribute(py.name("r"), "append"), py.name(target)))
    return add if root is None else ast.If(conditions.condition(root), [add], [])


def _keep(conditions: Conditions, roots: list[Node]) -> list[ast.stmt]:
    """Statements that load what several rules read, where no rule would have been spared the cost."""
    paths = [(tree.dotted(path), path) for path in _outside_quantifiers(roots)]
    counts = Counter(spelling for spelling, _ in paths)
    ready = set(_CHEAP).union(*map(first_roots, roots)) & {*_CHEAP, "headers", "body"}
    statements, kept = [], {}
    for spelling, path in dict(paths).items():
        if counts[spelling] > 1 and path.root in ready:
            operand = load(path, conditions.names)
            name = conditions.names.fresh("h")
            statements.append(py.assign(name, operand.load))
            kept[spelling] = Operand(py.name(name), operand.sure, operand.always, operand.none_is_missing)
    conditions.kept = kept
    return statements


def _outside_quantifiers(nodes: Iterable[Node]) -> Iterator[tree.Path]:
    for node in nodes:
        if isinstance(node, tree.Path):
            yield node
        elif isinstance(node, tree.Quant):
            yield from _outside_quantifiers((node.list,))
        else:
            yield from _outside_quantifiers(tree.children(node))


def _checked(root: Node) -> Node:
    if not all(node.type for node in tree.walk(root)):
        raise ValueError("the rule has not been checked")
    return root


def _program(conditions: Conditions, main: ast.stmt) -> Program:
    return Program(py.build([*conditions.functions, main]), conditions.names.objects, conditions.named)
