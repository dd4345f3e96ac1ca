"""Rules against hand-written lambdas over the sample request. `just limits` prints the figures."""

import math
import re
import sys
import timeit
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.domain.model import Model
from app.rules import engine
from app.rules.context import Facts
from tests.unit.rules.builders import LISTS, facts, model

pytestmark = pytest.mark.bench

_SUMMARY = re.compile(r"(?i)summari[sz]e")
_NUMBERS = (int, float)


class ByHand:
    """What a careful person would write rules over: all decoded once, plain attributes and dicts."""

    def __init__(self, made: Facts) -> None:
        self.body = msgspec.json.decode(made.raw_body)
        self.headers = {name.decode(): value.decode() for name, value in made.header_lines}
        self.model = made.model
        self.api_key = made.api_key
        self.input_tokens = made.input_tokens


def _text(message: Any) -> str:
    """The text of a message, whose content may be a list of parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


_SHAPES: list[tuple[str, str, Callable[[ByHand], Any]]] = [
    (
        "header and number",
        'headers.x-priority == "high" and body.temperature <= 0.5',
        lambda r: (
            r.headers.get("x-priority") == "high"
            and type(temperature := r.body.get("temperature")) in _NUMBERS
            and temperature <= 0.5
        ),
    ),
    (
        "index, tokens and regex",
        'body.messages[0].role == "system" and token_usage.input_tokens > 4000 and model matches "^gpt-4"',
        lambda r: (
            r.input_tokens is not None
            and r.input_tokens > 4000
            and r.model.startswith("gpt-4")
            and isinstance(messages := r.body.get("messages"), list)
            and len(messages) > 0
            and isinstance(first := messages[0], dict)
            and first.get("role") == "system"
        ),
    ),
    (
        "any of 20 messages",
        'any(body.messages, .role == "tool")',
        lambda r: (
            isinstance(messages := r.body.get("messages"), list)
            and any(isinstance(message, dict) and message.get("role") == "tool" for message in messages)
        ),
    ),
    (
        "set or contains",
        'api_key.name in ["batch", "eval"] or api_key.tags contains "beta"',
        lambda r: r.api_key is not None and (r.api_key.name in {"batch", "eval"} or "beta" in r.api_key.tags),
    ),
    (
        "len, missing and map",
        'len(body.tools) > 2 and not exists(body.seed) and api_key.metadata.team == "search"',
        lambda r: (
            isinstance(tools := r.body.get("tools"), list)
            and len(tools) > 2
            and "seed" not in r.body
            and r.api_key is not None
            and r.api_key.metadata.get("team") == "search"
        ),
    ),
    (
        "text and (?i) regex",
        'text(body.messages[-1]) matches "(?i)summari[sz]e"',
        lambda r: (
            isinstance(messages := r.body.get("messages"), list)
            and len(messages) > 0
            and _SUMMARY.search(_text(messages[-1])) is not None
        ),
    ),
]
"""The shapes of rules, and each by hand: safe for every request too, and quick where a person would think of it."""


def _microseconds(function: Callable[[], Any], number: int = 1_000) -> float:
    """The best of many short turns: what else runs on the machine spoils some of them, not all."""
    return min(timeit.repeat(function, number=number, repeat=100)) / number * 1e6


def test_a_rule_is_nearly_as_fast_as_by_hand() -> None:
    made = facts()
    plain, ratios = ByHand(made), []
    for name, rule, by_hand in _SHAPES:
        passes = engine.predicate(rule, LISTS)
        assert passes(made) is bool(by_hand(plain))
        ours = _microseconds(lambda passes=passes: passes(made))
        theirs = _microseconds(lambda by_hand=by_hand: by_hand(plain))
        ratios.append(ours / theirs)
        sys.stdout.write(f"\n{name}: {ours:.3f} us, by hand {theirs:.3f} us, ratio {ours / theirs:.2f}")
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    sys.stdout.write(f"\ngeometric mean of the ratios {mean:.2f}\n")
    assert mean <= 1.6


_ALIKE = [
    f'headers.x-priority == "high" and body.temperature <= {number / 10} and model starts_with "gpt-4"'
    for number in range(16)
]
_MIXED = [
    'stream and headers.x-priority == "high"',
    'api_key.tags contains "beta"',
    'api_key.tags contains "prod" and body.temperature < 0.3',
    "token_usage.input_tokens > 4000",
    "token_usage.input_tokens > 32000 or body.max_tokens > 4000",
    'model matches "^gpt-4" and has_tools',
    "has_images",
    'headers.x-team in ["search", "ads"] and not has_images',
    'lower(headers.x-team) in ["search", "ads"]',
    "body.temperature in 0.0..0.5",
    "body.temperature > 1.0 or body.n > 1",
    'body.user starts_with "u-" and len(body.messages) > 10',
    'api_key.metadata.team == "search" and stream',
    'exists(headers.x-canary) and bucket(api_key.id, "a") < 10',
    'client.ip in ["203.0.113.0/24"]',
    "",
]


@pytest.mark.parametrize("rules", [_ALIKE, _MIXED], ids=["alike", "mixed"])
def test_a_choice_among_sixteen_rules(rules: list[str]) -> None:
    made, asked = facts(), model(*rules)
    rule_set = engine.RuleSet(asked)
    singles = [engine.predicate(rule) for rule in rules]
    assert len(rule_set.choose(made)) == sum(passes(made) for passes in singles)

    ours = _microseconds(lambda: rule_set.choose(made))
    apart = _microseconds(lambda: [passes for passes in singles if passes(made)])
    why = _microseconds(lambda: rule_set.explain(made))
    first = _first_choice(asked, made)

    sys.stdout.write(
        f"\n16 rules in one function {ours:.2f} us, one by one {apart:.2f} us; explained in {why:.2f} us; "
        f"{first:.1f} us with the first look at a new request\n"
    )
    assert ours <= 1.5


def _first_choice(asked: Model, made: Facts) -> float:
    """Microseconds of a choice that has headers and body to read as well."""
    choose = engine.RuleSet(asked).choose
    arguments = (
        made.raw_body,
        made.header_lines,
        made.endpoint,
        made.model,
        True,
        made.api_key,
        "203.0.113.9",
        0.0,
    )
    return _microseconds(lambda: choose(Facts(*arguments)), 200)


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
    checked = _microseconds(lambda: engine.check(rule), 10)
    numbers = iter(range(10**9))
    compiled = _microseconds(lambda: engine.predicate(f"{rule} and body.n < {next(numbers)}"), 5)

    sys.stdout.write(
        f"\nFacts {made:.2f} us; text checked {checked:.0f} us; text to code {compiled:.0f} us" + "\n"
    )
    assert made < 2
    assert checked <= 400
    assert compiled < 5_000
