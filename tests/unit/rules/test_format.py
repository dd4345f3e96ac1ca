"""The formatter's laws: same tree, same comments, nothing changes the second time. And what it looks like."""

import re
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.ast import Node
from app.rules.diagnostics import RuleError
from app.rules.format import format_rule, print_node
from app.rules.limits import MAX_CHARS, MAX_DEPTH
from app.rules.parser import Parsed, parse
from tests.unit.rules.strategies import rules
from tests.unit.rules.trees import trees

_FOLDER = files("rules_grammar") / "conformance"
CORPUS = [
    case["rule"]
    for name in sorted(entry.name for entry in _FOLDER.iterdir() if entry.name.endswith(".json"))
    for case in msgspec.json.decode((_FOLDER / name).read_bytes())
    if "errors" not in case
]


def bare(found: Any) -> Any:
    """A tree without its places."""
    if isinstance(found, tuple):
        return tuple(bare(item) for item in found)
    if isinstance(found, msgspec.Struct):
        names = (name for name in found.__struct_fields__ if name not in ("span", "type"))
        return (type(found).__name__, *((name, bare(getattr(found, name))) for name in names))
    return type(found).__name__, found


def read(text: str) -> Parsed | None:
    try:
        parsed = parse(text)
    except RuleError:
        return None
    return None if parsed.diagnostics else parsed


def hold_laws(text: str, parsed: Parsed) -> str:
    formatted = format_rule(text)
    again = parse(formatted)
    assert not again.diagnostics
    assert bare(again.root) == bare(parsed.root)
    assert [comment.text for comment in again.comments] == [comment.text for comment in parsed.comments]
    assert format_rule(formatted) == formatted
    return formatted


@pytest.mark.parametrize("text", CORPUS)
def test_the_laws_hold_for_every_accepted_rule_of_the_corpus(text: str) -> None:
    hold_laws(text, parse(text))


@given(trees)
def test_a_printed_tree_reads_back_as_itself(node: Node) -> None:
    text = print_node(node)
    if (parsed := read(text)) is not None:
        assert bare(parsed.root) == bare(node)
        assert format_rule(text) == text


@given(rules(), st.data())
def test_the_laws_hold_with_comments_and_line_breaks_anywhere(text: str, data: st.DataObject) -> None:
    hold_laws(*_strewn(text, data))


@given(trees.map(print_node), st.data())
def test_the_laws_hold_for_any_tree_with_comments(text: str, data: st.DataObject) -> None:
    if read(text) is not None:
        hold_laws(*_strewn(text, data))


_PIECE = re.compile(
    r"""r"[^"]*"|r'[^']*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\s+|[()\[\],]|[^\s()\[\],"']+"""
)


def _strewn(text: str, data: st.DataObject) -> tuple[str, Parsed]:
    """The rule with other white space and comments, as long as that reads as the same rule."""
    pieces = _PIECE.findall(text)
    made = []
    for number, piece in enumerate(pieces):
        made.append(piece)
        if piece.isspace() or piece in "()[],":
            made.append(
                data.draw(st.sampled_from(["", "", "", " ", "\n", f" # {number}\n", f"\n  # {number}\n"]))
            )
    strewn = "".join(made)
    parsed = read(strewn)
    return (text, parse(text)) if parsed is None else (strewn, parsed)


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("", ""),
        ("  \n", ""),
        ("# nothing else  ", "# nothing else"),
        ("a\r\n  and b # c\r\n", "a and b  # c"),
        ("a&&b||!c", "(a and b) or not c"),
        ("(a or b) AND NOT c", "(a or b) and not c"),
        ("((a)) and (b and c)", "a and b and c"),
        ("not(a==1)", "not (a == 1)"),
        ("not a in [1,2,]", "a not in [1, 2]"),
        ("not (a not in $x)", "not (a not in $x)"),
        ("headers.X-Team=='a'", 'headers.x-team == "a"'),
        ('headers["2FA"] == "a"', 'headers["2fa"] == "a"'),
        (r"a matches 'x\\d'", r'a matches r"x\d"'),
        (r"""a matches r'"\d'""", r'''a matches "\"\\d"'''),
        ('a == r"plain"', 'a == "plain"'),
        (r'a == "\u0009\u00e9\u202e"', r'a == "\té\u202e"'),
        ("a == 1.0 or a == 1 or a in 1e0..-0.50", "a == 1.0 or a == 1 or a in 1.0..-0.5"),
        ("any( body.messages , . matches 'x')", 'any(body.messages, . matches "x")'),
        ("(a == 1) == true", "(a == 1) == true"),
    ],
)
def test_small_rules_have_one_spelling(text: str, formatted: str) -> None:
    assert format_rule(text) == formatted


def test_long_rules_break_before_and_and_or() -> None:
    text = (
        'headers.x-priority == "high" and (body.temperature <= 0.5 or any(body.messages, '
        '.role == "tool" and text(.) contains "something that makes this line long" and exists(.name)))'
    )
    assert format_rule(text).splitlines() == [
        'headers.x-priority == "high"',
        "and (",
        "  body.temperature <= 0.5",
        "  or any(",
        "    body.messages,",
        '    .role == "tool"',
        '    and text(.) contains "something that makes this line long"',
        "    and exists(.name)",
        "  )",
        ")",
    ]


def test_long_lists_are_wrapped() -> None:
    lines = format_rule("body.n in [" + ",".join(map(str, range(100))) + "]").splitlines()

    assert lines[0] == "body.n in ["
    assert lines[-1] == "]"
    assert all(40 < len(line) <= 80 for line in lines[1:-2])


def test_comments_keep_their_place() -> None:
    text = """\
# Batch work goes to the cheap provider.
stream    # only streams
  # the search team
  and ( headers.x-team == "search"   # by header
   or api_key.metadata.team=="search")   # or by key
and model in [ "a", # cheap
  # fast ones
  "b"]
# the end"""
    formatted = """\
# Batch work goes to the cheap provider.
stream  # only streams
# the search team
and (
  headers.x-team == "search"  # by header
  or api_key.metadata.team == "search"
)  # or by key
and model in [
  "a",  # cheap
  # fast ones
  "b"
]
# the end"""
    assert format_rule(text) == formatted
    assert format_rule(formatted) == formatted


def test_type_errors_do_not_matter_and_syntax_errors_do() -> None:
    assert format_rule("nonsense  ==  1") == "nonsense == 1"
    with pytest.raises(RuleError):
        format_rule("model == ")
    with pytest.raises(RuleError):
        format_rule("model = 1")


def test_a_rule_at_the_limit_stays_a_rule() -> None:
    """Where the clear form would be too long the tight one is taken, and a text tighter than that is kept."""
    listed = "model == 'x' and body.n in [" + "100," * 950 + "]"
    tight = "||".join(["a"] * 199 + ["b"]) + "#" * 3_400
    for text in (listed, tight, "body.user=='" + '"' * (MAX_CHARS - 13) + "'"):
        assert len(text) <= MAX_CHARS
        assert len(hold_laws(text, parse(text))) <= MAX_CHARS


def test_parentheses_for_readers_never_nest_too_deep() -> None:
    text = "not " * MAX_DEPTH + "a == 1"

    assert hold_laws(text, parse(text)) == text
