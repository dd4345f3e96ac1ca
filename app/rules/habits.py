"""What people write out of habit from other languages, and how it is said here. `syntax` next door asks."""

import re
from collections.abc import Callable

from app.rules.ast import Span
from app.rules.diagnostics import Code, Edit, diagnose
from app.rules.fields import near
from app.rules.phrases import PHRASES
from app.rules.words import HOLE, TESTS, Fault, Spot
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
_COMMENT = re.compile(r"(?://|-- ?)[^\n]*")
_SPELLED = re.compile(r"[0-9A-Za-z_]+")
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
    comment = _COMMENT.match(spot.text, spot.bad.start)
    if comment is not None:
        span = (comment.start(), comment.start() + 2)
        message = f"`{spot.text[slice(*span)]}` begins no comment here"
        found = diagnose(spot.text, Code.FOREIGN_SPELLING, span, message, "use `#`", Edit(span, "#"))
        return Fault(found, (), comment.end())
    hint: str | None = None
    message = f"a {spot.vocabulary.noun} cannot calculate"
    shares = "bucket" in spot.vocabulary.functions
    if shares and (share := _share(spot)) is not None:
        span, ours = share
        hint = f"for a share of callers: `{ours}`"
        found = diagnose(spot.text, Code.NO_ARITHMETIC, span, message, hint, Edit(span, ours))
        return Fault(found, (HOLE,), span[1], span[0])
    if sign == "-":
        hint = 'names with odd characters go in brackets: `headers["x--y"]`'
    elif sign == "%" and shares:
        hint = 'for a share of callers: `bucket(api_key.id, "salt") < 10`'
    message = f"{message}, so `{sign}` is no operator"
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
    found = diagnose(text, Code.CHAINED, span, message, hint, Edit(span, within if closed else twice))
    return Fault(found, (HOLE,), span[1], span[0])


def _not_before_operator(spot: Spot) -> Fault | None:
    """`x not contains "a"`."""
    before, bad = spot.before, spot.bad
    if bad.kind not in ("TEXT_OPERATOR", "COMPARE") or "IN" not in spot.accepts or before[-1].kind != "NOT":
        return None
    start = before[spot.operand(len(before) - 1)].start
    ours = f"not {spot.text[start : before[-2].end]} {bad.text}"
    message = f"`not` stands before the whole condition, not before `{bad.text}`"
    span = (start, bad.end)
    found = diagnose(spot.text, Code.FOREIGN_SPELLING, span, message, f"use `{ours} ...`", Edit(span, ours))
    return Fault(found, ((bad.kind, bad.text),), bad.end, before[-1].start)


def _number(spot: Spot) -> Fault | None:
    """`.5`, `5.`, `1_000`, `0x10`, `007`."""
    bad, last = spot.bad, spot.before[-1] if spot.before else None
    if last is None or last.end != bad.start or {last.kind, bad.kind} - {"INT", "NAME", "DOT"}:
        return None
    ours: str | None
    if last.kind == "DOT" and bad.kind == "INT":
        span, ours = (last.start, bad.end), f"0.{bad.text}"
    elif last.kind == "INT" and bad.kind == "DOT":
        span, ours = (last.start, bad.end), f"{last.text}.0"
    else:
        rest = _SPELLED.match(spot.text, bad.start)
        if last.kind != "INT" or rest is None:
            return None
        span, ours = (last.start, rest.end()), _usual(last.text + rest[0])
    message = f"`{spot.text[slice(*span)]}` is not how a number is written"
    way = () if ours is None else (f"use `{ours}`", Edit(span, ours))
    found = diagnose(spot.text, Code.UNEXPECTED, span, message, *way)
    return Fault(found, (("FLOAT", ours or "0"),), span[1], span[0])


def _usual(spelling: str) -> str | None:
    """A whole number as JSON spells it."""
    try:
        return str(int(spelling.lstrip("0") or "0") if spelling.isdigit() else int(spelling, 0))
    except ValueError:
        return None


def _misspelled(spot: Spot) -> Fault | None:
    """`model contians "x"`, `stream adn has_tools`."""
    bad, vocabulary = spot.bad, spot.vocabulary
    if bad.kind != "NAME" or bad.text in vocabulary.root.children or "AND" not in spot.accepts:
        return None
    follows = spot.text[bad.end : bad.end + 1]
    if follows and not follows.isspace():
        return None
    fitting = [word for word, kind in _TERMINALS.items() if word.isalpha() and kind in spot.accepts]
    meant = None if bad.text.lower() == "xor" else near(bad.text, fitting)
    message = f"`{bad.text}` is no operator"
    if meant is None:
        hint = "conditions join with `and` or `or`"
        return Fault(diagnose(spot.text, Code.UNEXPECTED, spot.span, message, hint))
    edit = Edit(spot.span, meant)
    found = diagnose(spot.text, Code.UNEXPECTED, spot.span, message, f"did you mean `{meant}`?", edit)
    return Fault(found, ((_TERMINALS[meant], meant),), bad.end)


HABITS: tuple[Callable[[Spot], Fault | None], ...] = (
    *PHRASES,
    _operator,
    _arithmetic,
    _chain,
    _not_before_operator,
    _number,
    _misspelled,
)
