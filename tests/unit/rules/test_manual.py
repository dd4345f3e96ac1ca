"""docs/rules.md: every example is a rule with the outcome it shows, and nothing of the language is left out."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from app.cli import main
from app.cli.openapi import rendered
from app.domain.sample import Sample
from app.rules.diagnostics import Code, render
from app.rules.engine import check, predicate
from app.rules.fields import LOGS
from app.rules.rule_test import Expect
from app.rules.sample import facts_of
from rules_grammar import FIELDS, OPERATORS
from tests.unit.rules.builders import LISTS

_MANUAL = (Path(__file__).parents[3] / "docs/rules.md").read_text("utf-8")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", _MANUAL, re.MULTILINE | re.DOTALL)


_LINES = [line for block in _blocks("rules") for line in block.splitlines()]
_SAMPLE = msgspec.json.decode(_blocks("json request")[0], type=Sample)


@pytest.mark.parametrize("rule", _blocks("rule"))
def test_an_example_is_a_rule(rule: str) -> None:
    assert check(rule, LISTS) == ()
    assert predicate(rule, LISTS)(facts_of(_SAMPLE)) in (True, False)


@pytest.mark.parametrize("line", _LINES)
def test_an_example_has_the_outcome_it_shows(line: str) -> None:
    shown = re.fullmatch(r"[^#]+# (true|false)(: .+)?", line)
    assert shown is not None
    assert check(line, LISTS) == ()
    assert predicate(line, LISTS)(facts_of(_SAMPLE)) is (shown[1] == "true")


@pytest.mark.parametrize("text", _blocks("filter"))
def test_an_example_is_a_filter(text: str) -> None:
    assert [found for found in check(text, {}, LOGS) if found.severity != "warning"] == []


def test_there_are_examples() -> None:
    assert len(_blocks("rule")) >= 12
    assert len(_LINES) >= 30


def test_what_is_said_elsewhere_is_said_here() -> None:
    table = _MANUAL.partition("<!-- examples -->")[2].partition("\n\n<!--")[0].partition("Spellings")[0]
    rules = re.findall(r"\| `([^`]+)` \|$", table, re.MULTILINE)
    assert len(rules) >= 10
    assert [rule for rule in rules if check(rule, LISTS)] == []


def test_the_example_of_a_test_is_one() -> None:
    (example,) = (json.loads(block) for block in _blocks("json") if '"expect"' in block)
    msgspec.convert(example["request"], Sample)
    assert not msgspec.convert(example["expect"], Expect).is_empty


def test_every_code_is_explained_and_no_other() -> None:
    assert set(re.findall(r"`(RULE_[A-Z_]+)`", _MANUAL)) == set(Code)


def test_fields_operators_and_functions_are_explained() -> None:
    fields = [row["name"].replace("*", "NAME") for row in FIELDS["fields"] if row["type"] != "map"]
    assert [name for name in fields if f"| `{name}` |" not in _MANUAL] == []
    functions = [row["name"] for row in OPERATORS["functions"]]
    functions += [quantifier["name"] for quantifier in OPERATORS["quantifiers"]]
    assert [name for name in functions if f"`{name}(" not in _MANUAL] == []
    spellings = [spelling for row in OPERATORS["operators"] for spelling in row["spellings"]]
    told = _MANUAL.replace(r"\|", "|")
    assert [spelling for spelling in spellings if f"`{spelling}`" not in told] == []


def test_the_error_shown_is_the_one_given() -> None:
    text = "body.temprature <= 0.5"
    (found,) = check(text)
    assert render(text, found) in _MANUAL


def test_routes_that_are_named_are_there() -> None:
    paths = json.loads(rendered())["paths"]
    named = set(re.findall(r"`([A-Z]+) (/api/admin/[^`?]+)", _MANUAL))
    assert len(named) >= 8
    there = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert named - there == set()


def test_commands_that_are_named_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"llm-gateway rules ([a-z]+)", _MANUAL))
    assert len(named) >= 6
    for command in named:
        with pytest.raises(SystemExit) as left:
            main(["rules", command, "--help"])
        assert left.value.code == 0, command
        options = set(re.findall(rf"`llm-gateway rules {command}[^`\n]* (--[a-z-]+)", _MANUAL))
        assert options <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out)), command
