"""Code that loads values: fields, elements, results of functions. `conditions` next door compares them.

Checked types say what a value should be, not what a client sends: only values our own code makes are taken on trust.
"""

import ast
import math
from collections.abc import Callable
from typing import Any

import msgspec

from app.rules import pycode as py
from app.rules.ast import Call, Const, Elem, Node, Path, Quant, Step, dotted

_OWN = {
    "model": ("model", "str", True),
    "endpoint": ("endpoint", "str", True),
    "stream": ("stream", "bool", True),
    "client.ip": ("ip", "str", False),
    "has_tools": ("has_tools", "bool", True),
    "has_images": ("has_images", "bool", True),
    "message_count": ("message_count", "num", False),
    "last_user_text": ("last_user_text", "str", False),
    "system_text": ("system_text", "str", False),
    "token_usage.max_output_tokens": ("max_output_tokens", "num", False),
    "token_usage.total_tokens": ("total_tokens", "num", False),
}
"""Fields that are attributes of Facts: the attribute, its type, and whether it is always there."""
_KEY_ATTRIBUTES = {"id": "num", "name": "str", "tags": "list"}
_FUNCTIONS = {
    "len": ("length", "num"),
    "lower": ("lower", "str"),
    "upper": ("upper", "str"),
    "number": ("number", "num"),
    "text": ("text", "str"),
    "values": ("header_values", "list"),
}


class Operand(msgspec.Struct, frozen=True):
    """Code for a value.

    `sure` is the type it has when it is there, empty where any type may come; `bytes` are headers, with None for a
    missing one. `always`: it is there in every request. `none_is_missing`: None stands for MISSING. `owner` is code for
    whether there is what the value is a part of; after it, `part` is the value, and no load is needed.
    """

    load: ast.expr
    sure: str = ""
    always: bool = False
    none_is_missing: bool = False
    owner: ast.expr | None = None
    part: ast.expr | None = None

    @property
    def is_header(self) -> bool:
        return self.sure == "bytes"


class Names:
    """Names that are free in the generated code, and the objects behind those that stand for one."""

    def __init__(self) -> None:
        self._count = 0
        self.objects: dict[str, Any] = {}

    def fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def hold(self, value: Any) -> ast.expr:
        """A global name for an object that is no constant of Python's syntax."""
        text = self.fresh("k")
        self.objects[text] = value
        return py.name(text)


def is_operand(node: Node) -> bool:
    """The node has a value of its own; all others but constants are true or false."""
    if isinstance(node, Call):
        return node.function != "exists"
    return isinstance(node, Path | Elem) or (isinstance(node, Quant) and node.kind == "count")


def plain(operand: Operand, names: Names) -> ast.expr:
    """The value as `values` functions take it: text, and MISSING for what is not there."""
    if operand.is_header:
        return py.call("header_text", operand.load)
    if operand.none_is_missing:
        kept = names.fresh("t")
        return py.choice(
            py.compare(py.kept(kept, operand.load), "is", py.constant(None)), py.name("M"), py.name(kept)
        )
    return operand.load


def there(operand: Operand) -> ast.expr:
    """The code of `exists`."""
    if operand.always:
        return py.constant(True)
    absent = py.constant(None) if operand.is_header or operand.none_is_missing else py.name("M")
    return py.compare(operand.load, "is not", absent)


