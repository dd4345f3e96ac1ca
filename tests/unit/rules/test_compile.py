"""What rules are compiled to: only whitelisted syntax, no builtins, no text of the user as code, linear work."""

import ast
import time
from types import FunctionType
from typing import Any

import pytest

from app.rules import pycode
from app.rules.check import check as check_tree
from app.rules.compile import Program, compile_choice, compile_rule
from app.rules.conditions import Conditions
from app.rules.engine import RuleSet, predicate
from app.rules.evaluate import Evaluation
from app.rules.parser import Parsed, parse
from app.rules.trace import trace
from app.rules.values import bucket
from tests.unit.rules.builders import LISTS, facts, model


def _compiled(text: str) -> Program:
    return compile_rule(check_tree(parse(text), LISTS))


def test_a_tree_that_was_not_checked_is_refused() -> None:
    good = check_tree(parse("stream"), {})
    unchecked = type(good)("x", parse("stream and api_key.__class__").root, (), (), needs_tokens=False)
    with pytest.raises(ValueError, match="not been checked"):
        compile_rule(unchecked)
    with pytest.raises(ValueError, match="not been checked"):
        compile_choice(good, [unchecked])


@pytest.mark.parametrize(
    "statement",
    [
        "import os",
        "x = lambda: 1",
        "x = f.__class__",
        "x = [i for i in y]",
        "x = y @ z",
        "raise x",
        "x = f'{y}'",
        "del x",
    ],
)
def test_other_syntax_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="rules"):
        pycode.build(ast.parse(statement).body)


def test_names_are_names() -> None:
    with pytest.raises(ValueError, match="no name"):
        pycode.build([ast.Expr(pycode.name("a b"))])


def test_texts_of_the_user_are_constants_only() -> None:
    evil = "__import__('os')"
    program = _compiled(
        f'model == "{evil}" or headers["{evil}"] contains "{evil}" or body["{evil}"].y["{evil}"] in ["{evil}", 1]'
        f' or any(body["{evil}"], .["{evil}"] starts_with "{evil}") or bucket(body["{evil}"], "{evil}") < 1'
    )
    for code in program.codes.values():
        assert not any(evil in name for name in (*code.co_names, *code.co_varnames))


def test_generated_functions_have_no_builtins() -> None:
    choose = _compiled("any(body.messages, .role == model)").link("passes", LISTS, {})
    assert isinstance(choose, FunctionType)
    assert choose.__globals__["__builtins__"] == {}


def test_cheap_operands_are_asked_first() -> None:
    root = check_tree(parse('last_user_text matches "a|b" and body.user == "x" and model == "y"'), {}).root
    assert root is not None
    code = ast.unparse(ast.fix_missing_locations(ast.Expression(Conditions().condition(root))))
    assert code.index("f.model") < code.index("f.body") < code.index("f.last_user_text")


def _buckets_asked(*rules: str) -> tuple[int, int]:
    """How many targets of the rules are chosen, and how often `bucket` is worked out for that."""
    salts: list[str] = []

    def noted(value: Any, salt: str) -> Any:
        salts.append(salt)
        return bucket(value, salt)

    checked = [check_tree(parse(text), LISTS) for text in ("", *rules)]
    targets = {f"target{index}": index for index in range(len(rules))}
    choose = compile_choice(checked[0], checked[1:]).link("choose", LISTS, {**targets, "bucket": noted})
    return len(choose(facts())), len(salts)


_HALF = 'bucket(api_key.id, "a") < 101'


def test_what_several_rules_ask_is_worked_out_once() -> None:
    assert _buckets_asked(f"stream and {_HALF}", f"not has_images and {_HALF}", _HALF) == (3, 1)
    assert _buckets_asked(f"has_images or {_HALF}", f"stream and (has_images or not ({_HALF}))") == (1, 1)
    assert _buckets_asked(f"has_images or {_HALF}", 'bucket(api_key.id, "a") >= 0') == (2, 1)
    assert _buckets_asked(f"{_HALF} or has_images", 'bucket(api_key.id, "b") >= 0') == (2, 2)


def test_what_no_rule_comes_to_is_not_worked_out() -> None:
    assert _buckets_asked(f"has_images and {_HALF}", f"has_images and not ({_HALF})") == (0, 0)


