"""Portkey's conditional strategy: `strategy.conditions`, a query and a target each, and a default.

Queries are objects in the manner of MongoDB over `metadata.*`, `params.*` and `url.pathname`.
"""

import re
from typing import Any

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.field_names import body_field
from app.rules.fields import RULES
from app.rules.importers.converted import (
    MAX_DEPTH,
    Converted,
    NoCounterpart,
    Report,
    call,
    compare,
    const,
    joined,
    member,
    negated,
    path,
    token,
)

_ORDER = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def convert(source: object) -> Converted:
    """The conditions of a configuration, in their order; the default comes last, as a rule that passes always."""
    report = Report()
    if isinstance(source, str):
        try:
            source = msgspec.json.decode(source)
        except (msgspec.DecodeError, RecursionError) as error:
            report.note("", "the source", f"it is no JSON: {error}")
            return report.done()
    strategy = source.get("strategy") if isinstance(source, dict) else None
    conditions = strategy.get("conditions") if isinstance(strategy, dict) else None
    if (
        not isinstance(strategy, dict)
        or strategy.get("mode") != "conditional"
        or not isinstance(conditions, list)
    ):
        report.note("/strategy", "the strategy", "only `conditional` with `conditions` has rules")
        return report.done()
    if report.too_many("/strategy/conditions", len(conditions)):
        return report.done()
    for index, condition in enumerate(conditions):
        _condition(report, condition, index)
    default = strategy.get("default")
    if isinstance(default, str):
        report.add("/strategy/default", "default", default, None)
    if len(report.rules) > 1:
        why = "there the first condition that holds decides; here give the targets priorities in this order"
        report.note("/strategy/conditions", "the order of the conditions", why)
    return report.done()


def _condition(report: Report, condition: object, index: int) -> None:
    pointer = f"/strategy/conditions/{index}"
    if not isinstance(condition, dict) or not isinstance(condition.get("query"), dict):
        report.note(pointer, "a condition", "it has no query")
        return
    target = condition.get("then")
    target = target if isinstance(target, str) else ""
    try:
        node = _Query(report).query(condition["query"], f"{pointer}/query", 0)
    except _Unmapped as error:
        report.note(error.pointer, error.what, error.why)
    else:
        report.add(f"{pointer}/query", target or f"condition {index + 1}", target, node)


class _Unmapped(Exception):
    def __init__(self, pointer: str, what: str, why: str) -> None:
        super().__init__(why)
        self.pointer, self.what, self.why = pointer, what, why


