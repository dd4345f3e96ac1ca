"""What to say where the grammar stops, and how to read on. `parser` next door asks; `habits` knows other languages."""

import re

from app.rules.diagnostics import Code, Edit, diagnose
from app.rules.habits import HABITS
from app.rules.phrases import as_function
from app.rules.words import HOLE, HOLE_LIST, LITERALS, TESTS, Fault, Spot, Word

_VALUES = LITERALS | {"NAME", "QUANTIFIER", "DOT", "DOT_NAME", "LPAR", "NOT", "BANG"}
_NAME_CHARS = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = {
    "COMPARE": "an operator such as `==`",
    "NOT": "`not`",
    "LPAR": "`(`",
    "AND": "`and`",
    "OR": "`or`",
    "IN": "`in`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "RANGE": "`..`",
    "LIST_NAME": "a named list such as `$name`",
    "$END": "the end",
}


def explain(spot: Spot) -> Fault:
    """The fault at a spot: the first reason that fits, or what was expected instead."""
    for reason in (_end, *HABITS, _quote, _name, _set, _missing):
        fault = reason(spot)
        if fault is not None:
            return fault
    message = f"unexpected `{spot.bad.text}`; expected {_expected(spot)}"
    bad = spot.bad
    if bad.kind == "RPAR" and "RPAR" not in spot.accepts and "$END" in spot.accepts:
        return Fault(diagnose(spot.text, Code.UNEXPECTED, spot.span, message), (), bad.end)
    if bad.kind == "TEXT_OPERATOR" and (said := as_function(spot)) is not None:
        ours, end = said
        edit = Edit((bad.start, end), ours)
        found = diagnose(spot.text, Code.UNEXPECTED, spot.span, message, f"use `{ours}`", edit)
        return Fault(found, (HOLE,), end)
    hint = f"`{bad.text}` stands between two values" if bad.kind in TESTS else None
    return Fault(diagnose(spot.text, Code.UNEXPECTED, spot.span, message, hint))


def _expected(spot: Spot) -> str:
    """The terminals that fit, in words."""
    shown = [words for terminal, words in _SHOWN.items() if terminal in spot.accepts]
    if "NAME" in spot.accepts:
        shown.insert(0, "a field, a value, a function")
    elif "STRING" in spot.accepts:
        shown.insert(0, "a value")
    elif "INT" in spot.accepts:
        shown.insert(0, "a number")
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _end(spot: Spot) -> Fault | None:
    if spot.bad.kind != "$END":
        return None
    if "RPAR" not in spot.accepts:
        message = f"the {spot.vocabulary.noun} ends too early; expected {_expected(spot)}"
        return Fault(diagnose(spot.text, Code.UNEXPECTED_END, spot.span, message))
    opened: list[Word] = []
    for word in spot.before:
        if word.kind == "LPAR":
            opened.append(word)
        elif word.kind == "RPAR":
            opened.pop()
    message = f"the `(` at character {opened[-1].start + 1} is never closed"
    ours = ")" * len(opened)
    edit = Edit(spot.span, ours)
    found = diagnose(spot.text, Code.UNEXPECTED_END, spot.span, message, f"add `{ours}`", edit)
    return Fault(found, (("RPAR", ")"),) * len(opened), spot.bad.start)


def _quote(spot: Spot) -> Fault | None:
    text, char, start = spot.text, spot.bad.text, spot.bad.start
    if spot.bad.kind:
        return None
    if char in "\"'":
        line_end = text.find("\n", start)
        span = (start, line_end if line_end >= 0 else len(text))
        if text.find(char, start + 1, span[1]) < 0:
            return Fault(
                diagnose(text, Code.UNCLOSED_STRING, span, "the text has no closing quote", f"add `{char}`")
            )
        message = "the text has a control character, or a backslash before its closing quote"
        return Fault(
            diagnose(text, Code.UNCLOSED_STRING, span, message, "write them as `\\t`, `\\u0000` or `\\\\`")
        )
    if char in "“”„‟‘’`´«»":
        message = f"`{char}` is no quote here"
        return Fault(diagnose(text, Code.BAD_CHARACTER, spot.span, message, 'use `"`', Edit(spot.span, '"')))
    if not char.isascii():
        message = f"`{char}` (U+{ord(char):04X}) can only stand in a text"
        return Fault(diagnose(text, Code.BAD_CHARACTER, spot.span, message))
    return None


