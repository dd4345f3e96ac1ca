"""What people write out of habit from other languages, and how it is said here. `syntax` next door asks."""

import re
from collections.abc import Callable

from app.rules.ast import Span
from app.rules.diagnostics import Code, Edit, diagnose
from app.rules.words import TESTS, Fault, Spot
from rules_grammar import OPERATORS

OURS = OPERATORS["habits"]
"""Our spelling for a foreign one."""
_SYMBOLS = sorted((spelling for spelling in OURS if not spelling.isalpha()), key=len, reverse=True)
_TERMINALS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), "COMPARE"),
    **dict.fromkeys(("contains", "matches", "starts_with", "ends_with"), "TEXT_OPERATOR"),
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "in": "IN",
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_SHARE = re.compile(r"%\s{0,9}100\s{0,9}(<=?)\s{0,9}([0-9]{1,9})(?![0-9.])")


def _operator(spot: Spot) -> Fault | None:
    """`=`, `===`, `=~`, `&`, `eq`, `startsWith`."""
    text, bad, start = spot.text, spot.bad, spot.bad.start
    last = spot.before[-1] if spot.before else None
    joined = (
        last is not None and last.kind == "COMPARE" and last.end == start and last.text + bad.text in OURS
    )
    if last is not None and joined:
        start, spelling = last.start, last.text + bad.text
    elif bad.kind == "NAME":
        spelling = bad.text
    else:
        spelling = next((symbol for symbol in _SYMBOLS if text.startswith(symbol, start)), "")
    ours = OURS.get(spelling, "")
    terminal = _TERMINALS.get(ours)
    if terminal is None or not (joined or terminal in spot.accepts):
        return None
    span = (start, start + len(spelling))
    message = f"`{spelling}` is no operator here"
    found = diagnose(text, Code.FOREIGN_SPELLING, span, message, f"use `{ours}`", Edit(span, ours))
    if joined:
        return Fault(found, (), span[1] if spelling.startswith(ours) else None)
    return Fault(found, ((terminal, ours),), span[1])


def _arithmetic(spot: Spot) -> Fault | None:
    sign = spot.bad.text[:1]
    if sign not in tuple("+-*/%?:") or "NAME" in spot.accepts:
        return None
    hint: str | None = None
    if (share := _share(spot)) is not None:
        span, ours = share
        hint = f"for a share of callers: `{ours}`"
        return Fault(
            diagnose(spot.text, Code.NO_ARITHMETIC, span, "a rule cannot calculate", hint, Edit(span, ours))
        )
    if sign == "-":
        hint = 'names with odd characters go in brackets: `headers["x--y"]`'
    elif sign == "%":
        hint = 'for a share of callers: `bucket(api_key.id, "salt") < 10`'
    message = f"a rule cannot calculate, so `{sign}` is no operator"
    return Fault(diagnose(spot.text, Code.NO_ARITHMETIC, spot.span, message, hint))


def _share(spot: Spot) -> tuple[Span, str] | None:
    """The usual way to pick a share of callers, `hash(x) % 100 < 10`, as a bucket."""
    tail = _SHARE.match(spot.text, spot.bad.start)
    operand = spot.before[spot.operand(len(spot.before)) :]
    if tail is None or not operand:
        return None
    first, last = operand[0], operand[-1]
    if len(operand) > 3 and first.kind == "NAME" and operand[1].kind == "LPAR" and last.kind == "RPAR":
        if any(word.kind == "COMMA" for word in operand):
            return None
        first, last = operand[2], operand[-2]
    limit = int(tail[2]) + (tail[1] == "<=")
    value = spot.text[first.start : last.end]
    return (operand[0].start, tail.end()), f'bucket({value}, "salt") < {limit}'


def _chain(spot: Spot) -> Fault | None:
    """`1 < x < 5`."""
    text, before, bad = spot.text, spot.before, spot.bad
    negated = bad.kind == "NOT" and text[bad.end :].lstrip().startswith("in")
    if "AND" not in spot.accepts or "COMPARE" in spot.accepts or not (bad.kind in TESTS or negated):
        return None
    middle = spot.operand(len(before))
    if middle < 2:
        return None
    left = spot.operand(middle - 1)
    value = text[before[middle].start : before[-1].end]
    low, first = text[before[left].start : before[middle - 2].end], before[middle - 1].text
    high = _NUMBER.match(text, bad.end + 1 if text.startswith(" ", bad.end) else bad.end)
    message = "comparisons cannot be chained"
    if high is None or _NUMBER.fullmatch(low) is None or {first, bad.text} - {"<", "<="}:
        hint = f"compare twice: `... and {value} {bad.text} ...`"
        return Fault(diagnose(text, Code.CHAINED, spot.span, message, hint))
    span = (before[left].start, high.end())
    within = f"{value} in {low}..{high[0]}"
    twice = f"{low} {first} {value} and {value} {bad.text} {high[0]}"
    closed = first == bad.text == "<="
    hint = f"use `{within}`" if closed else f"use `{within}` (both ends included), or `{twice}`"
    return Fault(diagnose(text, Code.CHAINED, span, message, hint, Edit(span, within if closed else twice)))


def _not_before_operator(spot: Spot) -> Fault | None:
    """`x not contains "a"`."""
    before, bad = spot.before, spot.bad
    if bad.kind not in ("TEXT_OPERATOR", "COMPARE") or "IN" not in spot.accepts or before[-1].kind != "NOT":
        return None
    start = before[spot.operand(len(before) - 1)].start
    ours = f"not {spot.text[start : before[-2].end]} {bad.text}"
    message = f"`not` stands before the whole condition, not before `{bad.text}`"
    span = (start, bad.end)
    hint = f"use `{ours} ...`"
    return Fault(diagnose(spot.text, Code.FOREIGN_SPELLING, span, message, hint, Edit(span, ours)))


def _method(spot: Spot) -> Fault | None:
    """`x.contains("a")`, `x.lower()`."""
    before = spot.before
    if spot.bad.kind != "LPAR" or not before or before[-1].kind != "DOT_NAME":
        return None
    start = before[spot.operand(len(before))].start
    value, method = spot.text[start : before[-1].start], before[-1].text[1:]
    ours = OURS.get(method, method)
    message = f"`.{method}(`: a value has no functions of its own"
    hint = f"use `{value} {ours} ...`" if ours in _TERMINALS else f"use `{ours}({value})`"
    return Fault(diagnose(spot.text, Code.FOREIGN_SPELLING, (start, spot.bad.end), message, hint))


HABITS: tuple[Callable[[Spot], Fault | None], ...] = (
    _operator,
    _arithmetic,
    _chain,
    _not_before_operator,
    _method,
)
