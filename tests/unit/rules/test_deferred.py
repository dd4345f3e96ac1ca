"""Rules that are compiled later behave as those that were compiled at once; wrong ones let nothing in."""

import pytest

from app.domain.snapshot import RuleSet as RuleSetProtocol
from app.rules.deferred import WRONG, DeferredRules
from app.rules.diagnostics import RuleError
from app.rules.engine import RuleSet
from tests.unit.rules.builders import LISTS, facts, model

RULES = ("stream", "", "token_usage.input_tokens > 4000", 'api_key.name == "nobody"')


def test_the_same_answers() -> None:
    asked = model(*RULES, own="stream")
    deferred: RuleSetProtocol = DeferredRules(asked, LISTS)
    at_once = RuleSet(asked, LISTS)
    for request in (facts(), facts(stream=False), facts(input_tokens=1)):
        assert deferred.choose(request) == at_once.choose(request)
        assert deferred.explain(request) == at_once.explain(request)
    assert deferred.needs_tokens is at_once.needs_tokens is True


def test_compiled_once() -> None:
    deferred = DeferredRules(model("stream"), {})
    assert not deferred.is_found
    found = deferred.find()
    assert isinstance(found, RuleSet)
    assert deferred.is_found
    assert deferred.find() is found


def test_wrong_rules_let_nothing_in() -> None:
    deferred = DeferredRules(model("stream", "body.temprature > 1"), {})
    assert deferred.choose(facts()) == ()
    (verdict,) = deferred.explain(facts())
    assert (verdict.target_id, verdict.passed, verdict.refused_by) == (None, False, WRONG)
    assert deferred.needs_tokens is False
    assert isinstance(deferred.find(), RuleError)


@pytest.mark.parametrize("own", ["", "stream", "not stream"])
@pytest.mark.parametrize("count", [32, 33, 63])
def test_many_rules(own: str, count: int) -> None:
    """More than one function's worth of rules give what each gives alone."""
    rules = [
        f"token_usage.input_tokens > {number * 100}" if number % 3 else "" for number in range(count + 20)
    ]
    asked = model(*(rules[: count + count // 3]), own=own)
    rule_set = RuleSet(asked)
    for request in (facts(), facts(input_tokens=2050), facts(stream=False)):
        passes = own == "" or (own == "stream") is request.stream
        expected = [
            target for target in asked.targets if passes and RuleSet(model(target.rule)).choose(request)
        ]
        assert list(rule_set.choose(request)) == expected
        verdict, *verdicts = rule_set.explain(request)
        assert verdict.passed is passes
        assert [found.target_id for found in verdicts] == [target.id for target in asked.targets]
        if passes:
            assert [found.target_id for found in verdicts if found.passed] == [
                target.id for target in expected
            ]


def test_code_is_used_again_for_the_same_rules() -> None:
    first = RuleSet(model("stream", 'model == "gpt-4o-mini"'))
    changed = model("stream", 'model == "gpt-4o-mini"')
    assert first.fits(changed, {})
    assert not first.fits(model("stream"), {})
    assert not first.fits(changed, LISTS)
    again = RuleSet(changed, {}, first)
    assert again.choose(facts()) == changed.targets
    assert again.choose(facts())[0] is changed.targets[0]
    assert again.explain(facts()) == first.explain(facts())
