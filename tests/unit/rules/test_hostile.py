"""Texts and patterns made to cost time: an error at once, or a search that stays linear.

With RULES_AGREEMENT=long in the environment (`just long`) the fuzzing is longer.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules.diagnostics import RuleError, Severity, render
from app.rules.engine import check, predicate
from app.rules.limits import MAX_CHARS, MAX_FAULTS
from app.rules.parser import parse
from tests.unit.rules.builders import LISTS, facts
from tests.unit.rules.strategies import soup

_EXAMPLES = 20_000 if os.environ.get("RULES_AGREEMENT") == "long" else 150
_SIZE = 64 * 1024

_PUMPED = {
    ("", "a", "!"): [
        *(r"(a+)+$", r"(a*)*$", r"^(a+)+$", r"(a+)*b", r"((a+)+)+$", r"(aa+)+$", r"^(a*a*)*$", r"(a+a+)+$"),
        *(
            r"([a-z]+)+$",
            r"^([a-zA-Z0-9])+$*",
            r"(\w+)+$",
            r"^(\w+\s?)*$",
            r"^(?:.*a)+$",
            r"(.*)*$",
            r"(.+)+$",
        ),
        *(r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(a|aa)+$", r"(a|a)*$", r"(a|a?)+$", r"^(a|ab)*$", r"(a|b|ab)*c"),
        *(r"(\w|a)+$", r"a*a*a*a*a*b", r"a*a*$", r".*.*.*.*x", r"\w*\w*\w*=", r"^.*a.*a.*a.*b$"),
        *(r"(a{1,30}){1,30}$", r"(.*a){12}b", r"(a?){25}a{25}b", r"^(a{2,}){2,}$", r"(x?a){40}z"),
    ],
    ("", "0", "!"): [r"(\d+)*$", r"^(\d|\d\d)+$", r"(\d*)*x", r"([0-9]+)+\.", r"^(0|1|00)*$"],
    ("", " ", "x"): [r"\s+$", r"^\s+|\s+$", r"(\s*)*;", r"\s*\n\s*\n", r"( +)+y"],
    # as they stand in programs: addresses, markup, paths, dates, quotes
    ("a", "a.", "!"): [r"^([a-zA-Z0-9_.-]+)+@([a-z]+\.)+[a-z]{2,}$"],
    ("", "a-", "!"): [r"^([\w.+-]+@)?([\w-]+\.)+\w+$"],
    ("<a", ' a="b"', "!"): [r"<(\w+)(\s+\w+=\"[^\"]*\")*\s*/?>"],
    ("<!--", "- ", "!"): [r"<!--(.|\s)*?-->"],
    ("", "/a", "//"): [r"^(/[^/]+)+/?$"],
    ("", "1-", "!"): [r"^(\d+[-/.]?)+$"],
    ('"', "\\", "!"): [r'"(\\.|[^"\\]|\\\\)*"'],
    ("http://", "a.", "!"): [r"(https?://)?(www\.)?([\w-]+\.?)+(/[\w#?=&.-]*)*$"],
    ("", "select ", "!"): [r"^(?i)(select|union|\s|\w)+from$"],
    ("", "a,", "!"): [r"([^,]*,)+x"],
    ("", "ab", "!"): [r"(ab*)*c"],
}
"""Patterns known to make backtracking engines slow, under the text that does it: start, what is repeated, end."""
_BACKTRACKING = [(pattern, *text) for text, patterns in _PUMPED.items() for pattern in patterns]


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest of three runs."""
    best = 60.0
    for _ in range(3):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


