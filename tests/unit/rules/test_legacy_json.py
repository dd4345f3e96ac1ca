"""Rule lists in JSON to text and back, what they mean, and what a form can draw."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.engine import check, predicate
from app.rules.legacy_json import JsonError, json_to_text, text_to_json
from app.rules.rows import Chip, Group, Row, builder_tree, chips
from tests.unit.rules.builders import LISTS, facts
from tests.unit.rules.strategies import rules

_FIELDS = [
    *(
        "model",
        "stream",
        "headers.x-team",
        'headers["a b"]',
        "headers.2fa",
        "body.temperature",
        "body.new[0]",
    ),
    *(
        "body.messages[0].role",
        "body.messages[-1].content",
        'body["temperature"]',
        'body["a.b"].c',
        "client.ip",
    ),
    *("api_key.tags", "api_key.metadata.team", "token_usage.input_tokens", "body.metadata.ticket"),
]
_SCALARS = st.one_of(
    st.text(max_size=5), st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False)
)
_ANY = _SCALARS | st.booleans() | st.none()


def _rule(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


_RULES = st.one_of(
    st.builds(_rule, st.sampled_from(_FIELDS), st.sampled_from(["eq", "ne"]), _ANY),
    st.builds(_rule, st.sampled_from(_FIELDS), st.sampled_from(["gt", "lt", "gte", "lte"]), _SCALARS),
    st.builds(
        _rule,
        st.sampled_from(_FIELDS),
        st.sampled_from(["contains", "regex", "starts_with", "ends_with"]),
        st.text(max_size=5),
    ),
    st.builds(
        _rule,
        st.sampled_from(_FIELDS),
        st.sampled_from(["in", "not_in"]),
        st.lists(_ANY, min_size=1, max_size=3),
    ),
)


def _lists(depth: int, logic: str, least: int) -> st.SearchStrategy[dict[str, Any]]:
    """Lists as `text_to_json` emits them."""
    inner = _RULES if depth == 0 else _RULES | _lists(depth - 1, "OR" if logic == "AND" else "AND", 2)
    return st.lists(inner, min_size=least, max_size=3).map(lambda rules: {"rules": rules, "logic": logic})


CANONICAL = (
    st.just({"rules": [], "logic": "AND"})
    | _RULES.map(lambda rule: {"rules": [rule], "logic": "AND"})
    | _lists(2, "AND", 2)
    | _lists(2, "OR", 2)
)


@given(CANONICAL)
def test_json_to_text_and_back_is_the_identity(value: dict[str, Any]) -> None:
    # Compared as bytes: 1, 1.0 and true are three values.
    assert msgspec.json.encode(text_to_json(json_to_text(value))) == msgspec.json.encode(value)


@given(rules())
def test_what_can_be_drawn_keeps_its_meaning(text: str) -> None:
    found = text_to_json(text)
    assert (found is None) == bool(chips(builder_tree(text)))
    if found is not None and not any(item.severity == "error" for item in check(text, LISTS)):
        request = facts()
        assert predicate(json_to_text(found), LISTS)(request) == predicate(text, LISTS)(request)
        assert text_to_json(json_to_text(found)) == found


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (_rule("headers.x-priority", "eq", "high"), 'headers.x-priority == "high"'),
        (_rule("headers.X-Priority", "ne", "high"), 'headers.x-priority != "high"'),
        (_rule("headers.x-budget", "gt", 5), "number(headers.x-budget) > 5"),
        (_rule("headers.x-budget", "eq", 5), "number(headers.x-budget) == 5"),
        (_rule("headers.x-budget", "lt", "5"), 'headers.x-budget < "5"'),
        (_rule("headers.x-version", "contains", 4), 'headers.x-version contains "4"'),
        (_rule("headers.a.b", "eq", "x"), 'headers["a.b"] == "x"'),
        (_rule("body.temperature", "lte", 0.5), "body.temperature <= 0.5"),
        (_rule("body.messages.0.role", "eq", "system"), 'body.messages[0].role == "system"'),
        (_rule("body.messages[0].role", "eq", "system"), 'body.messages[0].role == "system"'),
        (_rule("body.my_option.level", "gte", 2), 'body["my_option"].level >= 2'),
        (_rule("current_model", "regex", r"^gpt-4\.1"), r'model matches r"^gpt-4\.1"'),
        (_rule("request_body.n", "eq", 1), "body.n == 1"),
        (_rule("stream", "eq", True), "stream == true"),
        (_rule("model", "not_in", ["a", "b"]), 'model not in ["a", "b"]'),
    ],
)
def test_each_operator_and_spelling(rule: dict[str, Any], text: str) -> None:
    assert json_to_text({"rules": [rule]}) == text
    assert not [item for item in check(text) if item.severity == "error"]


def test_the_seed_example() -> None:
    value = {
        "rules": [
            _rule("headers.x-priority", "eq", "high"),
            _rule("body.temperature", "lte", 0.5),
        ],
        "logic": "AND",
    }
    text = 'headers.x-priority == "high" and body.temperature <= 0.5'

    assert json_to_text(value) == text
    assert text_to_json(text) == value


def test_lists_nest() -> None:
    value = {
        "rules": [
            _rule("model", "eq", "a"),
            {"rules": [_rule("stream", "eq", True), _rule("model", "eq", "b")]},
        ]
    }

    assert json_to_text(value | {"logic": "or"}) == 'model == "a" or (stream == true and model == "b")'
    assert json_to_text(value) == 'model == "a" and stream == true and model == "b"'


@pytest.mark.parametrize(
    "value", [None, [], {}, {"rules": []}, {"rules": None}, {"rules": [], "logic": "OR"}]
)
def test_no_rules_pass(value: object) -> None:
    assert json_to_text(value) == ""
    assert text_to_json("") == {"rules": [], "logic": "AND"}


@pytest.mark.parametrize(
    ("value", "pointer", "part"),
    [
        (1, "", "a list of rules"),
        ({"rules": 1}, "/rules", "a list of rules"),
        ({"rules": [], "logic": "XOR"}, "/logic", "AND or OR"),
        ({"rules": [], "a/b": 1}, "/a~1b", "nothing else"),
        ([1], "/0", "an object"),
        ([{"field": "model", "value": 1}], "/0", "`operator` is missing"),
        ([{"rules": []}], "/0/rules", "needs a rule"),
        ([_rule("nonsense", "eq", 1)], "/0/field", "no field `nonsense`"),
        ([_rule("body.a[b]", "eq", 1)], "/0/field", "cannot be read"),
        ([_rule("headers", "eq", 1)], "/0/field", "names no header"),
        ([_rule("model", "like", "x")], "/0/operator", "known operators"),
        ([_rule("model", "eq", ["x"])], "/0/value", "one value"),
        ([_rule("model", "regex", 1)], "/0/value", "takes text"),
        ([_rule("model", "in", "x")], "/0/value", "a list of values"),
        ([_rule("body.n", "gt", True)], "/0/value", "a number or text"),
        ([_rule("model", "eq", "x" * 5000)], "", "at most 4,096"),
    ],
)
def test_faults_point_into_the_json(value: object, pointer: str, part: str) -> None:
    with pytest.raises(JsonError) as caught:
        json_to_text(value)

    assert caught.value.faults[0].pointer == pointer
    assert part in caught.value.faults[0].message


def test_every_fault_is_told_and_depth_is_bounded() -> None:
    deep: dict[str, Any] = {"rules": [_rule("model", "eq", "x")]}
    for _ in range(400):
        deep = {"rules": [deep]}
    with pytest.raises(JsonError, match="24 deep"):
        json_to_text(deep)
    with pytest.raises(JsonError) as caught:
        json_to_text([_rule("a", "b", 1), _rule("model", "b", 1)])
    assert [fault.pointer for fault in caught.value.faults] == ["/0/field", "/1/operator"]


def test_a_form_draws_rows_and_shows_the_rest_as_text() -> None:
    text = 'stream and (not has_tools or any(body.messages, .role == "tool")) and model in ["a"] # end'

    tree = builder_tree(text)

    chip = Chip('any(body.messages, .role == "tool")', (29, 64))
    assert tree == Group(
        "AND",
        (
            Row("stream", "eq", True, (0, 6)),
            Group("OR", (Row("has_tools", "ne", True, (12, 25)), chip), (12, 64)),
            Row("model", "in", ("a",), (70, 84)),
        ),
        (0, 84),
    )
    assert chips(tree) == (chip,)
    assert text[slice(*chip.span)] == chip.text
    assert text_to_json(text) is None
