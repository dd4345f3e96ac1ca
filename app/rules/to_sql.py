"""A filter of the request log as SQL, for SQLite and PostgreSQL. `log_search` next door says what it means.

Columns come from the vocabulary and texts of the user are bound parameters. Each condition is true or false, never
NULL: a column that may be empty is asked for first.
"""

import functools
import math
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, cast

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.fields import LOGS
from app.rules.log_search import COLUMNS, ENDPOINT, ROUTES, Lists, Search
from app.rules.patterns import Plain, plain
from app.rules.sql import Sql
from app.rules.values import number

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

TRUE: Final = "1 = 1"
FALSE: Final = "1 = 0"
_TABLE: Final = "request_log"
_LEAST, _MOST = -(2**63), 2**63 - 1
"""What a column of whole numbers can hold."""
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_POSITION: Final = {"sqlite": "instr", "postgresql": "strpos"}
_END: Final = {"sqlite": "substr({}, -{})", "postgresql": "right({}, {})"}
"""The last characters of a text, so many and at least one; the whole text where it is shorter."""
_BY_CODE_POINTS: Final = {"sqlite": "", "postgresql": ' COLLATE "C"'}
_AMONG: Final = {
    "sqlite": "{sql} IN (SELECT value FROM json_each({given}))",
    # Without `IS TRUE` the planner makes a nested loop of it, which asks each entry again for each row.
    "postgresql": "({sql} IN (SELECT CAST(entry AS {kind}) "
    "FROM jsonb_array_elements_text(CAST({given} AS JSONB)) AS entry)) IS TRUE",
}


class _Operand(msgspec.Struct, frozen=True):
    """A value in SQL. `literal` is set where the filter spells it."""

    sql: str
    present: str = TRUE
    """What is true when there is a value."""
    literal: str | int | float | None = None


def to_sql(wanted: Search, dialect: Dialect, lists: Lists) -> Sql:
    """The filter as a condition. `lists` has the entries of the named lists it was read with."""
    writing = _Writing(dialect, lists)
    text = TRUE if wanted.root is None else writing.condition(wanted.root)
    return Sql(text, writing.parameters)