def guarded(operand: Operand, kind: str, names: Names, use: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """`use` of the value if it is of the type `kind`, else false. A header counts as `str`: `use` gets bytes then."""
    load, sure = operand.load, "str" if operand.is_header else operand.sure
    if sure and sure != kind:
        return py.constant(False)
    if operand.always and isinstance(load, ast.Name | ast.Attribute):
        return use(load)
    if operand.owner is not None and operand.part is not None:
        return py.both(operand.owner, use(operand.part))
    kept = load.id if isinstance(load, ast.Name) else names.fresh("t")
    value = load if isinstance(load, ast.Name) else py.kept(kept, load)
    if sure:
        absent = py.constant(None) if operand.is_header or operand.none_is_missing else py.name("M")
        test = py.compare(value, "is not", absent)
    elif kind == "num":
        test = _is_number(value, names)
    else:
        test = py.compare(py.call("type", value), "is", py.name(kind))
    return py.both(test, use(py.name(kept)))


def number_or_nan(load: ast.expr, names: Names) -> ast.expr:
    """The value if it is a number, else the one for which no comparison with another number is true."""
    kept = names.fresh("t")
    return py.choice(_is_number(py.kept(kept, load), names), py.name(kept), py.constant(math.nan))


def _is_number(value: ast.expr, names: Names) -> ast.expr:
    found = names.fresh("t")
    return py.either(
        py.compare(py.kept(found, py.call("type", value)), "is", py.name("float")),
        py.compare(py.name(found), "is", py.name("int")),
    )


def path(node: Path, names: Names) -> Operand:
    """A field of the request."""
    own = _OWN.get(dotted(node))
    facts = py.name("f")
    if own is not None:
        return Operand(py.attribute(facts, own[0]), own[1], own[2])
    if node.root == "token_usage":
        return Operand(py.attribute(facts, "input_tokens"), "num", none_is_missing=True)
    if node.root == "headers":
        key = py.constant(str(node.steps[0].key).encode())
        return Operand(py.call(py.attribute(py.attribute(facts, "headers"), "get"), key), "bytes")
    if node.root == "api_key":
        return _api_key(node, names)
    return Operand(descend(py.attribute(facts, "body"), node.steps, names, known_map=True))


def _api_key(node: Path, names: Names) -> Operand:
    kept = names.fresh("t")
    key = py.kept(kept, py.attribute(py.name("f"), "api_key"))
    missing = py.compare(key, "is", py.constant(None))
    found = py.attribute(py.name(kept), str(node.steps[0].key))
    below = node.steps[1:]
    if not below:
        owner = py.compare(key, "is not", py.constant(None))
        sure = _KEY_ATTRIBUTES[str(node.steps[0].key)]
        return Operand(py.choice(missing, py.name("M"), found), sure, owner=owner, part=found)
    if isinstance(below[0].key, int):
        position = below[0].key
        length = py.call("len", found)
        enough = py.compare(length, ">", py.constant(position))
        if position < 0:
            enough = py.compare(length, ">=", py.constant(-position))
        return Operand(
            py.choice(missing, py.name("M"), py.choice(enough, py.item(found, position), py.name("M"))), "str"
        )
    value = py.call(py.attribute(found, "get"), py.constant(below[0].key), py.name("M"))
    return Operand(py.choice(missing, py.name("M"), value))


def element(node: Elem, names: Names) -> Operand:
    """The current element, or what is below it."""
    return Operand(descend(py.name("e"), node.steps, names))


def descend(value: ast.expr, steps: tuple[Step, ...], names: Names, *, known_map: bool = False) -> ast.expr:
    """Code that follows a path; MISSING where a step leads nowhere. `known_map`: the value is `Members` for sure."""
    for step in steps:
        if known_map:
            value = py.item(value, step.key)
            known_map = False
            continue
        kept = value.id if isinstance(value, ast.Name) else names.fresh("t")
        kind = py.call("type", value if isinstance(value, ast.Name) else py.kept(kept, value))
        if isinstance(step.key, str):
            test = py.compare(kind, "is", py.name("dict"))
            found = py.call(py.attribute(py.name(kept), "get"), py.constant(step.key), py.name("M"))
        else:
            length = py.call("len", py.name(kept))
            enough = py.compare(length, ">", py.constant(step.key))
            if step.key < 0:
                enough = py.compare(length, ">=", py.constant(-step.key))
            test = py.both(py.compare(kind, "is", py.name("list")), enough)
            found = py.item(py.name(kept), step.key)
        value = py.choice(test, found, py.name("M"))
    return value


def call(node: Call, args: list[Operand], names: Names) -> Operand:
    """The result of a function; `exists` is a condition and not here."""
    if node.function == "bucket":
        return Operand(py.call("bucket", plain(args[0], names), args[1].load), "num")
    if node.function in ("hour", "weekday"):
        zone = py.call("zone", args[0].load)
        return Operand(py.call(node.function, py.attribute(py.name("f"), "now"), zone), "num")
    if node.function == "len" and node.args[0].type == "list" and not args[0].sure:
        kept = names.fresh("t")
        is_list = py.compare(py.call("type", py.kept(kept, args[0].load)), "is", py.name("list"))
        return Operand(
            py.choice(is_list, py.call("len", py.name(kept)), py.call("length", py.name(kept))), "num"
        )
    function, sure = _FUNCTIONS[node.function]
    return Operand(py.call(function, plain(args[0], names)), sure)


def constant(node: Const) -> Operand:
    kinds = {str: "str", bool: "bool", int: "num", float: "num", type(None): ""}
    return Operand(py.constant(node.value), kinds[type(node.value)], always=True)