class _Query:
    """Maps one query."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def query(self, query: object, pointer: str, depth: int) -> Node | None:
        """None for a query without conditions, which holds always."""
        if not isinstance(query, dict):
            raise _Unmapped(pointer, _shown(query), "a query is an object")
        if depth > MAX_DEPTH:
            raise _Unmapped(pointer, "the query", f"it nests more than {MAX_DEPTH} deep")
        if len(query) > 1 and ("$or" in query or "$and" in query):
            why = "there the conditions beside `$or` and `$and` are not looked at; here all of them count"
            self.report.note(pointer, "$or, $and", why)
        found: list[Node] = []
        for key, value in query.items():
            below = token(pointer, key)
            if key not in ("$or", "$and"):
                found += self.field(key, value, below)
                continue
            if not isinstance(value, list) or not value:
                raise _Unmapped(below, key, "it takes a list of queries")
            parts = [self.query(item, token(below, index), depth + 1) for index, item in enumerate(value)]
            items = [const(True) if part is None else part for part in parts]
            found.append(joined(tree.And if key == "$and" else tree.Or, items))
        return joined(tree.And, found) if found else None

    def field(self, key: str, value: object, pointer: str) -> list[Node]:
        tests = value if isinstance(value, dict) else {"$eq": value}
        if not tests:
            raise _Unmapped(pointer, key, "there is no operator")
        if "$regex" in tests and len(tests) > 1:
            why = "there the operators behind `$regex` are not looked at; here all of them count"
            self.report.note(pointer, key, why)
        found: list[Node] = []
        for operator, operand in tests.items():
            below = token(pointer, operator) if isinstance(value, dict) else pointer
            try:
                found.append(self.test(key, operator, operand))
            except NoCounterpart as error:
                raise _Unmapped(below, error.what, error.why) from None
        return found

    def test(self, key: str, operator: str, operand: object) -> Node:
        root, _, name = key.partition(".")
        if key == "url.pathname":
            return _pathname(operator, operand)
        if root == "params" and name == "model":
            return _test(path("model"), operator, operand, texts=True)
        if root == "params" and name:
            return _test(body_field(*name.split(".")), operator, operand, texts=False)
        if root == "metadata" and name:
            why = "send it as `metadata` in the body of the request, not in a header of its own"
            self.report.note("", f"metadata.{name}", why)
            return _test(body_field("metadata", name), operator, operand, texts=True)
        raise NoCounterpart(key, "fields are `metadata.*`, `params.*` and `url.pathname`")


def _test(field: tree.Path, operator: str, operand: Any, texts: bool) -> Node:
    """One operator. `texts`: the values of the field are text, so numbers are compared with `number(...)` of it."""
    if operator in _ORDER:
        value = _number(operator, operand)
        return compare(call("number", field) if texts else field, _ORDER[operator], const(value))
    if operator in ("$eq", "$ne"):
        node = _one_of(operator, field, [operand], texts)
        return node if operator == "$eq" else negated(node)
    if operator in ("$in", "$nin"):
        if not isinstance(operand, list):
            raise NoCounterpart(_shown(operand), f"`{operator}` takes a list")
        if not operand:
            return const(operator == "$nin")
        node = _one_of(operator, field, operand, texts)
        return node if operator == "$in" else negated(node)
    if operator == "$regex":
        if not isinstance(operand, str):
            raise NoCounterpart(_shown(operand), "a pattern is text")
        return compare(field, "matches", const(operand))
    if operator == "$length":
        tests = operand if isinstance(operand, dict) else {"$eq": operand}
        compared = {**_ORDER, "$eq": "==", "$ne": "!="}
        made = [
            compare(call("len", field), _known(compared, name), const(_number(name, value)))
            for name, value in tests.items()
        ]
        if made:
            return joined(tree.And, made)
    raise NoCounterpart(operator, "there is no such operator")


def _known(operators: dict[str, str], name: str) -> str:
    if name not in operators:
        raise NoCounterpart(name, "there is no such operator")
    return operators[name]


def _one_of(operator: str, field: tree.Path, values: list[Any], texts: bool) -> Node:
    if not all(value is None or isinstance(value, str | int | float) for value in values):
        raise NoCounterpart(_shown(values), f"`{operator}` takes fixed values")
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return member(call("number", field) if texts and numbers else field, [const(value) for value in values])


def _number(operator: str, value: object) -> int | float:
    """Ordering there reads a number out of text on both sides."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise NoCounterpart(_shown(value), f"`{operator}` takes a number")


def _pathname(operator: str, operand: Any) -> Node:
    """`/v1/embeddings` is our endpoint `embeddings`."""
    values = operand if isinstance(operand, list) else [operand]
    if operator not in ("$eq", "$ne", "$in", "$nin") or not values:
        raise NoCounterpart(f"url.pathname {operator}", "only whole paths can be mapped")
    known = RULES.root.children["endpoint"].values
    names: list[tree.Const] = []
    for value in values:
        name = str(value).strip("/").removeprefix("v1/")
        if name not in known:
            raise NoCounterpart(_shown(value), f"endpoints here are {', '.join(known)}")
        names.append(const(name))
    node = member(path("endpoint"), names)
    return node if operator in ("$eq", "$in") else negated(node)


def _shown(value: object) -> str:
    return msgspec.json.encode(value)[:200].decode("utf-8", "ignore")