class _Writing:
    """One walk over a tree. Recursion is safe: the parser bounds the depth."""

    def __init__(self, dialect: Dialect, lists: Lists) -> None:
        self.dialect = dialect
        self.lists = lists
        self.parameters: dict[str, int | str] = {}

    def condition(self, node: Node) -> str:
        if isinstance(node, tree.And | tree.Or):
            word = " AND " if isinstance(node, tree.And) else " OR "
            return word.join(f"({self.condition(item)})" for item in node.items)
        if isinstance(node, tree.Not):
            return f"NOT ({self.condition(node.operand)})"
        if isinstance(node, tree.Compare):
            return self._compare(node)
        if isinstance(node, tree.Member):
            return self._member(node)
        if isinstance(node, tree.Const):
            return TRUE if node.value is True else FALSE
        if isinstance(node, tree.Call):  # `exists`; no other function gives a condition
            return self._operand(node.args[0]).present
        operand = self._operand(node)
        return _all(operand.present, operand.sql)

    def _operand(self, node: Node) -> _Operand:
        if isinstance(node, tree.Const) and not isinstance(node.value, bool):
            return _Operand("", literal=node.value)
        if isinstance(node, tree.Path):
            return _column(tree.dotted(node))
        if isinstance(node, tree.Call) and node.function == "len":
            value = self._operand(node.args[0])
            return _Operand(f"length({self._sql(value)})", value.present)
        return _Operand(f"({self.condition(node)})")

    def _sql(self, operand: _Operand) -> str:
        return operand.sql if operand.literal is None else self._bind(cast(str, operand.literal))

    def _bind(self, value: int | str) -> str:
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def _compare(self, node: tree.Compare) -> str:
        op, left, right = node.op, self._operand(node.left), self._operand(node.right)
        present = _all(left.present, right.present)
        if op in ("==", "!="):
            same = _all(present, self._same(left, right))
            return same if op == "==" else f"NOT ({same})"
        if op in _TURNED:
            return _all(present, self._ordered(op, left, right, node.left.type))
        if op == "matches":
            pattern = plain(str(right.literal))
            return _all(present, self._matches(left, cast(Plain, pattern)))
        return _all(present, self._found(op, left, right))

    def _same(self, left: _Operand, right: _Operand) -> str:
        for one, other in ((left, right), (right, left)):
            if isinstance(one.literal, int | float):
                whole = _whole(one.literal)
                return FALSE if whole is None else f"{other.sql} = {self._bind(whole)}"
        return f"{self._sql(left)} = {self._sql(right)}"

    def _ordered(self, op: str, left: _Operand, right: _Operand, type_: str) -> str:
        if isinstance(left.literal, int | float):
            return self._bounded(right.sql, _TURNED[op], left.literal)
        if isinstance(right.literal, int | float):
            return self._bounded(left.sql, op, right.literal)
        collation = _BY_CODE_POINTS[self.dialect] if type_ == "str" else ""
        return f"{self._sql(left)} {op} {self._sql(right)}{collation}"

    def _bounded(self, sql: str, op: str, bound: int | float) -> str:
        """A whole number against any number: exact, and never beyond what a column can hold."""
        if op in (">", ">="):
            least = math.floor(bound) + 1 if op == ">" else math.ceil(bound)
            if _LEAST < least <= _MOST:
                return f"{sql} >= {self._bind(least)}"
            return TRUE if least <= _LEAST else FALSE
        most = math.ceil(bound) - 1 if op == "<" else math.floor(bound)
        if _LEAST <= most < _MOST:
            return f"{sql} <= {self._bind(most)}"
        return TRUE if most >= _MOST else FALSE

    def _matches(self, left: _Operand, pattern: Plain) -> str:
        text = _Operand("", literal=pattern.text)
        if pattern.at_start and pattern.at_end:
            return self._same(left, text)
        op = "starts_with" if pattern.at_start else "ends_with" if pattern.at_end else "contains"
        return self._found(op, left, text)

    def _found(self, op: str, left: _Operand, right: _Operand) -> str:
        """The tests of a text for a part of it."""
        if right.literal == "":
            return TRUE
        text, part = self._sql(left), self._sql(right)
        if op == "contains":
            return f"{_POSITION[self.dialect]}({text}, {part}) > 0"
        known = len(right.literal) if isinstance(right.literal, str) else None
        length = f"length({part})" if known is None else str(known)
        if op == "starts_with":
            return f"substr({text}, 1, {length}) = {part}"
        if known is not None:
            return f"{_END[self.dialect].format(text, known)} = {part}"
        return f"length({text}) >= {length} AND substr({text}, length({text}) - {length} + 1) = {part}"

    def _member(self, node: tree.Member) -> str:
        value = self._operand(node.value)
        if isinstance(node.set, tree.RangeSet):
            low, high = cast(int, node.set.low.value), cast(int, node.set.high.value)
            bounds = self._bounded(value.sql, ">=", low), self._bounded(value.sql, "<=", high)
            return _all(value.present, *bounds)
        if isinstance(node.set, tree.ListSet):
            return _all(value.present, self._among(value.sql, [item.value for item in node.set.items]))
        entries = sorted(self.lists[node.set.name])
        items = entries if node.value.type == "str" else map(number, entries)
        return _all(value.present, self._among(value.sql, items))

    def _among(self, sql: str, items: Iterable[object]) -> str:
        """One of some values, all of the kind that the column has."""
        texts: list[str] = []
        numbers: list[int] = []
        truths: set[bool] = set()
        for item in items:
            if isinstance(item, bool):
                truths.add(item)
            elif isinstance(item, int | float) and (whole := _whole(item)) is not None:
                numbers.append(whole)
            elif isinstance(item, str) and "\0" not in item:  # which PostgreSQL takes in no text
                texts.append(item)
        if truths:
            return TRUE if len(truths) == 2 else f"{sql} = ({TRUE if True in truths else FALSE})"
        if not texts and not numbers:
            return FALSE
        given = self._bind(msgspec.json.encode(texts or numbers).decode())
        return _AMONG[self.dialect].format(sql=sql, given=given, kind="TEXT" if texts else "BIGINT")


@functools.cache
def _column(name: str) -> _Operand:
    if name == ENDPOINT:
        routes = " ".join(f"WHEN '{path}' THEN '{route}'" for path, route in ROUTES.items())
        known = ", ".join(f"'{path}'" for path in ROUTES)
        return _Operand(f"CASE {_TABLE}.path {routes} END", f"{_TABLE}.path IN ({known})")
    field = LOGS.root
    for part in name.split("."):
        field = field.children[part]
    sql = f"{_TABLE}.{COLUMNS.get(name, name)}"
    return _Operand(sql, f"{sql} IS NOT NULL" if field.optional else TRUE)


def _all(*conditions: str) -> str:
    return " AND ".join(dict.fromkeys(each for each in conditions if each != TRUE)) or TRUE


def _whole(value: int | float) -> int | None:
    """The value as a column of whole numbers holds it; None where none can."""
    whole = int(value)
    return whole if whole == value and _LEAST <= whole <= _MOST else None
