"""docs/rules.md: every example is a rule, and nothing of the language is left out."""

import re
from pathlib import Path

import pytest

from app.rules.diagnostics import Code, render
from app.rules.engine import check, predicate
from rules_grammar import FIELDS, OPERATORS
from tests.unit.rules.builders import LISTS, facts

_MANUAL = (Path(__file__).parents[3] / "docs/rules.md").read_text("utf-8")
_EXAMPLES = re.findall(r"^```rule\n(.*?)^```$", _MANUAL, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("rule", _EXAMPLES)
def test_an_example_is_a_rule(rule: str) -> None:
    assert check(rule, LISTS) == ()
    assert predicate(rule, LISTS)(facts()) in (True, False)


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 20


def test_every_code_is_explained_and_no_other() -> None:
    assert set(re.findall(r"`(RULE_[A-Z_]+)`", _MANUAL)) == set(Code)


def test_fields_operators_and_functions_are_explained() -> None:
    fields = [row["name"].replace("*", "NAME") for row in FIELDS["fields"]]
    groups = ("headers", "token_usage", "api_key", "api_key.metadata", "client", "body")
    named = [
        name for name in fields if name not in groups and not name.startswith("body.") and "[]" not in name
    ]
    assert [name for name in named if f"`{name}`" not in _MANUAL] == []
    functions = [row["name"] for row in OPERATORS["functions"]]
    functions += [quantifier["name"] for quantifier in OPERATORS["quantifiers"]]
    assert [name for name in functions if f"`{name}(" not in _MANUAL] == []
    spellings = [spelling for row in OPERATORS["operators"] for spelling in row["spellings"]]
    told = _MANUAL.replace(r"\|", "|")
    assert [spelling for spelling in spellings if f"`{spelling}`" not in told and spelling != "IN"] == []


def test_the_error_shown_is_the_one_given() -> None:
    text = "body.temprature <= 0.5"
    (found,) = check(text)
    assert render(text, found) in _MANUAL
