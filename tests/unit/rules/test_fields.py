"""The vocabulary as data: complete, documented, and every field of it readable."""

import msgspec
import pytest

from app.rules.context import Facts
from app.rules.engine import check, predicate
from app.rules.fields import LOGS, RULES, near
from rules_grammar import FIELDS, GRAMMAR, LOG_FIELDS, OPERATORS, VERSION, FieldRow
from tests.unit.rules.builders import facts

_KINDS = {"chat", "completions", "embeddings", "messages", "responses"}
_GROUPS = {"headers", "token_usage", "api_key", "api_key.metadata", "client", "body"}


@pytest.mark.parametrize("row", FIELDS["fields"], ids=lambda row: row["name"])
def test_a_field_is_described_and_can_be_read(row: FieldRow) -> None:
    assert set(row["type"].split("|")) <= set(FIELDS["types"])
    assert row["doc"].endswith(".")
    assert row["kinds"]
    assert set(row["kinds"]) <= _KINDS
    if row["name"] in _GROUPS:
        return
    path = row["name"].replace("[]", "[0]").replace("*", "x-priority")
    rule = f"exists({path})"
    assert check(rule) == ()
    assert predicate(rule)(facts()) in (True, False)


@pytest.mark.parametrize("row", LOG_FIELDS["fields"], ids=lambda row: row["name"])
def test_a_log_field_is_described_and_can_be_named(row: FieldRow) -> None:
    assert set(row["type"].split("|")) <= set(FIELDS["types"])
    assert row["doc"].endswith(".")
    if row["type"] != "map":
        assert check(f"exists({row['name'].replace('*', 'x').replace('[]', '[0]')})", {}, LOGS) == ()


def test_the_vocabularies_are_apart() -> None:
    assert RULES.functions >= LOGS.functions
    assert RULES.root.children.keys() - LOGS.root.children.keys() >= {"body", "headers", "token_usage"}
    assert check("body.n == 1", {}, LOGS) != ()
    assert check("status == 500", {}, RULES) != ()
    assert check('status["x"] == 1', {}, LOGS) != (), "no way round the table of log fields"


def test_each_body_field_is_found_where_it_is() -> None:
    """A rule reads the value that a body has at the field's own path."""
    for row in FIELDS["fields"]:
        name = row["name"]
        if not name.startswith("body.") or "*" in name:
            continue
        value: object = "here"
        for part in reversed(name.removeprefix("body.").replace("[]", ".[]").split(".")):
            value = [value] if part == "[]" else {part: value}
        made = facts(raw_body=msgspec.json.encode(value))
        assert predicate(f"exists({name.replace('[]', '[0]')})")(made) is True, name


def test_endpoints_have_a_kind() -> None:
    assert set(FIELDS["endpoints"].values()) == _KINDS
    assert set(FIELDS["endpoints"]) == set(RULES.root.children["endpoint"].values)


def test_credentials_cannot_be_read() -> None:
    for name in RULES.unreadable:
        for spelled in (f"headers.{name}", f'headers["{name.upper()}"]'):
            assert [item.code for item in check(f"exists({spelled})")] == ["RULE_UNREADABLE_HEADER"]


def test_the_vocabulary_is_in_the_grammar() -> None:
    assert VERSION == 1
    shapes = {
        "set": 'model {} ["a"]',
        "bool": "stream {} has_tools",
        "str": 'model {} "a"',
        "num": 'model {} "a"',
    }
    for row in OPERATORS["operators"]:
        shape = shapes[row["right"][0]] if row["left"] else "{} stream"
        for spelling in row["spellings"]:
            assert check(shape.format(spelling)) == (), spelling
        assert row["doc"].endswith(".")
    for quantifier in OPERATORS["quantifiers"]:
        above = " > 1" if quantifier["result"] == "num" else ""
        assert check(f'{quantifier["name"]}(body.messages, .role == "user"){above}') == ()


def test_terminals_use_what_python_and_javascript_share() -> None:
    for only_in_python in (
        "(?P",
        "(?<",
        "(?i",
        "(?s",
        "(?#",
        "\\A",
        "\\Z",
        "\\d",
        "\\w",
        "\\s",
        "*+",
        "++",
        "?+",
    ):
        assert only_in_python not in GRAMMAR


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("header", "headers"),
        ("modle", "model"),
        ("straem", "stream"),
        ("api_keys", "api_key"),
        ("x", None),
        ("zzzzzz", None),
    ],
)
def test_near_names(name: str, meant: str | None) -> None:
    assert near(name, RULES.root.children) == meant


def test_facts_read_nothing_at_random() -> None:
    """Every attribute that generated code may read is there."""
    made = facts()
    for name in Facts.__slots__:
        getattr(made, name)
