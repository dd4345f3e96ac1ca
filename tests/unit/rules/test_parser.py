"""Places and comments of the parser, and how faults are shown. Texts made to cost time are in `test_hostile`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules import ast as tree
from app.rules.diagnostics import Code, render
from app.rules.engine import check
from app.rules.parser import parse
from tests.unit.rules.builders import LISTS
from tests.unit.rules.strategies import rules


def test_spans_cut_whole_expressions_out_of_the_text() -> None:
    text = "  (stream or has_tools)\n and any(body.messages, .role in ['a', 'b']) # why"

    root = parse(text).root

    assert isinstance(root, tree.And)
    cuts = [text[slice(*node.span)] for node in tree.walk(root)]
    assert cuts == [
        "(stream or has_tools)\n and any(body.messages, .role in ['a', 'b'])",
        "stream or has_tools",
        "stream",
        "has_tools",
        "any(body.messages, .role in ['a', 'b'])",
        "body.messages",
        ".role in ['a', 'b']",
        ".role",
    ]


def test_and_and_or_are_flat() -> None:
    root = parse("stream and (has_tools and (has_images and stream)) or has_tools or (stream or stream)").root

    assert isinstance(root, tree.Or)
    assert [type(item) for item in root.items] == [tree.And, tree.Path, tree.Path, tree.Path]
    assert isinstance(root.items[0], tree.And)
    assert len(root.items[0].items) == 4


def test_paths_keep_how_they_were_written() -> None:
    root = parse('body["new"].x[-1] == .y[0]["z-1"]').root

    assert isinstance(root, tree.Compare)
    assert isinstance(root.left, tree.Path)
    assert root.left.steps == (tree.Step("new", bracket=True), tree.Step("x"), tree.Step(-1))
    assert isinstance(root.right, tree.Elem)
    assert root.right.steps == (tree.Step("y"), tree.Step(0), tree.Step("z-1", bracket=True))


def test_comments_are_kept_with_their_places() -> None:
    text = '# one\nmodel == "#no" # two\n  and stream\n# three'

    comments = parse(text).comments

    assert [comment.text for comment in comments] == ["# one", "# two", "# three"]
    assert [text[slice(*comment.span)] for comment in comments] == ["# one", "# two", "# three"]


def test_a_dot_with_a_space_is_the_element() -> None:
    apart = parse('any(api_key.tags, . matches "x")').root
    assert isinstance(apart, tree.Quant)
    assert isinstance(apart.condition, tree.Compare)
    assert isinstance(apart.condition.left, tree.Elem)
    assert apart.condition.left.steps == ()

    joined = parse('any(api_key.tags, .matches == "x")').root
    assert isinstance(joined, tree.Quant)
    assert isinstance(joined.condition, tree.Compare)
    assert isinstance(joined.condition.left, tree.Elem)
    assert joined.condition.left.steps == (tree.Step("matches"),)


@pytest.mark.parametrize(
    "name", ["inner", "order", "not-now", "or-else", "any-thing", "in_", "true-blue", "null_"]
)
def test_names_may_begin_like_keywords(name: str) -> None:
    root = parse(f'{name}.{name} == "x"').root
    assert isinstance(root, tree.Compare)
    assert root.left == tree.Path(name, (tree.Step(name),), span=(0, 2 * len(name) + 1))


@settings(deadline=None)
@given(rules(), st.data())
def test_a_slip_in_a_rule_is_a_rule_or_a_rule_error(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 3)))
    slipped = (
        text[:start]
        + data.draw(st.sampled_from(["", "(", ")", '"', " ", ".", "=", "\\", "[", "$"]))
        + text[end:]
    )
    for item in check(slipped, LISTS):
        render(slipped, item)


def test_faults_are_reported_in_one_pass() -> None:
    text = (
        'headers.x = "high" and body.temprature < 1 and (header.y == "z" or model matches "(" or stream == 1)'
    )

    assert [item.code for item in check(text)] == [
        Code.FOREIGN_SPELLING,
        Code.UNKNOWN_FIELD,
        Code.UNKNOWN_FIELD,
        Code.BAD_PATTERN,
        Code.TYPE_MISMATCH,
    ]


def test_a_fault_is_shown_with_line_caret_cause_and_fix() -> None:
    text = 'stream and\n\tmodle == "x"\nand has_tools'

    (found,) = check(text)

    assert (found.line, found.column) == (2, 2)
    assert render(text, found).splitlines() == [
        "error: RULE_UNKNOWN_FIELD 2:2-7",
        '   modle == "x"',
        "   ^^^^^",
        "  unknown field `modle`",
        "  fix: did you mean `model`?",
    ]


def test_what_is_shown_cannot_steer_a_terminal() -> None:
    text = 'model == "\x1b[2J'
    assert "\x1b" not in "".join(render(text, item) for item in check(text))


def test_a_long_line_is_shown_around_the_fault() -> None:
    text = "stream and " * 50 + "modle"
    (found,) = check(text)

    shown = render(text, found).splitlines()

    assert max(map(len, shown)) < 120
    start = shown[2].index("^")
    assert shown[1][start : start + 5] == "modle"
