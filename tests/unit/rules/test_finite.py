"""Patterns that are spelled out mean what RE2 says."""

import pytest
import re2
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.rules.engine import predicate
from app.rules.finite import Finite, finite
from app.rules.members import Members
from tests.unit.rules.builders import facts

_MORE = r"\. \- \d .* {2} (a|b) (?:k|) [ab] [a-c] [^a] []a] [a-] [K\.] (?i)"
_pieces = st.lists(st.sampled_from([*"aBks1- é^$\\.*?()|[\n", *_MORE.split(" ")]), max_size=6)
_texts = st.text(alphabet="aAbBkKsS1\u212aſé-. ^$\\\n\ud800", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("gpt", Finite(("gpt",), at_start=False, at_end=False, any_case=False)),
        (r"^gpt-4(o|\.1)$", Finite(("gpt-4o", "gpt-4.1"), at_start=True, at_end=True, any_case=False)),
        (r"^o\d.*", Finite(tuple(f"o{n}" for n in range(10)), at_start=True, at_end=False, any_case=False)),
        (".*mini$", Finite(("mini",), at_start=False, at_end=True, any_case=False)),
        ("^a[0-2]?", Finite(("a0", "a1", "a2", "a"), at_start=True, at_end=False, any_case=False)),
        ("(?i)Summari[sz]e", Finite(("summarise", "summarize"), at_start=False, at_end=False, any_case=True)),
    ],
)
def test_what_is_spelled_out(pattern: str, expected: Finite) -> None:
    assert finite(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "a*",
        "^a.*$",
        r"a\.*",
        "^.*?a",
        "a+",
        "a{2}",
        "a??",
        ".",
        r"\w",
        "[^a]",
        "^a|b",
        "a|b$",
        "(?i)é",
        "(?s)a",
        "(^a)",
        "a|b|c|d|e",
        "[[:alpha:]]",
    ],
)
def test_what_is_left_to_re2(pattern: str) -> None:
    assert finite(pattern) is None


def test_deep_groups_are_left_to_re2() -> None:
    assert finite("(" * 16 + "a" + ")" * 16) is None
    assert finite("(" * 250 + "a" + ")" * 250) is None


@settings(deadline=None, max_examples=300)
@given(_pieces.map("".join), st.lists(_texts, min_size=1, max_size=8))
@example("(?i)k", ["\u212a"])
@example("^(a|b)?k$", ["k", "ak", "abk"])
def test_a_spelled_out_pattern_means_what_re2_says(pattern: str, texts: list[str]) -> None:
    assume(finite(pattern) is not None)
    try:
        expected = re2.compile(pattern)
    except re2.error:
        assume(False)
    quoted = "".join(f"\\u{ord(char):04x}" for char in pattern)
    in_text, in_header = (
        predicate(f'{field} matches "{quoted}"') for field in ("body.user", "headers.x-user")
    )
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        found = expected.search(raw) is not None
        request = facts(body={"user": "x"}, headers=())
        request.body = Members({"user": text})
        request.headers = {b"x-user": raw}
        assert in_text(request) is found
        assert in_header(request) is found
