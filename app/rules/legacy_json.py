"""Rule lists in JSON, as the first design had them, to text and back. `rows` next door draws a text as such groups.

A list is `{"rules": [...], "logic": "AND" | "OR"}`; a rule is `{"field", "operator", "value"}` or again a list. What
`text_to_json` emits is canonical: it names every part, no list stands right inside one of its own logic, inner lists
have two rules at least, and a single rule stands under AND. For canonical JSON, to text and back is the identity.
"""

from typing import Any, TypeGuard

import msgspec

from app.rules import ast as tree
from app.rules.ast import Node
from app.rules.field_names import FieldFault, read_field
from app.rules.format import print_node
from app.rules.importers.converted import NOWHERE, Converted, Report, const, joined, token
from app.rules.limits import MAX_CHARS, MAX_DEPTH
from app.rules.rows import OPERATOR_NAMES, Scalar, builder_tree, to_json
from app.rules.spelling import literal

OPERATORS = {name: operator for operator, name in OPERATOR_NAMES.items()}
"""Our operators by those of the JSON; `in` and `not_in` take a list. These two, `starts_with` and `ends_with` are
an extension."""
_ORDER = ("gt", "lt", "gte", "lte")
_TEXT = ("regex", "starts_with", "ends_with")
_LOGIC: dict[str, type[tree.And] | type[tree.Or]] = {"AND": tree.And, "OR": tree.Or}


class JsonFault(msgspec.Struct, frozen=True):
    """One part of a list that means nothing."""

    pointer: str
    """JSON pointer (RFC 6901) to it."""
    message: str


class JsonError(ValueError):
    """A value that is no rule list. `faults` has at least one, in the order of the JSON."""

    def __init__(self, faults: tuple[JsonFault, ...]) -> None:
        super().__init__(f"{faults[0].pointer or '/'}: {faults[0].message}")
        self.faults = faults


def json_to_text(value: object) -> str:
    """The text of a decoded rule list; empty for a list without rules. Types are the checker's to judge.

    Raises JsonError with every fault.
    """
    reading = _Reading()
    root = reading.group(value, "", 0)
    if reading.faults:
        raise JsonError(tuple(reading.faults))
    text = "" if root is None else print_node(root)
    if len(text) > MAX_CHARS:
        message = f"as text it has {len(text):,} characters; a rule has at most {MAX_CHARS:,}"
        raise JsonError((JsonFault("", message),))
    return text


def text_to_json(text: str) -> dict[str, Any] | None:
    """The canonical rule list of a text; None where only an expression can say it (`builder_tree` tells which parts).

    Raises RuleError where the text has syntax errors.
    """
    return to_json(builder_tree(text))


def convert(source: object) -> Converted:
    """One rule of a rule list, as the importers answer; a text is read as JSON."""
    report = Report()
    try:
        value = msgspec.json.decode(source) if isinstance(source, str) else source
        reading = _Reading()
        root = reading.group(value, "", 0)
    except (msgspec.DecodeError, RecursionError) as error:
        report.note("", "the source", f"it is no JSON: {error}")
        return report.done()
    for fault in reading.faults:
        report.note(fault.pointer, "a rule list", fault.message)
    if not reading.faults:
        report.add("", "rule", "", root)
    return report.done()


class _Reading:
    """Builds the tree of one value and notes every fault on the way."""

    def __init__(self) -> None:
        self.faults: list[JsonFault] = []

    def fault(self, pointer: str, message: str) -> None:
        self.faults.append(JsonFault(pointer, message))

    def group(self, value: object, pointer: str, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            self.fault(pointer, f"lists nest at most {MAX_DEPTH} deep")
            return None
        rules, logic, below = value, "AND", pointer
        if isinstance(value, dict):
            rules, logic, below = value.get("rules"), value.get("logic", "AND"), f"{pointer}/rules"
            if unknown := sorted(str(key) for key in value.keys() - {"rules", "logic"}):
                self.fault(token(pointer, unknown[0]), "a list has `rules` and `logic`, nothing else")
        kind = _LOGIC.get(logic.upper()) if isinstance(logic, str) else None
        if kind is None:
            self.fault(f"{pointer}/logic", "`logic` is AND or OR")
            kind = tree.And
        if rules is None and not depth:
            return None
        if not isinstance(rules, list):
            self.fault(below, "a list of rules is needed here")
            return None
        if depth and not rules:
            self.fault(below, "an inner list needs a rule")
        items = [self.item(item, f"{below}/{index}", depth) for index, item in enumerate(rules)]
        nodes = [item for item in items if item is not None]
        return joined(kind, nodes) if nodes else None

    def item(self, value: object, pointer: str, depth: int) -> Node | None:
        if isinstance(value, dict) and "rules" in value:
            return self.group(value, pointer, depth + 1)
        if not isinstance(value, dict):
            self.fault(pointer, "a rule is an object with `field`, `operator` and `value`")
            return None
        missing = [name for name in ("field", "operator", "value") if name not in value]
        if missing:
            self.fault(pointer, f"`{missing[0]}` is missing")
            return None
        if unknown := sorted(str(key) for key in value.keys() - {"field", "operator", "value"}):
            self.fault(token(pointer, unknown[0]), "a rule has `field`, `operator` and `value`, nothing else")
        return self.rule(value["field"], value["operator"], value["value"], pointer)

    def rule(self, name: object, operator: object, value: object, pointer: str) -> Node | None:
        try:
            field = read_field(name)
        except FieldFault as fault:
            self.fault(f"{pointer}/field", str(fault))
            return None
        if operator in ("in", "not_in"):
            return self.member(field, operator == "in", value, pointer)
        if not isinstance(operator, str) or operator not in OPERATORS:
            known = ", ".join((*OPERATORS, "in", "not_in"))
            self.fault(f"{pointer}/operator", f"known operators are {known}")
            return None
        if not _is_scalar(value):
            self.fault(
                f"{pointer}/value", f"`{operator}` takes one value: text, a number, true, false or null"
            )
            return None
        if operator in _TEXT and not isinstance(value, str):
            self.fault(f"{pointer}/value", f"`{operator}` takes text")
            return None
        if operator in _ORDER and not (isinstance(value, str) or _is_number(value)):
            self.fault(f"{pointer}/value", f"`{operator}` takes a number or text")
            return None
        left: Node = field
        if field.root == "headers" and _is_number(value):
            if operator == "contains":
                value = literal(value)
            else:
                left = tree.Call("number", (field,), span=NOWHERE)
        return tree.Compare(OPERATORS[operator], left, const(value), span=NOWHERE)

    def member(self, field: tree.Path, inside: bool, value: object, pointer: str) -> Node | None:
        if not isinstance(value, list) or not value or not all(map(_is_scalar, value)):
            self.fault(f"{pointer}/value", "`in` and `not_in` take a list of values")
            return None
        left: Node = field
        if field.root == "headers" and all(map(_is_number, value)):
            left = tree.Call("number", (field,), span=NOWHERE)
        items = tree.ListSet(tuple(map(const, value)), span=NOWHERE)
        member = tree.Member(left, items, span=NOWHERE)
        return member if inside else tree.Not(member, span=NOWHERE)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: object) -> TypeGuard[Scalar]:
    return value is None or isinstance(value, str | int | float)
