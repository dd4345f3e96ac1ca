"""YAML: what is written is read back, and what could surprise is refused."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.common.yaml_text import MAX_BYTES, YamlError, read, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "null",
        "~",
        "1",
        "1e3",
        "0x10",
        "012",
        "12:30",
        "2026-11-24",
        "=",
        "<<",
        "- a",
        "a: b",
        "#c",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example("a\r\nb\u0085c\u2028d\n\n")
@example("  leading\n and trailing \n")
@example({"rule": 'model == "a"\n  and stream # why\n'})
@example([1e300, -0.0, 1e-7, 5e-324])
def test_what_is_written_is_read_back(value: Any) -> None:
    assert read(write(value)).value == value


@given(st.text() | st.text(":-[]{}&*!|>'\"%@#,? \n\tab0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlError):
        assert read(write(read(text).value)).value == read(text).value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x", "line 1: anchors"),
        ("a: 1\nb: *x", "line 2: aliases"),
        ("a: 1\nb: 2\na: 3", "line 3: the key `a` is there twice"),
        ("a: !!python/object:os.system x", "line 1: tags"),
        ("a: !x 1", "line 1: tags"),
        ("? [a]\n: 1", "line 1: a key is a text"),
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: [1\nb: 2", "line 2: "),
        ("a: 1e999", "line 1: the number is too large"),
        ("a: 1" + "0" * 1000, "line 1: the number is too large"),
        ('a: "\\ud800"', "line 1: "),
        ("[" * 200, "line 1: nests more than"),
        ("a:\n\tb: 1", "line 2: "),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        read(text)
    assert str(caught.value).startswith(message), str(caught.value)


def test_a_large_file_is_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(YamlError, match="MiB"):
        read("a" * (MAX_BYTES + 1))
    assert time.perf_counter() - started < 1


def test_lines_by_pointer() -> None:
    document = read("a:\n  - 1\n  - b: 2\n\n    c/d: 3\n")
    assert document.value == {"a": [1, {"b": 2, "c/d": 3}]}
    assert document.line("/a/1/c~1d") == 5
    assert document.line("/a/1/c~1d/e/f") == 5
    assert document.line("/a/0") == 2
    assert document.line("/none") == document.line("") == 1


def test_a_text_of_lines_is_a_block() -> None:
    assert write({"rule": "stream\nand has_tools"}) == "rule: |-\n  stream\n  and has_tools\n"
