"""From checked trees to Python functions, built as `ast` nodes and never as source text.

What users wrote gets in as constants or through the table of globals; the code has no builtins and runs nothing but
the functions of `values` and its like.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

import msgspec

from app.rules import ast as tree
from app.rules import content, values
from app.rules import pycode as py
from app.rules.ast import Node
from app.rules.calls import zone
from app.rules.check import Checked
from app.rules.conditions import Conditions
from app.rules.context import header_text
from app.rules.fold import fold
from app.rules.fused import Choice, Fused
from app.rules.networks import Blocks

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
    "unset": object(),
    **{name: getattr(values, name) for name in _OPERATIONS},
}
"""Everything generated code can name, besides its own constants."""


class Program(msgspec.Struct, frozen=True):
    """Compiled rules, not yet tied to named lists and targets, so that one can serve many snapshots."""

    codes: dict[str, CodeType]
    objects: dict[str, Any]
    named: dict[tuple[str, str], str]

    def link(
        self, main: str, lists: Mapping[str, frozenset[str]], given: Mapping[str, Any]
    ) -> Callable[..., Any]:
        """The function `main`; who made the program says what it takes beside Facts. `given` are the objects its code
        names beyond its own."""
        space = {**_RUNTIME, **self.objects, **given}
        for (listed, form), name in self.named.items():
            space[name] = _in_form(lists[listed], form)
        for name, code in self.codes.items():
            if name != main:
                space[name] = FunctionType(code, space)
        # Not among its own globals: most programs are gone with their last user, without the garbage collector.
        return FunctionType(self.codes[main], space)


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
    conditions = Fused(_roots([rule]))
    body = conditions.choices(_choices([(ast.Return(py.constant(True)), rule.root)]))
    body.append(ast.Return(py.constant(False)))
    return program(conditions, py.function("passes", ["f"], [*conditions.empty_variables(), *body]))


def compile_choice(model: Checked, rules: Sequence[Checked]) -> Program:
    """A program whose function `choose` takes Facts and returns the targets whose rules pass, in their order.

    It names `all` (the tuple of all targets), `none` (the empty tuple) and each target as `target0`, `target1`, ...
    Raises ValueError for a tree that `check` has not passed.
    """
    conditions = Fused(_roots([model, *rules]))
    body: list[ast.stmt] = [] if model.root is None else conditions.demand(tree.conjuncts(model.root))
    if any(rule.root is not None for rule in rules):
        adding = _choices((_add(f"target{index}"), rule.root) for index, rule in enumerate(rules))
        body.append(py.assign("r", ast.List([], ast.Load())))
        body += [*conditions.choices(adding), ast.Return(py.call("tuple", py.name("r")))]
    else:
        body.append(ast.Return(py.name("all")))
    return program(conditions, py.function("choose", ["f"], [*conditions.empty_variables(), *body]))


def compile_refusals(rules: Sequence[Checked], model: str | None = None) -> Program:
    """A program whose function `refusals` takes Facts and returns, for each rule, which of its conjuncts (`ast`) is the
    first in source order that is false: its number from 0, or -1 when the rule passes.

    :param model: the model's name, where all requests are for one. Raises ValueError for a tree that `check` has not
        passed.
    """
    found = [_parts(rule.root, model) for rule in rules]
    conditions = Fused(part for parts in found for part in parts)
    body = [
        statement for index, parts in enumerate(found) for statement in conditions.refusal(f"w{index}", parts)
    ]
    numbers = [py.name(f"w{index}") for index in range(len(found))]
    body.append(ast.Return(ast.List(numbers, ast.Load())))
    return program(conditions, py.function("refusals", ["f"], [*conditions.empty_variables(), *body]))


def _parts(root: Node | None, model: str | None) -> list[Node]:
    parts = () if root is None else tree.conjuncts(refuse_unchecked(root))
    return [part if model is None else fold(part, model) for part in parts]


def _roots(rules: Iterable[Checked]) -> list[Node]:
    return [refuse_unchecked(rule.root) for rule in rules if rule.root is not None]


def _choices(pairs: Iterable[tuple[ast.stmt, Node | None]]) -> list[Choice]:
    return [(statement, () if root is None else tree.conjuncts(root)) for statement, root in pairs]


def _add(target: str) -> ast.stmt:
    return ast.Expr(py.call(py.attribute(py.name("r"), "append"), py.name(target)))


def refuse_unchecked(root: Node) -> Node:
    """The tree. Raises ValueError when `check` has not passed it."""
    if not all(node.type for node in tree.walk(root)):
        raise ValueError("the rule has not been checked")
    return root


def program(conditions: Conditions, main: ast.stmt) -> Program:
    """A program of one main function and all that its conditions need."""
    return Program(py.build([*conditions.functions, main]), conditions.names.objects, conditions.named)
