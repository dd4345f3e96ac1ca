"""The rule language as data any language can read: grammar, vocabulary, examples. `app/rules` has the meaning."""

from importlib.resources import files
from typing import TypedDict

import msgspec


class FieldRow(TypedDict, total=False):
    """One field; `name` has `[]` for an element of a list and `*` for any name. `values` are known ones; when
    `closed`, there are no others. `label` is what a sentence calls it, `*` being the name."""

    name: str
    type: str
    optional: bool
    kinds: list[str]
    doc: str
    label: str
    values: list[str]
    closed: bool


class Fields(TypedDict):
    """`endpoints` gives the request kind of each route, `types` one line on each type."""

    endpoints: dict[str, str]
    types: dict[str, str]
    unreadable_headers: list[str]
    fields: list[FieldRow]


class LogFields(TypedDict):
    """What a filter of the request log can name; of functions and quantifiers those that are allowed there.

    `instead` has our names by others that people try, `reasons` why a name of the rules can't be used."""

    functions: list[str]
    quantifiers: list[str]
    fields: list[FieldRow]
    instead: dict[str, str]
    reasons: dict[str, str]


class OperatorRow(TypedDict):
    name: str
    spellings: list[str]
    left: list[str]
    right: list[str]
    result: str
    doc: str


class QuantifierRow(TypedDict):
    name: str
    params: list[str]
    result: str
    doc: str


class ParameterRow(TypedDict):
    name: str
    types: list[str]


class FunctionRow(TypedDict, total=False):
    """`element` is the type of the elements where the result is a list."""

    name: str
    params: list[ParameterRow]
    result: str
    element: str
    doc: str


class Operators(TypedDict):
    """`habits` maps spellings of other languages to ours, `calls` those with another meaning before a parenthesis."""

    operators: list[OperatorRow]
    quantifiers: list[QuantifierRow]
    functions: list[FunctionRow]
    habits: dict[str, str]
    calls: dict[str, str]


_here = files(__name__)

VERSION = 1
"""Stored with every rule; a new grammar must read every rule of an old version as before."""

GRAMMAR: str = (_here / "rules.lark").read_text("utf-8")
FIELDS: Fields = msgspec.json.decode((_here / "fields.json").read_bytes(), type=Fields)
LOG_FIELDS: LogFields = msgspec.json.decode((_here / "log_fields.json").read_bytes(), type=LogFields)
OPERATORS: Operators = msgspec.json.decode((_here / "operators.json").read_bytes(), type=Operators)
