"""Patterns: plain ones mean what RE2 says, all are linear, none raises on any text."""

import pytest
import re2
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.rules.diagnostics import Code
from app.rules.patterns import PatternFault, encode, plain, searcher

_pieces = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "-",
            " ",
            "é",
            "^",
            "$",
            "\\",
            "\\.",
            "\\$",
            "\\\\",
            ".",
            "*",
            "(",
            ")",
            "[",
            "{",
            "|",
            "\n",
        ]
    ),
    max_size=6,
)


@settings(deadline=None)
@example("\\é", "é")
@given(_pieces.map("".join), st.text(alphabet="ab-. $\\é\n", max_size=8))
def test_a_plain_pattern_means_what_re2_says(pattern: str, text: str) -> None:
    simple = plain(pattern)
    assume(simple is not None)
    assert simple is not None
    try:
        expected = re2.search(pattern, text) is not None
    except re2.error:
        pytest.fail("plain() took a pattern that RE2 refuses")
    if simple.at_start and simple.at_end:
        found = text == simple.text
    elif simple.at_start:
        found = text.startswith(simple.text)
    elif simple.at_end:
        found = text.endswith(simple.text)
    else:
        found = simple.text in text
    assert found is expected


@settings(deadline=None)
@given(_pieces.map("".join), st.text(max_size=8))
def test_a_searcher_finds_what_re2_finds(pattern: str, text: str) -> None:
    try:
        search = searcher(pattern)
    except PatternFault:
        with pytest.raises(re2.error):
            re2.compile(pattern)
        return
    assert search(text) is (re2.search(pattern, encode(text)) is not None)
    assert search(encode(text)) is search(text)


@pytest.mark.parametrize("text", ["\ud800", "a\udcff", b"\xff\xfe", "\0", ""])
def test_any_text_can_be_searched(text: str | bytes) -> None:
    assert searcher("z|y")(text) is False
    assert searcher("^")(text) is True


def test_a_pattern_just_within_memory_still_searches_hostile_text() -> None:
    search = searcher(r"(?i)(a|b)[ab]{90}c")
    assert search("ab" * 200_000) is False
    assert search("ab" * 200_000 + "c") is True


@pytest.mark.parametrize(
    ("pattern", "code"),
    [("x" * 513, Code.PATTERN_TOO_LONG), (r"\pN{1000}", Code.PATTERN_TOO_BIG), ("(", Code.BAD_PATTERN)],
)
def test_what_cannot_be_bounded_is_refused(pattern: str, code: Code) -> None:
    with pytest.raises(PatternFault) as caught:
        searcher(pattern)
    assert caught.value.code is code