def _name(spot: Spot) -> Fault | None:
    """What follows a dot is no name."""
    rest = _NAME_CHARS.match(spot.text, spot.bad.start + 1)
    if spot.bad.text != "." or "COMPARE" not in spot.accepts:
        return None
    if rest is None:
        return Fault(diagnose(spot.text, Code.UNEXPECTED, spot.span, "a name is missing after the dot"))
    span = (spot.bad.start, rest.end())
    key = ("INT", rest[0]) if rest[0].isdigit() else ("STRING", f'"{rest[0]}"')
    ours = f"[{key[1]}]"
    message = "a name after a dot starts with a letter"
    found = diagnose(spot.text, Code.BAD_CHARACTER, span, message, f"use `{ours}`", Edit(span, ours))
    return Fault(found, (("LSQB", "["), key, ("RSQB", "]")), rest.end())


def _set(spot: Spot) -> Fault | None:
    """What stands behind `in`, or inside brackets."""
    bad = spot.bad
    if "LIST_NAME" in spot.accepts:
        if bad.kind == "NAME":
            ours = f"${bad.text}"
            message = "a named list begins with `$`"
            edit = Edit(spot.span, ours)
            found = diagnose(spot.text, Code.FOREIGN_SPELLING, spot.span, message, f"use `{ours}`", edit)
            return Fault(found, (("LIST_NAME", ours),), bad.end)
        message = "after `in` comes a list, a range or a named list"
        if bad.kind in LITERALS:
            ours = f"[{bad.text}]"
            edit = Edit(spot.span, ours)
            found = diagnose(spot.text, Code.UNEXPECTED, spot.span, message, f"a list of one: `{ours}`", edit)
            return Fault(found, (HOLE_LIST,), bad.end)
        hint = "for example `[1, 2]`, `1..2`, `$name`"
        return Fault(diagnose(spot.text, Code.UNEXPECTED, spot.span, message, hint))
    if bad.kind == "NAME" and "STRING" in spot.accepts and "NAME" not in spot.accepts:
        ours = f'"{bad.text}"'
        message = "only values can stand in brackets"
        edit = Edit(spot.span, ours)
        found = diagnose(spot.text, Code.UNEXPECTED, spot.span, message, f"quote it: `{ours}`", edit)
        return Fault(found, (("STRING", ours),), bad.end)
    return None


def _missing(spot: Spot) -> Fault | None:
    """Two values, or two conditions, side by side."""
    bad = spot.bad
    if spot.before and spot.before[-1].kind == "NOT" and "IN" in spot.accepts:
        last = spot.before[-1]
        message = "`and` or `or` is missing before `not`"
        found = diagnose(spot.text, Code.MISSING_LOGIC, (last.start, last.end), message)
        return Fault(found, (("AND", "and"), ("NOT", "not")), bad.start, last.start)
    if "AND" not in spot.accepts or bad.kind not in _VALUES:
        return None
    if "COMPARE" in spot.accepts and bad.kind in LITERALS and spot.before[-1].kind not in LITERALS:
        message = f"an operator is missing before `{bad.text}`"
        found = diagnose(spot.text, Code.MISSING_OPERATOR, spot.span, message, "perhaps `==`")
        return Fault(found, (("COMPARE", "=="),), bad.start)
    message = f"`and` or `or` is missing before `{bad.text}`"
    found = diagnose(
        spot.text, Code.MISSING_LOGIC, spot.span, message, "join the conditions with `and` or `or`"
    )
    return Fault(found) if bad.kind in LITERALS else Fault(found, (("AND", "and"),), bad.start)
