"""Traces: what each node came to, in the order of the text, for the element that decided."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings

from app.rules.ast import Node, Quant, children
from app.rules.check import check as check_tree
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import RuleSet, predicate
from app.rules.evaluate import Evaluation
from app.rules.members import Members
from app.rules.parser import parse
from app.rules.trace import MAX_TEXT, RuleTrace, TraceNode, trace
from app.rules.values import MISSING
from tests.unit.rules.builders import LISTS, facts, model
from tests.unit.rules.strategies import requests, rules


def _walk(node: TraceNode) -> Iterator[TraceNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _root(made: RuleTrace) -> TraceNode:
    assert made.root is not None
    return made.root


def _shown(text: str, request: Facts | None = None) -> dict[str, Any]:
    """Outcome, or value, of each node by its text; constants are left out."""
    made = trace(text, facts() if request is None else request, LISTS)
    return {
        text[slice(*node.span)]: node.value if node.outcome == "value" else node.outcome
        for node in _walk(_root(made))
        if node.kind != "const"
    }


def test_each_node_has_its_outcome_and_each_operand_its_value() -> None:
    rule = 'headers.x-priority == "high" and not (body.temperature > 0.5) or stream'
    assert _shown(rule) == {
        rule: "true",
        'headers.x-priority == "high" and not (body.temperature > 0.5)': "true",
        'headers.x-priority == "high"': "true",
        "headers.x-priority": "high",
        "not (body.temperature > 0.5)": "true",
        "body.temperature > 0.5": "false",
        "body.temperature": 0.4,
        "stream": "not_evaluated",
    }


def test_evaluation_goes_in_the_order_of_the_text_not_of_cost() -> None:
    shown = _shown('last_user_text contains "no such words" and model == "x"')
    assert shown["model"] == "not_evaluated"


def test_the_refusing_part_is_the_one_that_explain_names() -> None:
    rule = 'stream and (body.user matches "^x" or has_images) and model == "other"'
    made = trace(rule, facts())
    (_, verdict) = RuleSet(model(rule)).explain(facts())
    assert made.passed is False
    assert made.refused_by == verdict.span == (12, 48)


@pytest.mark.parametrize(
    ("rule", "element", "role"),
    [
        ('any(body.messages, .role == "user")', 1, "user"),
        ('any(body.messages, .role == "tool")', 19, "user"),
        ('all(body.messages, .role == "system")', 1, "user"),
        ('all(body.messages, .role != "tool")', 19, "user"),
        ('none(body.messages, .role == "assistant")', 2, "assistant"),
        ('count(body.messages, .role == "user") == 10', 19, "user"),
    ],
)
def test_a_quantifier_shows_the_element_that_decided(rule: str, element: int, role: str) -> None:
    nodes = list(_walk(_root(trace(rule, facts()))))
    assert [node.element for node in nodes if node.element is not None] == [element]
    assert [node.value for node in nodes if node.kind == "element"] == [role]


def test_a_quantifier_inside_another_shows_the_element_of_the_deciding_one() -> None:
    messages = [
        {"content": [{"type": "a"}, {"type": "b"}]},
        {"content": "b"},
        {"content": []},
        {"content": [{"type": "c"}]},
    ]
    rule = 'any(body.messages, any(.content, .type == "{}"))'

    def elements(wanted: str) -> list[int | None]:
        made = trace(rule.format(wanted), facts(body={"messages": messages}))
        return [node.element for node in _walk(_root(made)) if node.kind == "any"]

    assert elements("b") == [0, 1]
    assert elements("c") == [3, 0]
    assert trace(rule.format("x"), facts(body={"messages": messages[:3]})).passed is False
    last = _shown(rule.format("x"), facts(body={"messages": messages[:3]}))
    assert last[".content"] == {"list": 0}
    assert last[".type"] == "not_evaluated"


def test_what_no_element_changes_is_shown_where_the_deciding_element_asked_for_it() -> None:
    rule = 'any(body.messages, .role == "assistant" and body.user == "nobody")'
    assert (
        _shown(rule)["body.user"] == "not_evaluated"
    )  # asked by assistants, but the last message is the user's
    asked = _shown('any(body.messages, .role == "assistant" and body.user == "u-4711")')
    assert asked["body.user"] == "u-4711"
    assert asked['body.user == "u-4711"'] == "true"


def test_missing_is_neither_null_nor_false() -> None:
    shown = _shown(
        "body.seed > 1 or body.stop == null or exists(body.x) or token_usage.input_tokens > 1".replace(
            "body.x", 'body["x"]'
        )
    )
    assert (shown["body.seed"], shown["body.stop"], shown['body["x"]']) == ("missing",) * 3
    assert _shown("body.stop == null", facts(body={"stop": None}))["body.stop"] is None
    assert _shown("client.ip == '::1' or stream", facts(client_ip=None))["client.ip"] == "missing"
    counted = facts()
    counted.input_tokens = None
    assert _shown("token_usage.input_tokens > 1", counted)["token_usage.input_tokens"] == "missing"


def test_values_are_small_and_json() -> None:
    body = {
        "long": "x" * 5_000,
        "half": "a\ud800",
        "list": [1] * 7,
        "map": {"a": 1},
        "big": 10**4_000,
        "odd": float("inf"),
    }
    request = facts()
    request.body = Members(body)
    expected = {
        "long": "x" * MAX_TEXT,
        "half": "a?",
        "list": {"list": 7},
        "map": {"map": 1},
        "big": {"int": (10**4_000).bit_length()},
        "odd": {"float": "inf"},
    }
    for name, value in expected.items():
        made = trace(f'body["{name}"] == "other"', request)
        assert [node.value for node in _walk(_root(made)) if node.kind == "path"] == [value]
        msgspec.json.encode(made)


def test_both_sides_of_a_comparison_are_shown() -> None:
    shown = _shown("body.stop contains model or any(body.messages, .name contains body.user)")
    assert (shown["body.stop"], shown["model"], shown["body.user"]) == ("missing", "gpt-4o-mini", "u-4711")


def test_headers_are_shown_as_text_and_credentials_not_at_all() -> None:
    assert _shown('headers.x-request-source == "x"')["headers.x-request-source"] == "café"
    with pytest.raises(RuleError):
        trace('headers.authorization == "x"', facts())


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ('body["x"] == 5', "5", True),
        ('body["x"] == 5', 5, False),
        ('body["x"] == 5', None, False),
        ('body["x"] != "a"', [1], True),
        ('body["x"] < 5', "5", True),
        ('body["x"] < 5', 6, False),
        ('body["x"] < 5', None, True),
        ('body["x"] contains "a"', 5, True),
        ('body["x"] contains "a"', ["b"], False),
        ('body["x"] contains 1', "b", True),
        ('body.user contains "a"', ["a"], True),
        ('body["x"] matches "a|b+"', 5, True),
        ('body["x"] in 1..5', "3", True),
        ('body["x"] in 1..5', 7, False),
        ('body["x"] in ["a", 1]', True, True),
        ('body["x"] in ["a", 1]', "b", False),
        ('body["x"] in $teams', {}, True),
        ('body["x"] in $teams', "b", False),
        ('any(body["x"], . == 1)', {"a": 1}, True),
        ('any(body["x"], . == 1)', [], False),
        ('len(body["x"]) > 3', 5, True),
        ('lower(body["x"]) == "a"', "B", False),
        ('number(body["x"]) == 1', "no number", False),
        ('number(body["x"]) == 1', [], True),
        ('body["x"] and stream', "true", True),
        ('body["x"] and stream', False, False),
        ('exists(body["x"]) and has_images', [], False),
    ],
)
def test_a_value_of_the_wrong_type_is_marked(rule: str, value: Any, expected: bool) -> None:
    request = facts(body={"x": value, "user": value})
    assert any(node.mismatch for node in _walk(_root(trace(rule, request, LISTS)))) is expected
    absent = facts()
    absent.body = Members({"user": MISSING})
    assert not any(node.mismatch for node in _walk(_root(trace(rule, absent, LISTS))))


def test_a_rule_without_an_expression_has_no_nodes() -> None:
    assert trace(" # all", facts()) == RuleTrace(passed=True)


def test_a_wrong_rule_is_refused() -> None:
    with pytest.raises(RuleError):
        trace("body.temprature > 1", facts())


@settings(deadline=None, max_examples=150)
@given(rules(), requests())
def test_a_trace_says_what_the_reference_says(text: str, request: Facts) -> None:
    try:
        root = check_tree(parse(text), LISTS).root
    except RuleError:
        assume(False)
    assert root is not None

    made = trace(text, request, LISTS)

    assert made.passed is predicate(text, LISTS)(request)
    assert msgspec.json.decode(msgspec.json.encode(made), type=RuleTrace) == made
    _same(root, _root(made), Evaluation(request, LISTS))


def _same(node: Node, shown: TraceNode, reference: Evaluation) -> None:
    """Node for node outside quantifiers, and each evaluated condition with evaluated operands."""
    assert shown.span == node.span
    if shown.outcome == "not_evaluated":
        assert all(child.outcome == "not_evaluated" for child in _walk(shown))
        return
    value = reference.value(node)
    expected = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    assert shown.outcome in (("missing",) if value is MISSING else (expected, "value", "false"))
    if shown.outcome in ("true", "false"):
        assert (shown.outcome == "true") is (value is True)
    pairs = list(zip(children(node), shown.children, strict=True))
    if isinstance(node, Quant):
        pairs = pairs[:1]
    for index, (child, child_shown) in enumerate(pairs):
        if index == 0 or shown.kind not in ("and", "or"):
            assert child_shown.outcome != "not_evaluated"
        _same(child, child_shown, reference)
