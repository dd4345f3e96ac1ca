"""Rules against hand-written lambdas over the sample request. `just bench` prints the figures."""

import re
import sys
import timeit
from collections.abc import Callable
from typing import Any

import pytest

from app.rules import engine
from app.rules.context import Facts
from tests.unit.rules.builders import LISTS, facts, model

pytestmark = pytest.mark.bench

_GPT_4 = re.compile(r"^gpt-4(o|\.1)(-mini)?$")
_NUMBERS = (int, float)


class ByHand:
    """What a careful person would write rules over: decoded once, plain attributes."""

    def __init__(self, made: Facts) -> None:
        self.body = made.body
        self.headers = {name.decode(): value.decode() for name, value in made.header_lines}
        self.model = made.model
        self.tags = ["prod", "beta"]
        self.key_name = "web-search"
        self.input_tokens = 5321


def _is_at_most(value: Any, limit: float) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and value <= limit


_SHAPES: list[tuple[str, Callable[[ByHand], Any], float]] = [
    (
        'headers.x-priority == "high" and body.temperature <= 0.5',
        lambda r: r.headers.get("x-priority") == "high" and _is_at_most(r.body.get("temperature"), 0.5),
        2,
    ),
    (
        'model in ["gpt-4o-mini", "gpt-4o", "gpt-4.1"]',
        lambda r: r.model in {"gpt-4o-mini", "gpt-4o", "gpt-4.1"},
        2.5,
    ),
    (
        'body.messages[0].role == "system" and token_usage.input_tokens > 4000 and model matches "^gpt-4"',
        lambda r: (
            r.body["messages"][0].get("role") == "system"
            and r.input_tokens > 4000
            and r.model.startswith("gpt-4")
        ),
        2.5,
    ),
    (
        'any(body.messages, .role == "tool")',
        lambda r: any(m.get("role") == "tool" for m in r.body["messages"]),
        2,
    ),
    (
        'api_key.name in ["batch", "eval"] or api_key.tags contains "beta"',
        lambda r: r.key_name in ("batch", "eval") or "beta" in r.tags,
        3,
    ),
    (r'model matches r"^gpt-4(o|\.1)(-mini)?$"', lambda r: _GPT_4.search(r.model) is not None, 8),
]
"""Rule, the same by hand, and how many times as long the rule may take. RE2 pays for its bounds on short texts."""


def _microseconds(function: Callable[[], Any], number: int = 20_000) -> float:
    return min(timeit.repeat(function, number=number, repeat=7)) / number * 1e6


@pytest.mark.parametrize(("rule", "by_hand", "limit"), _SHAPES, ids=[rule for rule, _, _ in _SHAPES])
def test_a_rule_is_nearly_as_fast_as_by_hand(
    rule: str, by_hand: Callable[[ByHand], Any], limit: float
) -> None:
    made = facts()
    passes, plain = engine.predicate(rule, LISTS), ByHand(made)
    assert passes(made) is bool(by_hand(plain))

    ours, theirs = _microseconds(lambda: passes(made)), _microseconds(lambda: by_hand(plain))

    sys.stdout.write(f"\n{ours:.3f} us, by hand {theirs:.3f} us, ratio {ours / theirs:.2f}: {rule}" + "\n")
    assert ours < limit * theirs


def test_a_choice_among_sixteen_targets() -> None:
    made = facts()
    tiers = [
        f'headers.x-priority == "high" and body.temperature <= {number / 10} and model starts_with "gpt-4"'
        for number in range(16)
    ]
    rule_set, plain = engine.RuleSet(model(*tiers)), ByHand(made)

    def rule_by_hand(limit: float) -> Callable[[ByHand], bool]:
        return lambda r: (
            r.headers.get("x-priority") == "high"
            and _is_at_most(r.body.get("temperature"), limit)
            and r.model.startswith("gpt-4")
        )

    rules = [rule_by_hand(number / 10) for number in range(16)]
    assert len(rule_set.choose(made)) == sum(rule(plain) for rule in rules)

    ours = _microseconds(lambda: rule_set.choose(made))
    theirs = _microseconds(lambda: [rule for rule in rules if rule(plain)])
    why = _microseconds(lambda: rule_set.explain(made))

    sys.stdout.write(
        f"\n16 rules in one function {ours:.2f} us, 16 lambdas {theirs:.2f} us; explained in {why:.2f} us"
        + "\n"
    )
    assert ours < theirs
    assert why < 20 * ours


def test_the_road_from_text_to_code_and_facts() -> None:
    sample = facts()
    arguments = (
        sample.raw_body,
        sample.header_lines,
        sample.endpoint,
        sample.model,
        True,
        sample.api_key,
        None,
        0.0,
    )
    rule = 'headers.x-priority == "high" and body.temperature <= 0.5 and any(body.messages, .role == "user")'

    made = _microseconds(lambda: Facts(*arguments))
    checked = _microseconds(lambda: engine.check(rule), 200)
    numbers = iter(range(10**9))
    compiled = _microseconds(lambda: engine.predicate(f"{rule} and body.n < {next(numbers)}"), 100)

    sys.stdout.write(
        f"\nFacts {made:.2f} us; text checked {checked:.0f} us; text to code {compiled:.0f} us" + "\n"
    )
    assert made < 2
    assert compiled < 5_000
