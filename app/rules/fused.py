"""Statements for all rules of one function: what several ask is worked out once, by the first that asks, if at all."""

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from app.rules import ast as tree
from app.rules import operands
from app.rules import pycode as py
from app.rules.ast import Node
from app.rules.conditions import Conditions
from app.rules.cost import cost
from app.rules.operands import Operand, is_operand
from app.rules.sharing import Sharing, reads

Choice: TypeAlias = tuple[ast.stmt, tuple[Node, ...]]
"""A statement and the conditions that must all be true for it to be run."""

_KEPT_ROOTS = ("headers", "body", "api_key")
"""Reading other fields costs no more than reading a variable."""
_MAX_NESTING = 8


class Fused(Conditions):
    """Conditions that keep shared values in local variables of the main function."""

    def __init__(self, roots: Iterable[Node]) -> None:
        super().__init__()
        self._sharing = Sharing(roots)
        self._costs: dict[int, int] = {}
        self._ready: dict[int, Operand] = {}
        """Keys whose variable has been filled wherever the code that is being written runs."""
        self._left: set[int] = set()
        """Keys whose variable may have been filled, in a branch that the code has left."""
        self._late: dict[int, ast.stmt] = {}
        """Keys whose variable the first that asks fills, and the statement that begins with it empty."""

    def choices(self, choices: Sequence[Choice], level: int = 0) -> list[ast.stmt]:
        """Code that runs each statement whose conditions are true, in the given order."""
        body: list[ast.stmt] = []
        position = 0
        while position < len(choices):
            statement, parts = choices[position]
            if not parts or level == _MAX_NESTING:
                test = py.both(*map(self.condition, self._ordered(parts))) if parts else None
                body.append(statement if test is None else ast.If(test, [statement], []))
                position += 1
                continue
            first = self._first(parts)
            run = self._run(choices[position:], first)
            body += self._prepare(first)
            before = dict(self._ready)
            test = self.condition(first)
            body.append(
                ast.If(test, self.choices([self._without(choice, first) for choice in run], level + 1), [])
            )
            self._left |= self._ready.keys() - before.keys()
            self._ready = before
            position += len(run)
        return body

    def demand(self, parts: tuple[Node, ...]) -> list[ast.stmt]:
        """Code that returns `none` unless all the conditions are true."""
        body: list[ast.stmt] = []
        for part in self._ordered(parts):
            body += self._prepare(part)
            body.append(ast.If(py.negation(self.condition(part)), [ast.Return(py.name("none"))], []))
        return body

    def refusal(self, variable: str, parts: Sequence[Node]) -> list[ast.stmt]:
        """Code that sets the variable to the position of the first condition that is false, or -1."""
        if not parts:
            return [py.assign(variable, py.constant(-1))]
        body = self._prepare(parts[0])
        for start in range(0, len(parts), _MAX_NESTING):
            number = py.constant(-1)
            for position in reversed(range(start, min(start + _MAX_NESTING, len(parts)))):
                number = py.choice(self.condition(parts[position]), number, py.constant(position))
            found = py.assign(variable, number)
            passed = py.compare(py.name(variable), "<", py.constant(0))
            body.append(found if start == 0 else ast.If(passed, [found], []))
        return body

    def _prepare(self, node: Node) -> list[ast.stmt]:
        """Statements that fill the variables of all shared values that evaluating the node takes for sure."""
        statements: list[ast.stmt] = []
        for part in self._surely(node):
            key = self._sharing.key(part)
            if self._keeps(part) and not any(key in keys for keys in (self._ready, self._left, self._late)):
                found = self._fresh(part)
                statements.append(py.assign(_variable(key), found.load))
                self._ready[key] = _with(found, py.name(_variable(key)))
        return statements

    def empty_variables(self) -> list[ast.stmt]:
        """What the function that holds the statements must begin with."""
        return list(self._late.values())

    def condition(self, node: Node) -> ast.expr:
        if self._in_main and not is_operand(node) and self._keeps(node):
            return self._kept(node).load
        return super().condition(node)

    def operand(self, node: Node) -> Operand:
        if self._in_main and is_operand(node) and self._keeps(node):
            return self._kept(node)
        return super().operand(node)

    def _kept(self, node: Node) -> Operand:
        key = self._sharing.key(node)
        if key in self._ready:
            return self._ready[key]
        found = self._fresh(node)
        variable = _variable(key)
        self._late[key] = py.assign(variable, py.name("unset"))
        known = py.compare(py.name(variable), "is not", py.name("unset"))
        return _with(found, py.choice(known, py.name(variable), py.kept(variable, found.load)))

    def _fresh(self, node: Node) -> Operand:
        """The code that fills the variable."""
        if not is_operand(node):
            return Operand(self._condition(node), "bool", always=True)
        found = self._operand(node)
        if isinstance(node, tree.Path) and not found.sure and self._sharing.only_numbers(node):
            return Operand(operands.number_or_nan(found.load, self.names), "num", always=True)
        return found

    def _keeps(self, node: Node) -> bool:
        if isinstance(node, tree.Const) or (isinstance(node, tree.Path) and node.root not in _KEPT_ROOTS):
            return False
        return self._sharing.is_shared(node)

    def _ordered(self, items: tuple[Node, ...]) -> list[Node]:
        return sorted(items, key=self._cost)

    def _cost(self, node: Node) -> int:
        key = self._sharing.key(node)
        if self._in_main and key in self._ready:
            return 0
        if key not in self._costs:
            self._costs[key] = cost(node)
        return self._costs[key]

    def _first(self, parts: tuple[Node, ...]) -> Node:
        return self._ordered(parts)[0]

    def _run(self, choices: Sequence[Choice], first: Node) -> list[Choice]:
        """The choices, up to the first of another kind, that begin by asking `first`."""
        key = self._sharing.key(first)
        run = itertools.takewhile(
            lambda choice: choice[1] and self._sharing.key(self._first(choice[1])) == key, choices
        )
        return list(run)

    def _without(self, choice: Choice, asked: Node) -> Choice:
        statement, parts = choice
        key = self._sharing.key(asked)
        return statement, tuple(part for part in parts if self._sharing.key(part) != key)

    def _surely(self, node: Node) -> Iterator[Node]:
        """What is evaluated whenever the node is, each after what it is made of."""
        below = reads(node)
        if isinstance(node, tree.And | tree.Or):
            below = (self._first(node.items),)
        for child in below:
            yield from self._surely(child)
        yield node


def _variable(key: int) -> str:
    return f"s{key}"


def _with(found: Operand, load: ast.expr) -> Operand:
    return msgspec.structs.replace(found, load=load, owner=None, part=None)