@pytest.mark.parametrize(("pattern", "start", "pump", "end"), _BACKTRACKING)
def test_no_pattern_takes_long(pattern: str, start: str, pump: str, end: str) -> None:
    rule = f"model matches r'{pattern}'"
    if any(item.severity is Severity.ERROR for item in check(rule)):
        return
    text = start + pump * (_SIZE // len(pump)) + end
    passes, request = predicate(rule), facts(model=text)

    assert _seconds(lambda: passes(request)) < 0.005


def test_there_are_enough_patterns() -> None:
    assert len({pattern for pattern, *_ in _BACKTRACKING}) >= 50
    accepted = [p for p, *_ in _BACKTRACKING if not check(f"model matches r'{p}'")]
    assert len(accepted) >= 45


_HOSTILE = {
    "nots": "not " * 1_000 + "stream",
    "bangs": "!" * 4_000,
    "parentheses": "(" * 100_000,
    "short parentheses": "(" * 4_000,
    "pairs": "(stream) and (" * 290,
    "closing parentheses": "stream" + ")" * 4_000,
    "a megabyte": "a" * 1_000_000,
    "a megabyte of rules": "stream and " * 90_000 + "stream",
    "spaces": " " * 1_000_000,
    "ands": "stream and " * 350 + "stream",
    "only ands": "and " * 1_000,
    "dots": "body" + ".a" * 2_000,
    "a million dots": "." * 1_000_000,
    "short dots": "." * 4_000,
    "brackets": "body" + "[0]" * 1_300 + " == 1",
    "open brackets": "body" + "[" * 4_000,
    "items": "body.n in [" + "1," * 2_000,
    "open lists": "body.n in [1 " * 300,
    "digits": "body.n == " + "9" * 4_000,
    "100,000 quotes": '"' * 100_000,
    "quotes": '"' * 4_000,
    "single quotes": "'" * 3_999,
    "backslashes": '"' + "\\" * 4_000,
    "unknown fields": " or ".join(f"body.unknwon{number} == 1" for number in range(120)),
    "unknown functions": " or ".join(f"functoin{number}(model)" for number in range(120)),
    "unknown escapes": '"' + "\\q" * 2_000 + '"',
    "foreign operators": " or ".join("body.n = 1" for _ in range(250)),
    "methods": "a.b(1).c(2)" * 350,
    "open methods": "a.b(" + "a," * 2_000,
    "many open methods": " ".join("a.b(((" for _ in range(600)),
    "macros": 'body.messages.exists(m, m == "x") and ' * 100,
    "phrases": "body.n not between 1 and 5 or model like '%a%' and body.x is not null " * 55,
    "chains": "1 < body.n < 5 and " * 200,
    "semicolons": "stream ; " * 450,
    "missing logic": "stream " * 500,
    "quantifiers": "any(body.messages, " * 150,
    "broken quantifiers": "any(body.messages ; " * 200,
    "calls": "lower(" * 500,
    "commas": "lower(" + "," * 4_000,
    "comments": "#\n" * 2_000 + "(",
    "control characters": "\x00" * 4_000,
    "astral characters": "\U0001f600" * 4_000,
    "combining characters": "a" + "\u0301" * 4_000,
    "patterns": " or ".join(r'model matches r"\pL{3}"' for _ in range(90)) + " or model",
    "time zones": " or ".join(f'hour("Europe/Berlina{number}") > 1' for number in range(40)),
    "near fields": " or ".join(f"body.max_completion_tokenz{number % 10} == 1" for number in range(60)),
    "contradictions": " and ".join(f"body.n == {number}" for number in range(95)) + " and model",
    "long lists": f"body.n in [{','.join(map(str, range(900)))}] and body.n in [{'0,' * 150}1] and model",
    "the same again": " and ".join(["stream"] * 190) + " and model",
}


@pytest.mark.parametrize("text", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    check("stream", LISTS)  # the grammar is loaded once in a process
    found = check(text, LISTS)

    assert any(item.severity is Severity.ERROR for item in found)
    assert len(found) <= MAX_FAULTS
    assert _seconds(lambda: check(text, LISTS)) < 0.05


_LONG_BUT_FINE = {
    "contradictions": " and ".join(f"body.n == {number}" for number in range(95)),
    "the same again": " and ".join(["stream"] * 190),
    "different again": " or ".join(f"body.n != {number}" for number in range(95)),
    "long lists": f"body.n in [{','.join(map(str, range(900)))}] and body.n in [{'901,' * 75}902]",
    "many lists": " and ".join(f"body.n in [{number}]" for number in range(130)),
}


@pytest.mark.parametrize("text", _LONG_BUT_FINE.values(), ids=_LONG_BUT_FINE.keys())
def test_warnings_are_found_at_once(text: str) -> None:
    assert 1 <= len(check(text, LISTS)) <= MAX_FAULTS
    assert _seconds(lambda: check(text, LISTS)) < 0.05


_CORPUS: list[str] = sorted(
    case["rule"]
    for entry in (files("rules_grammar") / "conformance").iterdir()
    if entry.name.endswith(".json")
    for case in json.loads(entry.read_text("utf-8"))
    if len(case["rule"]) < 200
)


def _only_rule_errors(text: str) -> None:
    with contextlib.suppress(RuleError):
        assert parse(text).text == text
    for item in check(text, LISTS):
        start, end = item.span
        assert 0 <= start <= end <= max(len(text), MAX_CHARS + 1)
        assert text.count("\n", 0, start) + 1 == item.line
        assert str(item.code) in render(text, item)
        if item.edit is not None:
            start, end = item.edit.span
            assert 0 <= start <= end <= len(text)
            check(text[:start] + item.edit.text + text[end:], LISTS)


@pytest.mark.timeout(1200)
@settings(deadline=None, max_examples=_EXAMPLES)
@given(soup)
def test_any_text_is_a_rule_or_a_rule_error(text: str) -> None:
    _only_rule_errors(text)


@pytest.mark.timeout(1200)
@settings(deadline=None, max_examples=_EXAMPLES)
@given(st.sampled_from(_CORPUS), st.sampled_from(_CORPUS), st.data())
def test_damaged_rules_are_rules_or_rule_errors(one: str, other: str, data: st.DataObject) -> None:
    """Characters and words of a rule go, come twice, change places, or come from another rule."""
    pieces = one.split(" ") if data.draw(st.booleans()) else list(one)
    donors = other.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(pieces) - 1)) if pieces else 0
        match data.draw(st.sampled_from(["delete", "double", "swap", "graft"])):
            case "delete":
                del pieces[place : place + 1]
            case "double":
                pieces[place:place] = pieces[place : place + 1]
            case "swap":
                pieces[place : place + 2] = reversed(pieces[place : place + 2])
            case "graft":
                pieces.insert(place, data.draw(st.sampled_from(donors)))
    for joint in ("", " "):
        _only_rule_errors(joint.join(pieces))