def test_conditions_that_only_look_alike_are_kept_apart() -> None:
    body = {"a.b": 1, "a": {"b": 2}, "n": 1, "t": True}
    rules = ['body["a.b"] == 1', 'body["a"].b == 1', 'body["a"].b == 2', 'body["a.b"] == 2']
    rules += [
        'body["t"] == 1',
        'body["t"] == true',
        'body["n"] == 1',
        'body["n"] == true',
        'body["n"] in [1]',
        'body["n"] in [true]',
    ]
    chosen = RuleSet(model(*rules, *rules)).choose(facts(body=body))
    assert [target.id for target in chosen] == [1, 3, 6, 7, 9, 11, 13, 16, 17, 19]


@pytest.mark.parametrize("value", [0.4, "0.4", None, True, [0.4], {}, 10**400])
def test_numbers_that_several_rules_compare_are_compared_as_by_one(value: Any) -> None:
    rules = [
        *(
            "body.temperature > 0.1",
            "body.temperature <= 0.4",
            "body.temperature != 0.4",
            "0.4 == body.temperature",
        ),
        *("body.temperature in 0.1..0.4", "body.temperature in [0.4, 1]", "not (body.temperature < 2)"),
        *("body.temperature == 1", "body.temperature not in [0, 1]"),
    ]
    request = facts(body={"temperature": value})
    chosen = [target.id for target in RuleSet(model(*rules)).choose(request)]
    assert chosen == [number for number, rule in enumerate(rules, 1) if predicate(rule)(request)]


_LONG = "x" * 500_000


@pytest.mark.parametrize(
    "rule",
    [
        "any(body.messages, lower(body.user) == .content)",
        'any(body.messages, .role == "nobody" or body.user contains "y")',
        "any(body.messages, .content contains body.user)",
        'any(body.messages, any(.parts, body.user matches "y+z"))',
        "none(body.messages, text(body.messages[0]) == .content) and stream == false",
    ],
)
def test_work_grows_with_the_request_not_with_its_square(rule: str) -> None:
    messages = [{"role": "user", "content": "m", "parts": [1, 2]}] * 20_000
    request = facts(body={"user": _LONG, "messages": messages})
    text = rule.replace(".parts", '.["parts"]')
    root = check_tree(parse(text), LISTS).root
    assert root is not None
    started = time.thread_time()

    assert predicate(text, LISTS)(request) is False
    assert Evaluation(request, LISTS).passes(root) is False

    assert time.thread_time() - started < 5  # 20,000 times 500,000 characters would take a minute or more


def test_hostile_text_does_not_slow_a_pattern_down() -> None:
    passes = predicate(r'body.user matches r"(x+x+)+y"')
    started = time.thread_time()
    assert passes(facts(body={"user": _LONG})) is False
    assert time.thread_time() - started < 1


_DEEP_PATH = 'body["a"]' + ".a" * 22 + "[0]"
_DEEP_ELEMENT = "." + _DEEP_PATH.removeprefix("body")


@pytest.mark.parametrize(
    "rule",
    [
        " and ".join(["stream"] * 200),
        " or ".join(["has_images"] * 200),
        "not " * 24 + "stream",
        "not (" * 12 + "stream" + ")" * 12,
        "(" * 24 + f"{_DEEP_PATH} == {_DEEP_PATH}" + ")" * 24,
        "lower(" * 23 + _DEEP_PATH + ")" * 23 + ' == "a"',
        "(" * 23 + "stream" + " == has_tools)" * 23,
        f"any({_DEEP_PATH}, any({_DEEP_ELEMENT}, {_DEEP_ELEMENT} == {_DEEP_PATH}))",
        "body.n in [" + ",".join(str(number) for number in range(900)) + "]",
    ],
    ids=range(9),
)
def test_the_largest_rules_compile_on_a_deep_stack(rule: str) -> None:
    def deeper(frames: int) -> bool:
        if frames:
            return deeper(frames - 1)
        rules = RuleSet(model(rule, rule))
        passed = [verdict.passed for verdict in rules.explain(facts())[1:]]
        assert trace(rule, facts()).passed is passed[0]
        return len(rules.choose(facts())) == sum(passed)

    assert deeper(400)


def test_an_empty_tree_always_passes() -> None:
    empty = Parsed("", None, (), ())
    assert compile_rule(check_tree(empty, {})).link("passes", {}, {})(facts()) is True
