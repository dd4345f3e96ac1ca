"""Rules under one model: the same outcome with less to do."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.rules.ast import And, Const, Node, Path, walk
from app.rules.check import check as check_tree
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import RuleSet
from app.rules.evaluate import Evaluation
from app.rules.fold import fold, folded_constants
from app.rules.parser import parse
from tests.unit.rules.builders import LISTS, facts, model
from tests.unit.rules.strategies import requests, rules


def _root(text: str) -> Node:
    root = check_tree(parse(text), LISTS).root
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ('model == "gpt-4o"', True),
        ('not (model == "gpt-4o")', False),
        ('model not in ["gpt-4o", "o3"]', False),
        ('model matches "^gpt" and len(model) == 6', True),
        ('lower(model) starts_with "claude" and stream', False),
        ('upper(model) == "GPT-4O" or any(body.messages, .role == "tool")', True),
        ("number(model) > 1", False),
        ("model in $models", None),
        ("client.ip == model", None),
        ('model == "gpt-4o" and stream', None),
        ("bucket(model, 's') < 0.0", False),
    ],
)
def test_what_depends_on_the_model_alone_is_constant(rule: str, value: bool | None) -> None:
    folded = fold(_root(rule), "gpt-4o")
    assert (folded.value if isinstance(folded, Const) else None) is value


def test_what_decides_nothing_is_left_out() -> None:
    folded = fold(_root('model == "gpt-4o" and stream and not (model == "o3" or has_tools)'), "gpt-4o")
    assert isinstance(folded, And)
    assert len(folded.items) == 2
    assert {node.root for node in walk(folded) if isinstance(node, Path)} == {"stream", "has_tools"}


def test_a_group_of_one_is_still_true_or_false() -> None:
    rule = '(model == "gpt-4o" and body["x"]) == false'
    request = facts(body={"x": "a"}, model="gpt-4o")
    assert Evaluation(request, LISTS).passes(_root(rule)) is True
    assert Evaluation(request, LISTS).passes(fold(_root(rule), "gpt-4o")) is True


def test_a_model_is_asked_by_its_own_name() -> None:
    nameless = facts(model="")
    assert RuleSet(model('model == "gpt-4o-mini" and stream')).choose(nameless)
    (_, verdict) = RuleSet(model('stream and model == "o3" and has_images')).explain(nameless)
    assert verdict.refused_by == 'model == "o3"'


def test_constant_conditions_are_listed_with_their_places() -> None:
    rule = 'model == "o3" and stream or not (model matches "^gpt") or model not in ["a"] and any(body.stop, . == model)'
    found = [(rule[start:end], value) for (start, end), value in folded_constants(rule, "gpt-4o", LISTS)]
    assert found == [('model == "o3"', False), ('model matches "^gpt"', True), ('model not in ["a"]', True)]
    assert folded_constants("", "gpt-4o", LISTS) == []


def test_a_wrong_rule_has_no_constants() -> None:
    with pytest.raises(RuleError):
        folded_constants("modle == 1", "gpt-4o", {})


def test_tokens_that_no_request_of_the_model_asks_for_are_not_counted() -> None:
    rule = 'model == "{}" and token_usage.input_tokens > 10'
    assert RuleSet(model(rule.format("o3"))).needs_tokens is False
    assert RuleSet(model(rule.format("gpt-4o-mini"))).needs_tokens is True


@settings(deadline=None)
@given(
    rules(),
    st.sampled_from(["gpt-4o-mini", "high", "", "1", "203.0.113.9", "::FFFF:203.0.113.9"]),
    requests(),
)
def test_a_folded_rule_has_the_same_outcome(text: str, name: str, request: Facts) -> None:
    try:
        root = _root(text)
    except RuleError:
        assume(False)
    request.model = name
    assert Evaluation(request, LISTS).passes(fold(root, name)) is Evaluation(request, LISTS).passes(root)
