"""rules_grammar/editor and the tables of docs/rules.md: fresh, readable to JavaScript, and true to the grammar."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from lark import Lark

from app.rules.tokens import CLASSES, colours
from rules_grammar import GRAMMAR
from tests.architecture import editor_data
from tests.unit.rules.strategies import rules, soup

TOKENS: dict[str, Any] = json.loads(editor_data.files()["tokens.json"])
CONFORMANCE = [
    case["rule"]
    for path in sorted((files("rules_grammar") / "conformance").iterdir(), key=str)
    if path.name.endswith(".json")
    for case in json.loads(path.read_text("utf-8"))
]
_LARK = Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)
_PYTHON_ONLY = re.compile(r"\(\?P|\(\?#|\(\?<[=!]|\(\?\(|\\[AZabBGzh]|\(\?[aiLmsux]+[:)]|[*+?}]\+|\{,")


@pytest.mark.parametrize("name", ["tokens.json", "vocabulary.json"])
def test_the_derived_files_are_fresh(name: str) -> None:
    assert (editor_data.EDITOR / name).read_bytes() == editor_data.files()[name], "run `just editor`"


def test_the_tables_of_the_manual_are_fresh() -> None:
    page = editor_data.MANUAL.read_text("utf-8")
    assert set(re.findall(r"<!-- table: ([a-z-]+) -->", page)) == set(editor_data.tables())
    assert page == editor_data.filled(page), "run `just editor`"


def test_every_terminal_has_a_colour() -> None:
    assert {terminal["name"] for terminal in TOKENS["terminals"]} == set(CLASSES)


def test_patterns_are_what_python_and_javascript_share() -> None:
    for terminal in TOKENS["terminals"]:
        assert not _PYTHON_ONLY.search(terminal["pattern"]), terminal
        assert terminal["pattern"].isprintable()


def tokenize(text: str) -> list[tuple[str, str]] | None:
    """What an editor does with tokens.json: at each place the first terminal that matches. None: an error."""
    terminals = [(item["name"], re.compile(item["pattern"])) for item in TOKENS["terminals"]]
    found, position = [], 0
    while position < len(text):
        for name, pattern in terminals:
            if match := pattern.match(text, position):
                found.append((name, match[0]))
                position = match.end()
                break
        else:
            return None
    return [(name, spelling) for name, spelling in found if name not in ("COMMENT", "WHITE_SPACE")]


def _as_lark_reads(text: str) -> list[tuple[str, str]] | None:
    """The tokens of a text without syntax errors."""
    machine = _LARK.parse_interactive(text)
    found = []
    try:
        for token in machine.lexer_thread.lex(machine.parser_state):
            found.append((token.type, str(token)))
            machine.feed_token(token)
        machine.feed_eof()
    except Exception:
        return None
    return found


def test_a_tokenizer_driven_by_the_file_reads_every_rule_as_lark_does() -> None:
    read = [(rule, expected) for rule in CONFORMANCE if (expected := _as_lark_reads(rule)) is not None]
    assert len(read) > 250
    for rule, expected in read:
        assert tokenize(rule) == expected, rule


@given(rules())
def test_generated_rules_too(rule: str) -> None:
    assert tokenize(rule) == _as_lark_reads(rule)


_SCRIPT = """
const {terminals, texts} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const patterns = terminals.map(({name, pattern}) => [name, new RegExp(pattern, "y")]);
console.log(JSON.stringify(texts.map((text) => {
  const found = [];
  for (let at = 0; at < text.length; ) {
    let taken = null;
    for (const [name, pattern] of patterns) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match) { taken = [name, match[0]]; break; }
    }
    if (!taken) return null;
    if (taken[0] !== "COMMENT" && taken[0] !== "WHITE_SPACE") found.push(taken);
    at += taken[1].length;
  }
  return found;
})));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_javascript_reads_every_rule_the_same() -> None:
    texts = [text for text in CONFORMANCE if text.encode("utf-8", "replace").decode() == text]
    question = json.dumps({"terminals": TOKENS["terminals"], "texts": texts})
    answer = subprocess.run(
        ["node", "-e", _SCRIPT], input=question, capture_output=True, text=True, check=True, timeout=60
    )
    for text, found in zip(texts, json.loads(answer.stdout), strict=True):
        expected = tokenize(text)
        assert found == (None if expected is None else [list(token) for token in expected]), text


@given(soup)
def test_any_text_is_coloured_from_end_to_end(text: str) -> None:
    at = 0
    for token in colours(text):
        assert at <= token.span[0] < token.span[1] <= len(text)
        assert text[at : token.span[0]].strip(" \t\r\n") == ""
        assert token.kind
        at = token.span[1]
    assert text[at:].strip(" \t\r\n") == ""


def test_colours() -> None:
    text = 'len(body.x) > 5 and not any(a, .b in $c) # "d"\n== "open'
    assert [
        (text[start:end], kind) for (start, end), kind in ((item.span, item.kind) for item in colours(text))
    ] == [
        ("len", "function"),
        ("(", "bracket"),
        ("body", "field"),
        (".x", "field"),
        (")", "bracket"),
        (">", "operator"),
        ("5", "number"),
        ("and", "keyword"),
        ("not", "keyword"),
        ("any", "function"),
        ("(", "bracket"),
        ("a", "field"),
        (",", "bracket"),
        (".b", "field"),
        ("in", "keyword"),
        ("$c", "list"),
        (")", "bracket"),
        ('# "d"', "comment"),
        ("==", "operator"),
        ('"open', "error"),
    ]
