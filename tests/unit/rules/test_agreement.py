"""Compiled rules and the reference evaluation agree, whatever the rule and whatever the request; neither raises."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.rules.check import check as check_tree
from app.rules.context import Facts
from app.rules.diagnostics import RuleError
from app.rules.engine import RuleSet, predicate
from app.rules.evaluate import Evaluation
from app.rules.parser import parse
from tests.unit.rules.builders import LISTS, facts, model
from tests.unit.rules.strategies import requests, rules


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


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.just(""), rules().filter(_is_rule)), max_size=5),
    st.one_of(st.just(""), rules()),
    requests(),
)
def test_choice_and_explanation_agree(texts: list[str], own: str, request: Facts) -> None:
    assume(_is_rule(own))
    rule_set = RuleSet(model(*texts, own=own), LISTS)

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
