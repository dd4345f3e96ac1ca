"""All ways to evaluate a rule agree, whatever the rule and whatever the request, and none raises.

With RULES_AGREEMENT=long in the environment (`just long`) there are 100,000 damaged requests.
"""

import os
import random

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.rules.check import check as check_tree
from app.rules.compile import compile_rule
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import RuleSet, predicate
from app.rules.evaluate import Evaluation
from app.rules.parser import parse
from app.rules.recording import RUNTIME, UNSEEN, compile_recorded
from app.rules.trace import trace
from tests.unit.rules.builders import LISTS, facts, model
from tests.unit.rules.damage import damaged, shuffled
from tests.unit.rules.strategies import requests, rules

_PARTS, _RULES, _REQUESTS = (10, 100, 100) if os.environ.get("RULES_AGREEMENT") == "long" else (1, 50, 10)


def _is_rule(text: str) -> bool:
    try:
        check_tree(parse(text), LISTS)
    except RuleError:
        return False
    return True


@settings(deadline=None)
@given(rules(), requests())
@example(
    'any(body.messages, .["content"] contains "a")',
    facts(body={"messages": ["a", ["a"], {"content": ["a"]}]}),
)
@example("count(body.stop, . == body.user) == 0", facts(body={"stop": [None, 1, True], "user": True}))
def test_compiled_rule_and_reference_agree(text: str, request: Facts) -> None:
    assume(_is_rule(text))
    root = check_tree(parse(text), LISTS).root
    assert root is not None

    outcome = predicate(text, LISTS)(request)

    assert outcome is Evaluation(request, LISTS).passes(root)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(_PARTS))
def test_all_ways_agree_on_damaged_requests(part: int) -> None:
    seen = 0

    @settings(deadline=None, max_examples=_RULES)
    @given(rules(), st.integers(0, 2**60))
    def agree(text: str, seed: int) -> None:
        nonlocal seen
        assume(_is_rule(text))
        checked = check_tree(parse(text), LISTS)
        assert checked.root is not None
        source = random.Random(seed)
        other = msgspec.structs.replace(checked, root=shuffled(checked.root, source))
        compiled, turned = predicate(text, LISTS), compile_rule(other).link("passes", LISTS, {})
        recorded = compile_recorded(other.root)
        in_order = recorded.program.link("recorded", LISTS, RUNTIME)
        for _ in range(_REQUESTS):
            request = damaged(source)
            walked, walked_turned = Evaluation(request, LISTS), Evaluation(request, LISTS)
            traced = trace(text, request, LISTS)
            outcomes = [
                walked.passes(checked.root),
                walked_turned.passes(other.root),
                compiled(request),
                turned(request),
                in_order(request, [UNSEEN] * recorded.layout.size),
                traced.passed,
            ]
            assert outcomes in ([True] * 6, [False] * 6)
            refused = walked.refusal(checked.root)
            assert traced.refused_by == (None if refused is None else refused.span)
            seen += 1

    agree()
    assert seen >= _RULES * _REQUESTS


_MIXES = [
    "{0}",
    "{0} and {1}",
    "{0} or {1}",
    "{1} and not {0} and {2}",
    "({2} or {0}) and {1}",
    "not ({1} and {2})",
]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(_PARTS))
def test_rules_that_share_conditions_are_chosen_as_each_says_alone(part: int) -> None:
    @settings(deadline=None, max_examples=_RULES // 5)
    @given(
        st.lists(rules().filter(_is_rule), min_size=3, max_size=3),
        st.lists(st.tuples(st.sampled_from(_MIXES), st.permutations(range(3))), min_size=2, max_size=8),
        st.integers(0, 2**60),
    )
    def agree(pieces: list[str], mixes: list[tuple[str, list[int]]], seed: int) -> None:
        texts = [mix.format(*(f"({pieces[place]})" for place in places)) for mix, places in mixes]
        assume(all(map(_is_rule, texts)))
        own, *others = texts
        asked = model(*others, own=own)
        rule_set = RuleSet(asked, LISTS)
        alone = [predicate(text, LISTS) for text in texts]
        source = random.Random(seed)
        for _ in range(_REQUESTS):
            request = damaged(source)
            request.model = asked.name
            first, *rest = [passes(request) for passes in alone]
            expected = [number for number, passed in enumerate(rest, 1) if first and passed]
            assert [target.id for target in rule_set.choose(request)] == expected
            assert [verdict.passed for verdict in rule_set.explain(request)] == [first, *rest]

    agree()


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.just(""), rules().filter(_is_rule)), max_size=5),
    st.one_of(st.just(""), rules()),
    requests(),
)
def test_choice_and_explanation_agree(texts: list[str], own: str, request: Facts) -> None:
    assume(_is_rule(own))
    asked = model(*texts, own=own)
    request.model = asked.name  # a model's rules see requests for that model only
    rule_set = RuleSet(asked, LISTS)

    chosen = rule_set.choose(request)
    verdict, *verdicts = rule_set.explain(request)

    assert [item.target_id for item in verdicts] == list(range(1, len(texts) + 1))
    passed = [item.target_id for item in verdicts if item.passed and verdict.passed]
    assert [target.id for target in chosen] == passed
    evaluation = Evaluation(request, LISTS)
    for item, text in zip([verdict, *verdicts], [own, *texts], strict=True):
        root = check_tree(parse(text), LISTS).root
        refused = None if root is None else evaluation.refusal(root)
        assert item.span == (None if refused is None else refused.span)
        assert item.passed is (item.refused_by is None)
        if item.span is not None:
            assert item.refused_by == text[slice(*item.span)]
            assert predicate(item.refused_by, LISTS)(request) is False


@settings(deadline=None)
@given(st.lists(rules().filter(_is_rule), min_size=2, max_size=4), requests())
def test_the_order_of_operands_changes_nothing(texts: list[str], request: Facts) -> None:
    for word, combine in (("and", all), ("or", any)):
        together = [f" {word} ".join(f"({text})" for text in order) for order in (texts, texts[::-1])]
        assume(all(map(_is_rule, together)))
        outcomes = {predicate(text, LISTS)(request) for text in together}
        assert outcomes == {combine(predicate(text, LISTS)(request) for text in texts)}
