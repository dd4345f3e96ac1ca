"""Longer turns of other languages, of SQL, Python, CEL and JavaScript, with the whole of them said here as an edit.

`habits` next door has their operators.
"""

import re
from collections.abc import Callable

import msgspec

from app.rules.ast import Span
from app.rules.diagnostics import Code, Edit, diagnose
from app.rules.fields import Field
from app.rules.words import HOLE, HOLE_LIST, Fault, Spot
from rules_grammar import OPERATORS

_CALLS = OPERATORS["habits"] | OPERATORS["calls"]
"""Our spelling of a foreign one that stands before a parenthesis."""
_OPERATORS = frozenset(("contains", "matches", "starts_with", "ends_with"))
_LITERAL = r"""(?:"[^"\\\n]*"|'[^'\\\n]*'|-?[0-9]+(?:\.[0-9]+)?|true|false|null)"""
_NUMBER = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"
_IS = re.compile(r"is(\s+not)?\s+(?:null|none|undefined|missing)\b", re.IGNORECASE)
_BETWEEN = re.compile(rf"between\s+({_NUMBER})\s+and\s+({_NUMBER})(?![\w.])", re.IGNORECASE)
_LIKE = re.compile(r"""i?like\s+("[^"\\\n]*"|'[^'\\\n]*')""", re.IGNORECASE)
_SET = re.compile(rf"[({{]\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*,?\s*[)}}]")
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[-?[0-9]+\])*(?![\w(\[])")
_TOKEN = re.compile(
    r"""r?"(?:[^"\\\n]|\\.)*"|r?'(?:[^'\\\n]|\\.)*'|[()\[\],]|\.?[A-Za-z_][\w-]*|[^\s\w"'()\[\],.]+|.""",
    re.DOTALL,
)
_REACH = 500
"""Characters that are read on for the arguments of a call: whoever writes longer ones has to translate them."""
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")


class Arguments(msgspec.Struct, frozen=True):
    """What stands between two parentheses, as written; `end` is behind the closing one."""

    texts: tuple[str, ...]
    end: int


def arguments(text: str, start: int) -> Arguments | None:
    """The arguments behind the parenthesis at `start`; None where it is not closed within reach."""
    found, depth, begin, position = list[str](), 0, start + 1, start
    while (token := _TOKEN.match(text, position)) is not None:
        position = token.end()
        if position > start + _REACH:
            return None
        depth += (token[0] in ("(", "[")) - (token[0] in (")", "]"))
        if depth == 0 or (depth == 1 and token[0] == ","):
            found.append(text[begin : token.start()].strip())
            begin = position
        if depth == 0:
            return Arguments(tuple(found) if any(found) else (), position)
    return None


def _fault(
    spot: Spot, span: Span, message: str, ours: str, *, insert: tuple[str, str] = HOLE, more: str = ""
) -> Fault:
    """A turn that is replaced as a whole."""
    edit = Edit(span, ours)
    found = diagnose(spot.text, Code.FOREIGN_SPELLING, span, message, f"use `{ours}`{more}", edit)
    return Fault(found, (insert,), span[1], span[0])


def _left(spot: Spot) -> tuple[int, str, bool] | None:
    """Where the operand before the spot begins, its text, and whether a `not` stands between."""
    before, negated = spot.before, False
    if before and before[-1].kind == "NOT":
        before, negated = before[:-1], True
    if not before:
        return None
    first = spot.operand(len(before))
    if first >= len(before):
        return None
    start = before[first].start
    return start, spot.text[start : before[-1].end], negated


def is_null(spot: Spot) -> Fault | None:
    """`x is None`, `x IS NOT NULL`."""
    found = _IS.match(spot.text, spot.bad.start)
    left = _left(spot) if found is not None and "COMPARE" in spot.accepts else None
    if found is None or left is None:
        return None
    start, value, _ = left
    ours = f"exists({value})" if found[1] else f"not exists({value})"
    null = f"{value} {'!=' if found[1] else '=='} null"
    more = f"; for a null that the request holds: `{null}`"
    return _fault(spot, (start, found.end()), f"`{found[0]}` is no condition here", ours, more=more)


def between(spot: Spot) -> Fault | None:
    """`x BETWEEN 1 AND 5`."""
    found = _BETWEEN.match(spot.text, spot.bad.start)
    left = _left(spot) if found is not None and "IN" in spot.accepts else None
    if found is None or left is None:
        return None
    start, value, negated = left
    ours = f"{value} {'not in' if negated else 'in'} {found[1]}..{found[2]}"
    return _fault(spot, (start, found.end()), "`between` is no operator here", ours)


def like(spot: Spot) -> Fault | None:
    """`x LIKE 'gpt%'`."""
    found = _LIKE.match(spot.text, spot.bad.start)
    left = _left(spot) if found is not None and "IN" in spot.accepts else None
    if found is None or left is None:
        return None
    start, value, negated = left
    pattern, quote = found[1][1:-1], found[1][0]
    inner = pattern.strip("%")
    if found[0][0] in "iI" or "%" in inner or "_" in inner:
        ends = ("" if pattern.startswith("%") else "^", "" if pattern.endswith("%") else "$")
        escaped = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", inner).replace("%", ".*").replace("_", ".")
        flag = "(?i)" if found[0][0] in "iI" else ""
        test = f"matches r{quote}{flag}{ends[0]}{escaped}{ends[1]}{quote}"
    else:
        operator = {(True, True): "contains", (False, True): "starts_with", (True, False): "ends_with"}.get(
            (pattern.startswith("%"), pattern.endswith("%")), "=="
        )
        test = f"{operator} {quote}{inner}{quote}"
    ours = f"{'not ' * negated}{value} {test}"
    return _fault(spot, (start, found.end()), f"`{found[0].split()[0]}` is no operator here", ours)


def no_match(spot: Spot) -> Fault | None:
    """`x !~ "a"`."""
    left = _left(spot) if spot.text.startswith("!~", spot.bad.start) else None
    if left is None or "COMPARE" not in spot.accepts:
        return None
    start, value, _ = left
    span = (start, spot.bad.start + 2)
    ours = f"not {value} matches"
    found = diagnose(
        spot.text,
        Code.FOREIGN_SPELLING,
        span,
        "`!~` is no operator here",
        f"use `{ours} ...`",
        Edit(span, ours),
    )
    return Fault(found, (("TEXT_OPERATOR", "matches"),), span[1])


def element(spot: Spot) -> Fault | None:
    """`"a" in api_key.tags`, `"x-team" in headers`, `model in ("a", "b")`, `model in "a"`."""
    text, bad = spot.text, spot.bad
    if "LIST_NAME" not in spot.accepts or not spot.before or spot.before[-1].kind != "IN":
        return None
    before = spot.before[:-1]
    negated = bool(before) and before[-1].kind == "NOT"
    before = before[: len(before) - negated]
    left = before[spot.operand(len(before))].start
    value = text[left : before[-1].end]
    found = _SET.match(text, bad.start)
    if found is not None:
        ours = f"[{found[1]}]"
        edit, message = Edit(found.span(), ours), "after `in` comes a list, a range or a named list"
        told = diagnose(
            text, Code.UNEXPECTED, (bad.start, bad.end), message, f"a list has brackets: `{ours}`", edit
        )
        return Fault(told, (HOLE_LIST,), found.end())
    path = _PATH.match(text, bad.start) if bad.kind == "NAME" else None
    if path is None:
        return None
    field = _field(spot, path[0])
    if field is None:
        return None
    literal = before[-1].kind == "STRING" and before[-1].start == left
    if literal and field.holds("map") and not field.holds("list"):
        name = before[-1].text[1:-1]
        key = f"{path[0]}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{path[0]}[{before[-1].text}]"
        ours = f"{'not ' * negated}exists({key})"
        return _fault(
            spot,
            (left, path.end()),
            "`in` asks a set of fixed values, not the names of an object",
            ours,
        )
    ours = f"{'not ' * negated}{path[0]} contains {value}"
    return _fault(
        spot, (left, path.end()), "`in` asks a set of fixed values, not a field of the request", ours
    )


def _field(spot: Spot, path: str) -> Field | None:
    """What a plainly written path names."""
    field: Field | None = spot.vocabulary.root
    for step in re.findall(r"\[|[A-Za-z_][\w-]*", path):
        if field is not None:
            field = field.element if step == "[" else field.children.get(step) or field.wildcard
    return field


def method(spot: Spot) -> Fault | None:
    """`x.contains("a")`, `x.lower()`, `x.exists(y, y.role == "a")`, `headers.get("x")`."""
    before = spot.before
    if spot.bad.kind != "LPAR" or not before or before[-1].kind != "DOT_NAME":
        return None
    start = before[spot.operand(len(before))].start
    value, name = spot.text[start : before[-1].start], before[-1].text[1:]
    given = arguments(spot.text, spot.bad.start)
    message = f"`.{name}(`: a value has no functions of its own"
    ours = _said(value, name, () if given is None else given.texts)
    span, edit = (start, spot.bad.end), None
    if given is not None and "..." not in ours:
        edit = Edit((start, given.end), ours)
    found = diagnose(spot.text, Code.FOREIGN_SPELLING, span, message, f"use `{ours}`", edit)
    return Fault(found) if given is None else Fault(found, (HOLE,), given.end, start)


def _said(value: str, name: str, given: tuple[str, ...]) -> str:
    """A call of a method in our words; `...` stands for what is unknown."""
    ours = _CALLS.get(name, name)
    if ours in _OPERATORS:
        return f"{value} {ours} {given[0]}" if len(given) == 1 and given[0] else f"{value} {ours} ..."
    if name == "get" and len(given) in (1, 2):
        key = given[0][1:-1]
        plain = given[0][:1] in ("'", '"') and _PLAIN_NAME.fullmatch(key)
        return f"{value}.{key}" if plain else f"{value}[{given[0]}]"
    if name in ("exists", "some", "any", "all", "every", "exists_one", "none", "count") and len(given) == 2:
        kind = {"exists": "any", "some": "any", "every": "all", "exists_one": "count"}.get(name, name)
        return f"{kind}({value}, {_with_dots(given[1], given[0])}){' == 1' * (name == 'exists_one')}"
    return f"{ours}({', '.join((value, *filter(None, given)))})"


def _with_dots(condition: str, variable: str) -> str:
    """A condition on a variable as one on the element: `m.role == "a"` is `.role == "a"`."""
    said = list[str]()
    for token in _TOKEN.finditer(condition):
        word, follows = token[0], condition[token.end() : token.end() + 1]
        said.append("" if word == variable and follows == "." else "." if word == variable else word)
    return "".join(said)


def as_function(spot: Spot) -> tuple[str, int] | None:
    """`contains(model, "x")` as we say it, and where it ends."""
    opening = spot.bad.end + len(spot.text[spot.bad.end :]) - len(spot.text[spot.bad.end :].lstrip())
    given = arguments(spot.text, opening) if spot.text.startswith("(", opening) else None
    if given is None or len(given.texts) != 2 or "NAME" not in spot.accepts:
        return None
    return f"{given.texts[0]} {spot.bad.text} {given.texts[1]}", given.end


PHRASES: tuple[Callable[[Spot], Fault | None], ...] = (is_null, between, like, no_match, element, method)
