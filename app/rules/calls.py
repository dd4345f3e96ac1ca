"""Functions of the rule language: their arguments and results. `check` has typed the arguments before."""

import datetime
import functools
import zoneinfo

from app.rules.ast import Call, Const, Elem, Node, Path, walk
from app.rules.comparisons import is_constant
from app.rules.diagnostics import Code, Edit
from app.rules.fields import BROKEN, Field, near, scalar
from app.rules.habits import OURS
from app.rules.report import Report, in_words
from app.rules.resolve import is_hole
from rules_grammar import OPERATORS, FunctionRow

FUNCTIONS = {row["name"]: row for row in OPERATORS["functions"]}
_QUANTIFIERS = [row["name"] for row in OPERATORS["quantifiers"]]
_TEXT_OPERATORS = ("contains", "matches", "starts_with", "ends_with")
_ALWAYS_THERE = ("exists", "hour", "weekday")


def call(report: Report, node: Call, fields: list[Field]) -> Field:
    """The field a call gives; reports what is wrong with the call."""
    if not node.function:  # what the call is of could not be read
        return BROKEN
    row = FUNCTIONS.get(node.function)
    if row is None or node.function not in report.vocabulary.functions:
        _unknown(report, node)
        return BROKEN
    if any(is_hole(part) for arg in node.args for part in walk(arg)):
        return BROKEN
    if len(node.args) != len(row["params"]):
        _wrong_count(report, node, row)
    else:
        for arg, field, param in zip(node.args, fields, row["params"], strict=True):
            _argument(report, node, arg, field, param["types"])
        if node.function in ("hour", "weekday"):
            _zone(report, node.args[0])
    unsure = node.function in ("number", "text") or any(field.optional for field in fields[:1])
    optional = unsure and node.function not in _ALWAYS_THERE
    result = scalar(row["result"], optional=optional)
    if "element" in row:
        result.element = scalar(row["element"])
    return result


def _unknown(report: Report, node: Call) -> None:
    span = (node.span[0], node.span[0] + len(node.function))
    known = [name for name in (*FUNCTIONS, *_QUANTIFIERS) if name in report.vocabulary.calls]
    meant = OPERATORS["calls"].get(node.function) or OURS.get(node.function) or near(node.function, known)
    message = f"unknown function `{node.function}`"
    if node.function in FUNCTIONS:
        message = f"a {report.vocabulary.noun} cannot use `{node.function}`"
    if (reason := report.vocabulary.reasons.get(node.function)) is not None:
        report.error(Code.UNKNOWN_FUNCTION, span, message, reason)
    elif meant in _TEXT_OPERATORS and len(node.args) == 2:
        ours = f"{report.source(node.args[0])} {meant} {report.source(node.args[1])}"
        report.error(Code.UNKNOWN_FUNCTION, span, message, f"use `{ours}`", Edit(node.span, ours))
    elif meant in known:
        report.error(Code.UNKNOWN_FUNCTION, span, message, f"did you mean `{meant}`?", Edit(span, meant))
    else:
        report.error(
            Code.UNKNOWN_FUNCTION, span, message, f"known are {', '.join(f'`{name}`' for name in known)}"
        )


def _wrong_count(report: Report, node: Call, row: FunctionRow) -> None:
    usual = {"time zone": '"UTC"', "salt": '"salt"'}
    shown = [report.source(arg) for arg in node.args][: len(row["params"])]
    shown += [usual.get(param["name"], param["name"]) for param in row["params"][len(shown) :]]
    count = len(row["params"])
    names = " and ".join(param["name"] for param in row["params"])
    message = f"`{node.function}` takes {count} argument{'s' if count > 1 else ''}: {names}"
    report.error(Code.BAD_ARGUMENTS, node.span, message, f"for example `{node.function}({', '.join(shown)})`")


def _argument(report: Report, node: Call, arg: Node, field: Field, types: list[str]) -> None:
    shown = report.source(arg)
    if "literal" in types:
        if not (isinstance(arg, Const) and isinstance(arg.value, str)):
            report.error(
                Code.BAD_ARGUMENTS, arg.span, f"`{node.function}` takes a fixed text here, not `{shown}`"
            )
    elif "field" in types:
        if not isinstance(arg, Path | Elem | Call) or is_constant(arg):
            report.error(Code.BAD_ARGUMENTS, arg.span, f"`{node.function}` takes a field, not `{shown}`")
    elif "header" in types:
        if not field.holds("header"):
            report.error(Code.BAD_ARGUMENTS, arg.span, f"`{node.function}` takes a header, not `{shown}`")
    elif not field.holds(*types, *(("header", "ip") if "str" in types else ())):
        message = f"`{node.function}` takes {in_words('|'.join(types))}; `{shown}` is {in_words(field.type)}"
        report.error(Code.BAD_ARGUMENTS, arg.span, message)


def _zone(report: Report, arg: Node) -> None:
    if not isinstance(arg, Const) or not isinstance(arg.value, str) or zone(arg.value) is not None:
        return
    zones = _zones()
    place = arg.value.replace(" ", "_").rpartition("/")[2].lower()
    meant = min(
        (name for name in zones if name.rpartition("/")[2].lower() == place), default=near(arg.value, zones)
    )
    hint = f"did you mean `{meant}`?" if meant else 'for example `"UTC"`, `"Europe/Berlin"`'
    edit = Edit(arg.span, f'"{meant}"') if meant else None
    report.error(Code.UNKNOWN_TIME_ZONE, arg.span, f"there is no time zone `{arg.value}`", hint, edit)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@functools.lru_cache(maxsize=1024)
def zone(name: str) -> datetime.tzinfo | None:
    """The time zone of a name of the IANA database; None where there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
