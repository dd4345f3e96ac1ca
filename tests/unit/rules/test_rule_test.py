"""Tests of rules: what is expected, what comes, and how a failure reads."""

import msgspec
import pytest

from app.domain.model import Target
from app.domain.sample import Sample
from app.rules.engine import RuleSet
from app.rules.rule_test import Expect, Outcome, run
from app.rules.sample import facts_of
from tests.unit.rules.builders import model, target


def outcome(expect: Expect, *rules: str, own: str = "", priority: str = "high") -> Outcome:
    wanted = model(*rules, own=own)
    facts = facts_of(Sample(headers={"x-priority": priority}, body={"model": "gpt-4o-mini"}))
    return run(wanted.targets, RuleSet(wanted), facts, expect)


HIGH, LOW = 'headers.x-priority == "high"', 'headers.x-priority == "low"'


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (Expect(candidates=("provider-1", "provider-3")), ""),
        (Expect(candidates=("provider-1/target-model-1", "provider-3")), ""),
        (Expect(includes=("provider-3",), excludes=("provider-2", "provider-9")), ""),
        (
            Expect(candidates=("provider-3", "provider-1")),
            "expected `provider-3`, `provider-1` to take it; `provider-1`, `provider-3` take it",
        ),
        (
            Expect(candidates=("provider-1",)),
            "expected `provider-1` to take it; `provider-1`, `provider-3` take it",
        ),
        (Expect(candidates=()), "expected none to take it; `provider-1`, `provider-3` take it"),
        (
            Expect(includes=("provider-1", "provider-2"), excludes=("provider-3",)),
            "expected `provider-2` among those that take it and expected `provider-3` not to take it; "
            "`provider-1`, `provider-3` take it",
        ),
    ],
)
def test_expectations(expect: Expect, message: str) -> None:
    came = outcome(expect, HIGH, LOW, "")
    assert (came.message, came.passed) == (message, not message)
    assert came.candidates == ("provider-1", "provider-3")


def test_what_refused_is_named() -> None:
    came = outcome(
        Expect(includes=("provider-1",)), f"{HIGH} and has_tools", LOW, own="stream and has_images"
    )
    assert came.candidates == ()
    assert [(refusal.target, refusal.refused_by, refusal.span) for refusal in came.refusals] == [
        (None, "stream", (0, 6)),
        ("provider-1", "has_tools", (33, 42)),
        ("provider-2", LOW, (0, len(LOW))),
    ]
    assert came.message == "expected `provider-1` among those that take it; none takes it"


def test_names_that_no_target_has_are_told() -> None:
    expect = Expect(candidates=("provider-1",), includes=("provider-1",), excludes=("openia", "openia"))
    came = outcome(expect, "")
    assert (came.passed, came.unknown) == (True, ("openia",))


def test_a_provider_that_is_there_twice() -> None:
    first = target(1, HIGH)
    second: Target = msgspec.structs.replace(first, id=2, target_model="other", rule=LOW)
    wanted = msgspec.structs.replace(model(), targets=(first, second))
    facts = facts_of(Sample(headers={"X-Priority": "low"}))
    for names, passed in (
        (("provider-1/other",), True),
        (("provider-1",), True),
        (("provider-1/target-model-1",), False),
    ):
        came = run(wanted.targets, RuleSet(wanted), facts, Expect(candidates=names))
        assert (came.candidates, came.passed) == (("provider-1/other",), passed)


def test_an_expectation_of_nothing() -> None:
    assert Expect().is_empty
    assert not Expect(candidates=()).is_empty
